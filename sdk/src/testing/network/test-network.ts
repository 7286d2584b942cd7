/**
 * A network in memory for tests: a relay that honours the whole wire, and transports to it. There are
 * no timers inside; deliveries are microtasks, and whatever waits for time waits for the clock.
 */
import { silentLogger, systemClock } from '../../host.js';
import type { Clock, Logger, Random } from '../../ports/host.js';
import type { Transport } from '../../ports/transport.js';
import { memoryTransport, type RelayLink } from '../../transport/memory/index.js';
import type { Scrypt } from '../../verification/index.js';
import { seededRandom } from '../seeded-random.js';
import { RelayCore } from './relay/relay-core.js';
import { defaultAccessTokenTtlMs } from './relay/tokens.js';
import { TestRelay } from './test-relay.js';

/** Options of {@link createTestNetwork}. */
export interface TestNetworkOptions {
  /** Repeats relay ids, tokens and jitter. `sotto` by default: runs repeat unless told otherwise. */
  readonly seed?: string | number;
  /** Where time comes from; the platform's clock by default, `manualClock()` for full control. */
  readonly clock?: Clock;
  /** Replaces the randomness made from `seed`. */
  readonly random?: Random;
  /** How long access tokens are good; 10 minutes by default. */
  readonly accessTokenTtlMs?: number;
  /** A faster scrypt for contact codes, such as Node's own; the portable one by default, which blocks. */
  readonly scrypt?: Scrypt;
}

/** See {@link createTestNetwork}. */
export interface TestNetwork {
  /** The relay, as a test sees and changes it. */
  readonly relay: TestRelay;
  readonly clock: Clock;
  readonly random: Random;
  /** A way to the relay for one device: pass it to `createMessenger`. Each call makes another one. */
  transport(options?: { readonly logger?: Logger }): Transport;
  /** Cuts a transport off: its stream ends, requests fail as `offline`, until it is plugged in again. */
  unplug(transport: Transport): void;
  /** Lets a transport through again; its stream comes back with the next attempt. */
  plug(transport: Transport): void;
}

/**
 * Makes a network in memory. Signatures, proofs, tokens and contact codes are checked as by a real
 * relay; two shortcuts are for tests alone: passwords are hashed by a plain SHA-256, and tokens are
 * kept as they are. There are no rate limits.
 *
 * @example
 * ```ts
 * const network = createTestNetwork();
 * const alice = await createMessenger({ engine, storage: memoryStorage(), transport: network.transport() });
 * const bob = await createMessenger({ engine, storage: memoryStorage(), transport: network.transport() });
 * ```
 */
export function createTestNetwork(options: TestNetworkOptions = {}): TestNetwork {
  const { seed = 'sotto', clock = systemClock, accessTokenTtlMs = defaultAccessTokenTtlMs, scrypt } = options;
  const seeded = seededRandom(seed);
  const random = options.random ?? seeded.fork('relay');
  const core = new RelayCore({ clock, random, accessTokenTtlMs, scrypt });
  const wires = new WeakMap<Transport, { plugged: boolean }>();
  let transportCount = 0;
  const wireOf = (transport: Transport) => {
    const wire = wires.get(transport);
    if (!wire) throw new TypeError('not a transport of this network');
    return wire;
  };
  return {
    relay: new TestRelay(core),
    clock,
    random,
    transport: ({ logger = silentLogger } = {}) => {
      const wire = { plugged: true };
      transportCount += 1;
      // A stream of its own, so that what one transport draws does not move the others.
      const jitter = options.random ?? seeded.fork(`transport-${transportCount}`);
      const transport = memoryTransport(linkTo(core, wire), { clock, random: jitter, logger });
      wires.set(transport, wire);
      return transport;
    },
    unplug: (transport) => {
      const wire = wireOf(transport);
      wire.plugged = false;
      core.gateway.cut((stream) => stream.wire === wire);
    },
    plug: (transport) => {
      wireOf(transport).plugged = true;
    },
  };
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
