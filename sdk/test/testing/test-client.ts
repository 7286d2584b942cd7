/** A device that speaks the wire by hand, with real signatures: what the tests of networks and transports drive. */
import { ed25519 } from '@noble/curves/ed25519.js';
import * as z from 'zod/mini';
import { libsignalEngine } from '../../src/engines/libsignal/index.js';
import type { IdentityKeyPair, OurDevice } from '../../src/ports/index.js';
import type {
  ConnectionState,
  Transport,
  TransportConnection,
  TransportHandlers,
} from '../../src/ports/transport.js';
import { randomUuid } from '../../src/random.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { requestProofMessage } from '../../src/verification/index.js';
import {
  accountId as accountIdSchema,
  deviceId as deviceIdSchema,
  httpOperations,
  manifestBytes,
  refreshProofBytes,
  statementBytes,
  username as usernameSchema,
  type DeviceAddress,
  type DeviceManifest,
  type Envelope,
  type HttpOperationName,
  type PreKeyUpload,
  type RequestOf,
  type RequestProof,
  type TokenPair,
} from '../../src/wire/index.js';

type Bytes = Uint8Array<ArrayBuffer>;

/** The engine that makes its keys. */
const engine = libsignalEngine();

/** A fixed first device of a fixed account. */
export class TestClient {
  readonly random;
  readonly transport: Transport;
  readonly authSeed: Bytes;
  readonly loginKey: Bytes;
  readonly username;
  readonly address: DeviceAddress;
  readonly registrationId = 77;
  identity!: IdentityKeyPair;
  manifest!: DeviceManifest;
  tokens!: TokenPair;

  constructor(transport: Transport, username: string) {
    this.transport = transport;
    this.random = seededRandom(`client ${username}`);
    this.username = usernameSchema.parse(username);
    this.address = {
      accountId: accountIdSchema.parse(randomUuid(this.random)),
      deviceId: deviceIdSchema.parse(1),
    };
    this.authSeed = this.random.bytes(32) as Bytes;
    this.loginKey = this.random.bytes(32) as Bytes;
  }

  static async register(transport: Transport, username: string): Promise<TestClient> {
    const client = new TestClient(transport, username);
    client.tokens = await transport.request('accounts.register', await client.registration());
    return client;
  }

  get our(): OurDevice {
    return { address: this.address, identity: this.identity, registrationId: this.registrationId };
  }

  get authKey(): Bytes {
    return ed25519.getPublicKey(this.authSeed);
  }

  get access() {
    return { accessToken: this.tokens.accessToken };
  }

  async registration(): Promise<RequestOf<'accounts.register'>> {
    this.identity ??= await engine.generateIdentity();
    const names = { accountId: this.address.accountId, username: this.username };
    const statement = { ...names, identityKey: this.identity.publicKey as Bytes };
    const devices = [
      {
        deviceId: this.address.deviceId,
        registrationId: this.registrationId,
        authKey: this.authKey,
        addedDay: 1,
      },
    ];
    this.manifest ??= await this.signManifest({
      accountId: names.accountId,
      version: 1,
      previousHash: null,
      devices,
    });
    return {
      authScheme: 'scrypt-hkdf-v1',
      loginKey: this.loginKey,
      statement: { ...statement, signature: await this.sign(statementBytes(statement)) },
      manifest: this.manifest,
    };
  }

  async signManifest(manifest: Omit<DeviceManifest, 'signature'>): Promise<DeviceManifest> {
    return { ...manifest, signature: await this.sign(manifestBytes(manifest)) };
  }

  async sign(message: Uint8Array): Promise<Bytes> {
    return (await engine.sign(this.identity, message)) as Bytes;
  }

  /** A signature over a request, under a fresh nonce of the relay. */
  async prove<Name extends HttpOperationName>(
    operation: Name,
    body: Omit<RequestOf<Name>, 'proof'>,
  ): Promise<RequestOf<Name>> {
    const { nonce } = await this.transport.request('auth.nonce', {});
    const unsigned: RequestProof = { nonce, signature: new Uint8Array(64) };
    const schema = httpOperations[operation].request as z.ZodMiniType;
    const encodedBody = z.encode(schema, { ...body, proof: unsigned }) as Record<string, unknown>;
    const signature = ed25519.sign(requestProofMessage({ operation, encodedBody }, nonce), this.authSeed);
    return { ...body, proof: { nonce, signature } } as unknown as RequestOf<Name>;
  }

