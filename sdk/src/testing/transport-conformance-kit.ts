/** What the cases of the transport suite share. Knows the port, no transport. */
import type { Logger } from '../ports/host.js';
import type {
  ConnectionState,
  Transport,
  TransportConnection,
  TransportHandlers,
} from '../ports/transport.js';
import type { RelayLink } from '../transport/memory/index.js';
import {
  accountId,
  deviceId,
  envelopeId,
  type Envelope,
  type ProblemCode,
  type SendRequest,
} from '../wire/index.js';
import { Happenings, inTime } from './happenings.js';
import { manualClock, type ManualClock } from './manual-clock.js';
import type { ConformanceRunner } from './runner.js';
import { ScriptedRelay } from './scripted-relay.js';
import { seededRandom, type SeededRandom } from './seeded-random.js';

/** No case waits for more things than this one after another. */
const patiencesPerCase = 5;

/** The time, randomness and log a transport under test must use: the suite moves the clock itself. */
export interface TransportTestHost {
  readonly clock: ManualClock;
  readonly random: SeededRandom;
  readonly logger: Logger;
}

/** A transport to test, and how to remove what carries it. */
export interface TransportUnderTest {
  readonly transport: Transport;
  /** Removes servers and the like. The suite has closed the transport by then. */
  readonly dispose?: () => Promise<void>;
}

/** Puts a transport, and whatever network it is for, in front of a relay. Called by every case. */
export type CreateTransport = (
  relay: RelayLink,
  host: TransportTestHost,
) => TransportUnderTest | Promise<TransportUnderTest>;

/** What a case gets. */
export interface TransportCase extends TransportTestHost {
  readonly relay: ScriptedRelay;
  readonly transport: Transport;
  /** Event names the transport logged. */
  readonly logged: readonly string[];
  readonly until: Happenings['until'];
  /** Opens the stream and records what it says. */
  readonly open: (options?: StreamRecordOptions) => Promise<StreamRecord>;
  /** The same, and waits until it is online. */
  readonly openOnline: (options?: StreamRecordOptions) => Promise<StreamRecord>;
}

/** Options of a recorded stream. */
export interface StreamRecordOptions {
  /** Gives the token; `token` by default. */
  readonly accessToken?: (refused: boolean) => Promise<string>;
}

/** Declares cases that each get a transport to a scripted relay. */
export function transportCases(
  runner: ConformanceRunner,
  create: CreateTransport,
  options: { readonly seed: number; readonly patienceMs: number },
) {
  return (name: string, body: (context: TransportCase) => Promise<void>): void => {
    runner.it(name, () => withTransport(create, options, body));
  };
}

/** What declares a case. */
export type DeclareTransportCase = ReturnType<typeof transportCases>;

async function withTransport(
  create: CreateTransport,
  { seed, patienceMs }: { readonly seed: number; readonly patienceMs: number },
  body: (context: TransportCase) => Promise<void>,
): Promise<void> {
  const happenings = new Happenings(patienceMs);
  const relay = new ScriptedRelay(happenings);
  const logged: string[] = [];
  const logger: Logger = { log: (_level, event) => logged.push(event) };
  const host = { clock: manualClock(), random: seededRandom(`transport ${seed}`), logger };
  const { transport, dispose } = await create(relay, host);
  const until: Happenings['until'] = (condition, what) => happenings.until(condition, what);
  const open = async (options: StreamRecordOptions = {}) => {
    const record = new StreamRecord(happenings, options.accessToken ?? (async () => 'token'));
    record.connection = await transport.open(record);
    return record;
  };
  const openOnline = async (options?: StreamRecordOptions) => {
    const record = await open(options);
    await until(() => record.last?.kind === 'online', 'the stream to be online');
    return record;
  };
  try {
    const done = body({ ...host, relay, transport, logged, until, open, openOnline });
    await inTime(done, patiencesPerCase * patienceMs, 'the end of the case');
  } finally {
    await transport.close();
    await dispose?.();
  }
}

/** Everything a stream said. */
export class StreamRecord implements TransportHandlers {
  readonly states: ConnectionState[] = [];
  /** In order: ids of envelopes, `caught-up`, `keys-low`. */
  readonly events: string[] = [];
  readonly received: Envelope[] = [];
  /** One per request for a token: whether the one before was refused. */
  readonly tokenRequests: boolean[] = [];
  connection!: TransportConnection;
  readonly #happenings: Happenings;
  readonly #accessToken: (refused: boolean) => Promise<string>;

  constructor(happenings: Happenings, accessToken: (refused: boolean) => Promise<string>) {
    this.#happenings = happenings;
    this.#accessToken = accessToken;
  }

  get last(): ConnectionState | undefined {
    return this.states.at(-1);
  }

  get kinds(): string[] {
    return this.states.map(({ kind }) => kind);
  }

  accessToken(refused: boolean): Promise<string> {
    this.tokenRequests.push(refused);
    this.#happenings.happened();
    return this.#accessToken(refused);
  }

  state(state: ConnectionState): void {
    this.states.push(state);
    this.#happenings.happened();
  }

  envelopes(envelopes: readonly Envelope[]): void {
    this.received.push(...envelopes);
    this.events.push(...envelopes.map(({ id }) => id));
    this.#happenings.happened();
  }

  caughtUp(): void {
    this.events.push('caught-up');
    this.#happenings.happened();
  }

  keysLow(): void {
    this.events.push('keys-low');
    this.#happenings.happened();
  }
}

/** An account id made from a number. */
export function accountOf(number: number) {
  return accountId.parse(`00000000-0000-4000-8000-${String(number).padStart(12, '0')}`);
}

/** An envelope made from a number. */
export function envelopeOf(number: number, ciphertext = Uint8Array.of(number & 0xff, 0, 0xff)): Envelope {
  return {
    id: envelopeId.parse(`11111111-0000-4000-8000-${String(number).padStart(12, '0')}`),
    sender: { accountId: accountOf(number), deviceId: deviceId.parse(1) },
    kind: number % 2 === 0 ? 'message' : 'prekey',
    ciphertext,
    acceptedAt: 1_750_000_000_000 + number,
  };
}

/** A send made from a number. */
export function sendOf(number: number): SendRequest {
  const device = { deviceId: deviceId.parse(1), registrationId: 7, kind: 'message' } as const;
  return {
    attemptId: new Uint8Array(16).fill(number),
    recipient: accountOf(number),
    reachToken: 'reach',
    storeSeq: number,
    bodies: [
      { ...device, ciphertext: Uint8Array.of(number, 0, 0xff) },
      { ...device, deviceId: deviceId.parse(2), ciphertext: new Uint8Array(300).fill(number) },
    ],
  };
}

/** A reply that accepts a send, told apart by a number. */
export function accepted(number: number) {
  return {
    ok: true,
    response: { kind: 'accepted', acceptedAt: number, deliveryToken: `delivery ${number}` },
  } as const;
}

/** Codes the suite uses where any problem would do. */
export const someProblem: ProblemCode = 'mailbox-full';
