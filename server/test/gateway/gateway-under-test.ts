/** A gateway with real parts on a free port: PGlite mailbox, tokens, limits. Accounts are put in by SQL. */
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type {
  AccountId,
  DeviceAddress,
  DeviceId,
  Envelope,
  EnvelopeId,
  ProblemDocument,
  SendRequest,
  SocketGoodbye,
} from '@sotto/sdk/wire';
import { io, type Socket } from 'socket.io-client';
import { createAccessTokens } from '../../src/auth/access-tokens.js';
import { createContinuityService } from '../../src/continuity/continuity-service.js';
import { createReachTokens } from '../../src/contacts/reach-tokens.js';
import { createGateway, socketPath, type Gateway } from '../../src/gateway/gateway.js';
import type { GatewayLimits } from '../../src/gateway/limits.js';
import { createRateLimits } from '../../src/limits/rate-limits.js';
import { noMeter } from '../../src/metrics/meter.js';
import type { Mailbox } from '../../src/mailbox/mailbox.js';
import { ProblemError, type AccessTokenVerifier, type Database } from '../../src/ports.js';
import { ed25519KeyFromSeed } from '../../src/secrets.js';
import { migrate, openPGliteDatabase } from '../../src/storage/postgres/index.js';
import { createContinuityStore } from '../../src/storage/postgres/continuity-store.js';
import { openPostgresMailbox } from '../../src/storage/postgres/postgres-mailbox.js';
import { mailboxOver } from '../mailbox/database-under-test.js';
import type { MailboxUnderTest } from '../mailbox/mailbox-suite.js';

/** The bytes of a new ciphertext. */
export const bytes = (length: number) => new Uint8Array(randomBytes(length));

/** A line the gateway logged. */
export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Opening PGlite takes seconds, so the gateways of one test file share one; their accounts are their own. */
let sharedDatabase: Promise<Database> | undefined;

async function openShared(): Promise<Database> {
  const database = await openPGliteDatabase();
  await migrate(database);
  return database;
}

/** Closes the database that the gateways of this file used. */
export async function closeSharedDatabase(): Promise<void> {
  await (await sharedDatabase)?.close();
  sharedDatabase = undefined;
}

/** What a test may change. */
export interface GatewayTestOptions {
  readonly bounds?: Partial<GatewayLimits>;
  readonly limitFactor?: number;
  /** Wraps the real mailbox. */
  readonly wrapMailbox?: (mailbox: Mailbox) => Mailbox;
}

/** A reply over the socket, taken for what the test expects it to be. */
export interface TestReply {
  readonly ok: boolean;
  readonly response: { readonly acceptedAt: number; readonly deliveryToken: string };
  readonly problem: ProblemDocument;
}

/** A connected client that remembers what it was told. */
export class TestClient {
  readonly received: Envelope[] = [];
  readonly log: string[] = [];
  goodbye: SocketGoodbye | undefined;
  readonly #unacknowledged: EnvelopeId[] = [];
  #acknowledging = false;
  readonly #waiting: { readonly done: () => boolean; readonly resolve: () => void }[] = [];

  constructor(
    readonly socket: Socket,
    /** Whether pages are acknowledged as they come. */
    readonly options: { acknowledge: boolean },
  ) {
    socket.onAny((event: string, payload: { envelopes?: Envelope[] }) => this.#heard(event, payload));
    for (const event of ['connect', 'connect_error', 'disconnect'] as const) {
      socket.on(event as 'connect', () => this.#note(event));
    }
  }

  #heard(event: string, payload: { envelopes?: Envelope[] } & Partial<SocketGoodbye>): void {
    if (event === 'goodbye') this.goodbye = payload as SocketGoodbye;
    if (event === 'envelopes') {
      const envelopes = payload.envelopes ?? [];
      this.received.push(...envelopes);
      this.#unacknowledged.push(...envelopes.map(({ id }) => id));
      if (this.options.acknowledge && !this.#acknowledging) this.#acknowledge();
    }
    this.#note(event);
  }

  /** One request at a time, with all that came meanwhile. */
  #acknowledge(): void {
    const ids = this.#unacknowledged.splice(0);
    this.#acknowledging = ids.length > 0;
    if (this.#acknowledging) this.socket.emit('acknowledge', { ids, storeSeq: 0 }, () => this.#acknowledge());
  }

  #note(event: string): void {
    this.log.push(event);
    for (const waiting of this.#waiting) if (waiting.done()) waiting.resolve();
  }

  /** Waits until something is true, asked whenever something happens on the socket. */
  until(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ done, resolve }));
  }

  heard(event: string, times = 1): Promise<void> {
    return this.until(() => this.log.filter((one) => one === event).length >= times);
  }

  async ask(event: string, ...payload: unknown[]): Promise<TestReply> {
    return (await this.socket.timeout(15_000).emitWithAck(event, ...payload)) as TestReply;
  }

  get ciphertexts(): string[] {
    return this.received.map(({ ciphertext }) => Buffer.from(ciphertext).toString('hex'));
  }
}