  async login(): Promise<TokenPair> {
    const { deviceId } = this.address;
    const body = { username: this.username, loginKey: this.loginKey, deviceId };
    return this.transport.request('auth.login', await this.prove('auth.login', body));
  }

  refreshRequest(requestId: Uint8Array, refreshToken = this.tokens.refreshToken): RequestOf<'auth.refresh'> {
    const signature = ed25519.sign(refreshProofBytes(refreshToken, requestId), this.authSeed) as Bytes;
    return { refreshToken, requestId: requestId as Bytes, signature };
  }

  /** Pre-keys with ids from 1, one-time ones as many as asked for. */
  async makePreKeys(count: number): Promise<PreKeyUpload> {
    const ids = Array.from({ length: count }, (_, index) => index + 1);
    const input = {
      our: this.our,
      signedId: 1,
      kemLastResortId: 9_999,
      oneTimeIds: ids,
      kemOneTimeIds: ids,
      now: 1,
    };
    return (await engine.generatePreKeys(input)).result as unknown as PreKeyUpload;
  }

  async upload(keys: PreKeyUpload) {
    return this.transport.request('keys.upload', await this.prove('keys.upload', { keys }), this.access);
  }

  /** An introduction to somebody else, by the first 12 characters of their code. */
  async introduce(username: string, contactCode: string): Promise<string> {
    const request = { username: usernameSchema.parse(username), code: contactCode.slice(0, 12) };
    return (await this.transport.request('contacts.resolve', request, this.access)).introductionToken;
  }

  /** A send of one body to one device. What is in it does not matter to a relay. */
  sendRequest(to: TestClient, reachToken: string, text: string, attempt = this.random.bytes(16)) {
    const ciphertext = new TextEncoder().encode(text);
    const body = { ...to.address, registrationId: to.registrationId, kind: 'message' as const, ciphertext };
    const { deviceId, registrationId, kind } = body;
    return {
      attemptId: attempt as Bytes,
      storeSeq: 0,
      recipient: to.address.accountId,
      reachToken,
      bodies: [{ deviceId, registrationId, kind, ciphertext }],
    };
  }
}

/** Everything a live stream said, and a way to wait for it. */
export class StreamLog implements TransportHandlers {
  readonly states: ConnectionState[] = [];
  readonly received: Envelope[] = [];
  readonly pages: number[] = [];
  readonly tokenRequests: boolean[] = [];
  caughtUpCount = 0;
  keysLowCount = 0;
  connection!: TransportConnection;
  readonly #token: (refused: boolean) => Promise<string>;
  readonly #waiting: (() => void)[] = [];

  constructor(token: (refused: boolean) => Promise<string>) {
    this.#token = token;
  }

  static async open(transport: Transport, token: (refused: boolean) => Promise<string>): Promise<StreamLog> {
    const log = new StreamLog(token);
    log.connection = await transport.open(log);
    return log;
  }

  get kinds(): string[] {
    return this.states.map(({ kind }) => kind);
  }

  /** Acknowledges what came first. */
  async acknowledge(count: number): Promise<void> {
    await this.connection.acknowledge({
      ids: this.received.slice(0, count).map(({ id }) => id),
      storeSeq: 0,
    });
  }

  get texts(): string[] {
    return this.received.map(({ ciphertext }) => new TextDecoder().decode(ciphertext));
  }

  /** Resolves once the condition holds; it is asked again after everything that is heard. */
  async until(condition: (log: this) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async accessToken(refused: boolean): Promise<string> {
    this.tokenRequests.push(refused);
    this.#heard();
    return this.#token(refused);
  }

  state(state: ConnectionState): void {
    this.states.push(state);
    this.#heard();
  }

  envelopes(envelopes: readonly Envelope[]): void {
    this.received.push(...envelopes);
    this.pages.push(envelopes.length);
    this.#heard();
  }

  caughtUp(): void {
    this.caughtUpCount += 1;
    this.#heard();
  }

  keysLow(): void {
    this.keysLowCount += 1;
    this.#heard();
  }

  #heard(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
