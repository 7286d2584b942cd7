/** What the cases of one run share: the relay, people on it, and what can be seen of them. Knows no case. */
import {
  wireLimits,
  type DeviceManifest,
  type AccountStatement,
  type RequestOf,
  type SendBody,
  type SendRequest,
} from '@sotto/sdk/wire';
import { RelayApi, type Exchange } from './api.js';
import { bytes, Device, type ProvenOperation } from './device.js';
import { hex, LiveConnection } from './live.js';

/** Everything the API shows of one account. */
export interface AccountView {
  readonly keys: unknown;
  readonly statement: AccountStatement;
  readonly manifest: DeviceManifest;
  /** Envelopes that wait, oldest first. */
  readonly mailbox: readonly string[];
}

/** See the file's header. */
export class World {
  readonly #connections: LiveConnection[] = [];
  #api: RelayApi | undefined;

  constructor(
    readonly urlOf: () => string,
    readonly observe: (exchange: Exchange) => void,
  ) {}

  /** Asked for inside cases only: the relay's address may be known late. */
  get api(): RelayApi {
    this.#api ??= new RelayApi(this.urlOf(), this.observe);
    return this.#api;
  }

  get url(): string {
    return this.api.url;
  }

  /** A person with an account and no keys at the relay. */
  async newcomer(): Promise<Device> {
    const device = new Device();
    device.tokens = await this.api.must('accounts.register', device.registration());
    return device;
  }

  /** A person with an account, lasting keys and some one-time keys. */
  async person(oneTimeKeys = 2): Promise<Device> {
    const device = await this.newcomer();
    const ids = Array.from({ length: oneTimeKeys }, (_, index) => index + 1);
    await this.proven(device, 'keys.upload', {
      keys: {
        signed: device.signedPreKey(1),
        kemLastResort: device.kemPreKey(1_000),
        oneTime: ids.map((id) => device.oneTimePreKey(id)),
        kemOneTime: ids.map((id) => device.kemPreKey(id)),
      },
    });
    return device;
  }

  async nonce(): Promise<Uint8Array<ArrayBuffer>> {
    const { nonce } = await this.api.must('auth.nonce', {});
    return nonce;
  }

  /** A request with a fresh proof. */
  async prove<Name extends ProvenOperation>(
    device: Device,
    name: Name,
    request: Omit<RequestOf<Name>, 'proof'>,
  ) {
    return device.prove(name, request, await this.nonce());
  }

  /** A request with a fresh proof by the identity key. */
  async proveAsIdentity<Name extends ProvenOperation>(
    device: Device,
    name: Name,
    request: Omit<RequestOf<Name>, 'proof'>,
  ) {
    return device.proveAsIdentity(name, request, await this.nonce());
  }

  /** What the relay has of an account, asked by its identity. */
  async stateOf(device: Device) {
    const { accountId } = device;
    return this.api.must(
      'accounts.state',
      await this.proveAsIdentity(device, 'accounts.state', { accountId }),
    );
  }

  /** Calls an operation with a fresh proof; it must succeed. */
  async proven<Name extends ProvenOperation>(
    device: Device,
    name: Name,
    request: Omit<RequestOf<Name>, 'proof'>,
  ) {
    return this.api.must(name, await this.prove(device, name, request), device.accessToken);
  }

  async introduction(asker: Device, target: Device): Promise<string> {
    const code = (await target.contactCode()).slice(0, 12);
    const request = { username: target.username, code };
    return (await this.api.must('contacts.resolve', request, asker.accessToken)).introductionToken;
  }

  /** A send from one to another with a good token. */
  async sendRequest(from: Device, to: Device, bodies: SendBody[] = [to.body()]): Promise<SendRequest> {
    return {
      attemptId: bytes(16),
      storeSeq: 0,
      recipient: to.accountId,
      reachToken: await this.introduction(from, to),
      bodies,
    };
  }

  /** Connects and waits for `caught-up`. Closed at the end of the run if not before. */
  async connect(device: Device): Promise<LiveConnection> {
    const connection = await LiveConnection.open(this.url, device.accessToken);
    this.#connections.push(connection);
    return connection;
  }

  /** Connects and waits for nothing. */
  begin(device: Device): LiveConnection {
    const connection = LiveConnection.begin(this.url, device.accessToken);
    this.#connections.push(connection);
    return connection;
  }

  /** What waits for a device; nothing is acknowledged. At most what may be in flight is seen. */
  async mailbox(device: Device): Promise<string[]> {
    const connection = LiveConnection.begin(this.url, device.accessToken);
    const { maxEnvelopesInFlight } = wireLimits;
    await connection.until(
      'the mailbox',
      () => connection.events.includes('caught-up') || connection.received.length === maxEnvelopesInFlight,
    );
    connection.close();
    return connection.received.map(({ id, ciphertext }) => `${id} ${hex(ciphertext)}`);
  }

  /** See {@link AccountView}. Ends the device's live connection, as any newer connection does. */
  async view(device: Device): Promise<AccountView> {
    const keys = await this.api.must('keys.status', {}, device.accessToken);
    const reachToken = await this.introduction(device, device);
    const request = { accountId: device.accountId, reachToken, deviceIds: [] };
    const { statement, manifest } = await this.api.must('keys.bundle', request, device.accessToken);
    return { keys, statement, manifest, mailbox: await this.mailbox(device) };
  }

  /** Ends what is still open. */
  close(): void {
    for (const connection of this.#connections.splice(0)) connection.close();
  }
}
