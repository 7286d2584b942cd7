/**
 * A network in memory for tests: a relay that honours the whole wire, transports to it, and users with
 * messengers. There are no timers inside; deliveries are microtasks, and whatever waits for time waits for
 * the clock.
 */
import { silentLogger } from '../../host.js';
import type { Clock, Logger, Random } from '../../ports/host.js';
import type { Transport } from '../../ports/transport.js';
import { memoryTransport, type RelayLink } from '../../transport/memory/index.js';
import type { Scrypt } from '../../verification/index.js';
import { countScrypt, countedScrypt, makeLane, settle } from '../idle.js';
import { manualClock, type ManualClock } from '../manual-clock.js';
import { seededRandom } from '../seeded-random.js';
import { RelayCore } from './relay/relay-core.js';
import { defaultAccessTokenTtlMs } from './relay/tokens.js';
import type { DeviceHost } from './test-device.js';
import type { TestEngine } from './test-engines.js';
import { TestRelay } from './test-relay.js';
import { openUser, type TestUser, type TestUserOptions } from './test-user.js';
import { VirtualTime } from './virtual-time.js';

/** Options of {@link createTestNetwork}. */
export interface TestNetworkOptions {
  /** Repeats relay ids, tokens, jitter and, on the portable engine, keys. `sotto` by default: runs repeat unless told otherwise. */
  readonly seed?: string | number;
  /**
   * The engine of the network's users. The library itself has no default; tests do: the portable engine,
   * seeded. Whoever ships another one names it here: `libsignalEngine()`.
   */
  readonly engine?: TestEngine;
  /**
   * Where time comes from: a `manualClock()` by default, which stands still until `pass` or `until` moves it.
   * With `systemClock` time is real, and the network cannot move it.
   */
  readonly clock?: Clock;
  /** Replaces the randomness made from `seed`. */
  readonly random?: Random;
  /** How long access tokens are good; 10 minutes by default. */
  readonly accessTokenTtlMs?: number;
  /** Another scrypt for the relay's contact codes; the platform's fastest by default. */
  readonly scrypt?: Scrypt;
}

/** See {@link createTestNetwork}. */
export interface TestNetwork {
  /** The relay, as a test sees and changes it. */
  readonly relay: TestRelay;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * A user of that name: registered, with a messenger that is online.
   * @throws SottoError `invalid-username`, `username-taken`
   */
  user(username: string, options?: TestUserOptions): Promise<TestUser>;
  /** Makes users accepted contacts of each other, as if each had added the others by their codes. */
  introduce(...users: readonly TestUser[]): Promise<void>;
  /** Resolves when everything has happened that needs no time. */
  settle(): Promise<void>;
  /**
   * Lets time pass, and everything happen that falls due on the way.
   * @param durationMs - 0 or more
   * @throws TypeError when the network's clock is not a `manualClock()`
   */
  pass(durationMs: number): Promise<void>;
  /**
   * Lets time pass until something is so: never longer than needed, and at once an error when nothing is
   * left that could happen.
   * @param what - named in the error; the condition's source by default
   * @throws Error when it does not come to hold, TypeError when the clock is not a `manualClock()`
   */
  until(condition: () => boolean | Promise<boolean>, what?: string): Promise<void>;
  /**
   * A way to the relay for one device, for messengers that a test makes itself: pass it to `createMessenger`,
   * and the network's `clock` with it. Each call makes another one.
   */
  transport(options?: { readonly logger?: Logger }): Transport;
  /** Cuts a transport off: its stream ends, requests fail as `offline`, until it is plugged in again. */
  unplug(transport: Transport): void;
  /** Lets a transport through again; its stream comes back with the next attempt. */
  plug(transport: Transport): void;
}

/**
 * Makes a network in memory, with virtual time. Signatures, proofs, tokens and contact codes are checked as by a
 * real relay; two shortcuts are for tests alone: passwords are hashed by a plain SHA-256, and tokens are
 * kept as they are. There are no rate limits.
 *
 * @example
 * ```ts
 * const network = createTestNetwork();
 * const alice = await network.user('alice');
 * const bob = await network.user('bob');
 * await network.introduce(alice, bob);
 * await alice.messenger.messages.send(bob.id, { text: 'hello' });
 * await network.until(() => bob.texts.includes('hello'));
 * ```
 */