/** See the file's header. */
export class GatewayUnderTest {
  readonly log: LogLine[] = [];
  /** Families that were revoked. */
  readonly revoked = new Set<string>();
  /** Awaited whenever a token is looked at, once it is found good. */
  verified: () => Promise<void> = async () => {};
  gateway!: Gateway;
  mailbox!: Mailbox;
  /** Whether the process cannot keep up. */
  overloaded = false;
  /** What was turned away. */
  readonly shed: string[] = [];
  database!: Database;
  url!: string;
  now = () => Date.now();
  readonly #key = ed25519KeyFromSeed(randomBytes(32));
  readonly #reachKey = createSecretKey(randomBytes(32));
  readonly #http = createServer((_request, response) => response.writeHead(404).end());
  readonly #clients: Socket[] = [];
  #accounts!: MailboxUnderTest;

  static async open(options: GatewayTestOptions = {}): Promise<GatewayUnderTest> {
    const opened = new GatewayUnderTest();
    await opened.#start(options);
    return opened;
  }

  async #start({ bounds, limitFactor = 1_000_000, wrapMailbox = (same) => same }: GatewayTestOptions) {
    this.database = await (sharedDatabase ??= openShared());
    this.#accounts = await mailboxOver(this.database);
    this.mailbox = openPostgresMailbox({ database: this.database });
    this.gateway = createGateway({
      httpServer: this.#http,
      tokens: this.#verifier(),
      reach: this.reach,
      limits: createRateLimits({ factor: limitFactor }),
      mailbox: wrapMailbox(this.mailbox),
      continuity: createContinuityService(createContinuityStore(this.database), bytes),
      now: () => this.now(),
      overloaded: () => this.overloaded,
      meter: { ...noMeter, shed: (reason) => void this.shed.push(reason) },
      log: { log: (level, event, fields = {}) => this.log.push({ level, event, fields: { ...fields } }) },
      bounds,
    });
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    this.url = `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  readonly reach = createReachTokens(this.#reachKey, () => this.now());

  get #tokens() {
    return createAccessTokens({ key: this.#key, relayId: 'relay', now: () => this.now() });
  }

  /** Like the relay's: a good token of a family that was revoked is refused. */
  #verifier(): AccessTokenVerifier {
    return {
      verify: async (token) => {
        const claims = await this.#tokens.verify(token);
        if (this.revoked.has(claims.familyId)) throw new ProblemError('unauthorized');
        await this.verified();
        return claims;
      },
    };
  }

  async addDevice(accountId = randomUUID() as AccountId, deviceId = 1): Promise<DeviceAddress> {
    const device = { accountId, deviceId: deviceId as DeviceId };
    await this.#accounts.addDevice(device, 100 + deviceId);
    return device;
  }

  issueToken(device: DeviceAddress, familyId: string = randomUUID()): Promise<string> {
    return this.#tokens.issue(device, familyId);
  }

  /** A socket that was not told yet to connect. */
  socket(auth: unknown, options: Record<string, unknown> = {}): Socket {
    const socket = io(this.url, {
      path: socketPath,
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      autoConnect: false,
      auth: auth as Record<string, unknown>,
      ...options,
    });
    this.#clients.push(socket);
    return socket;
  }

  async client(device: DeviceAddress, acknowledge = true, familyId?: string): Promise<TestClient> {
    const socket = this.socket({ protocol: 1, accessToken: await this.issueToken(device, familyId) });
    const client = new TestClient(socket, { acknowledge });
    socket.connect();
    return client;
  }

  async connected(device: DeviceAddress, acknowledge = true): Promise<TestClient> {
    const client = await this.client(device, acknowledge);
    await client.heard('caught-up');
    return client;
  }

  async request(
    from: DeviceAddress,
    to: DeviceAddress,
    overrides: Partial<SendRequest> = {},
  ): Promise<SendRequest> {
    return {
      attemptId: bytes(16),
      storeSeq: 0,
      recipient: to.accountId,
      reachToken: await this.reach.issueDelivery(from.accountId, to.accountId),
      bodies: [
        { deviceId: to.deviceId, registrationId: 100 + to.deviceId, kind: 'message', ciphertext: bytes(48) },
      ],
      ...overrides,
    };
  }

  /** Puts an envelope into a mailbox without a connection. */
  async put(from: DeviceAddress, to: DeviceAddress): Promise<string> {
    const request = await this.request(from, to);
    await this.mailbox.accept(from, request, this.now());
    return Buffer.from(request.bodies[0]?.ciphertext ?? []).toString('hex');
  }

  deleteAccount(accountId: AccountId): Promise<void> {
    return this.#accounts.deleteAccount(accountId);
  }

  async close(): Promise<void> {
    for (const socket of this.#clients) socket.disconnect();
    await this.gateway.close();
    this.#http.close();
    this.#http.closeAllConnections();
  }
}