export function createTestNetwork(options: TestNetworkOptions = {}): TestNetwork {
  return new MemoryNetwork(options);
}

class MemoryNetwork implements TestNetwork {
  readonly relay: TestRelay;
  readonly clock: Clock;
  readonly random: Random;
  readonly #core: RelayCore;
  readonly #wires = new WeakMap<Transport, { plugged: boolean }>();
  readonly #seeded;
  readonly #ownRandom: Random | undefined;
  readonly #time: VirtualTime | undefined;
  readonly #host: DeviceHost;
  #transportCount = 0;
  #processCount = 0;

  constructor(options: TestNetworkOptions) {
    const { seed = 'sotto', clock = manualClock(), accessTokenTtlMs = defaultAccessTokenTtlMs } = options;
    this.clock = clock;
    this.#time = isManual(clock) ? new VirtualTime(clock) : undefined;
    this.#seeded = seededRandom(seed);
    this.#ownRandom = options.random;
    this.random = options.random ?? this.#seeded.fork('relay');
    const scrypt = options.scrypt ?? countedScrypt;
    this.#core = new RelayCore({ clock, random: this.random, accessTokenTtlMs, scrypt });
    this.relay = new TestRelay(this.#core);
    this.#host = {
      network: this,
      engine: options.engine,
      lane: makeLane(),
      nextRandom: (username) => this.#seeded.fork(`${username}/${(this.#processCount += 1)}`),
    };
  }

  /** What devices of this network are made with, for the simulation and for tests of this package. */
  get deviceHost(): DeviceHost {
    countScrypt();
    return this.#host;
  }

  user(username: string, options: TestUserOptions = {}): Promise<TestUser> {
    return openUser(this.deviceHost, username, options);
  }

  async introduce(...users: readonly TestUser[]): Promise<void> {
    for (const user of users) {
      for (const other of users) {
        if (other !== user) await user.messenger.contacts.add(other.contactCode);
      }
    }
  }

  settle(): Promise<void> {
    return settle();
  }

  pass(durationMs: number): Promise<void> {
    return this.#virtualTime().pass(durationMs);
  }

  until(condition: () => boolean | Promise<boolean>, what = condition.toString()): Promise<void> {
    return this.#virtualTime().until(condition, what);
  }

  transport({ logger = silentLogger }: { readonly logger?: Logger } = {}): Transport {
    const wire = { plugged: true };
    this.#transportCount += 1;
    // A stream of its own, so that what one transport draws does not move the others.
    const random = this.#ownRandom ?? this.#seeded.fork(`transport-${this.#transportCount}`);
    const transport = memoryTransport(linkTo(this.#core, wire), { clock: this.clock, random, logger });
    this.#wires.set(transport, wire);
    return transport;
  }

  unplug(transport: Transport): void {
    const wire = this.#wireOf(transport);
    wire.plugged = false;
    this.#core.gateway.cut((stream) => stream.wire === wire);
  }

  plug(transport: Transport): void {
    this.#wireOf(transport).plugged = true;
  }

  #virtualTime(): VirtualTime {
    if (!this.#time) throw new TypeError('the clock of this network moves by itself');
    return this.#time;
  }

  #wireOf(transport: Transport): { plugged: boolean } {
    const wire = this.#wires.get(transport);
    if (!wire) throw new TypeError('not a transport of this network');
    return wire;
  }
}

/** What devices of a network are made with. */
export function deviceHostOf(network: TestNetwork): DeviceHost {
  if (!(network instanceof MemoryNetwork)) throw new TypeError('made by createTestNetwork');
  return network.deviceHost;
}

function isManual(clock: Clock): clock is ManualClock {
  return 'advanceToNext' in clock;
}

function linkTo(core: RelayCore, wire: { readonly plugged: boolean }): RelayLink {
  const assertPlugged = () => {
    if (!wire.plugged) throw new Error('unplugged');
  };
  return {
    request: async (operation, body, { accessToken }) => {
      assertPlugged();
      const answer = await core.answerHttp(operation, body, accessToken);
      // The relay has acted; its answer finds no way back.
      assertPlugged();
      return answer;
    },
    connect: (handshake, events) => core.connect(handshake, events, wire),
  };
}
