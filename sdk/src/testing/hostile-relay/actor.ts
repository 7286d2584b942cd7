/** Somebody on the stage: a whole messenger, what its observers heard, and what its storage holds. */
import type { Message } from '../../messages/index.js';
import type { Messenger } from '../../messenger-api.js';
import { memoryStorage } from '../../storage/memory/index.js';
import {
  deviceId,
  toBase64Url,
  type AccountId,
  type DeviceAddress,
  type SendRequest,
} from '../../wire/index.js';
import { TestDevice, type DeviceHost } from '../network/test-device.js';

/** Every key and value of a storage, as text. */
export type StorageDump = ReadonlyMap<string, string>;

/** Enough for somebody whose storage is not looked at: a hundred keys take a second. */
const smallStock = 8;

/** See the header. */
export class Actor {
  readonly #device: TestDevice;
  readonly #host: DeviceHost;
  readonly #heard = new Map<string, { readonly name: string; readonly what: string }>();
  #id: AccountId | undefined;
  #code = '';

  /** Registers and goes online. */
  static async register(host: DeviceHost, username: string, stock = smallStock): Promise<Actor> {
    const actor = await Actor.open(host, username, stock);
    await actor.register();
    await actor.goOnline();
    return actor;
  }

  /** A device with nothing in its storage. */
  static async open(host: DeviceHost, username: string, stock = smallStock): Promise<Actor> {
    const actor = new Actor(host, username, stock);
    await actor.#device.start();
    return actor;
  }

  /** A device with nothing in its storage, which does not run yet. */
  static make(host: DeviceHost, username: string): Actor {
    return new Actor(host, username, smallStock);
  }

  async register(): Promise<void> {
    const { username, password } = this;
    await this.messenger.account.register({ username, password });
    await this.takeProfile();
  }

  /** There is an account in the storage by now. */
  async takeProfile(): Promise<void> {
    const profile = await this.messenger.account.profile();
    if (!profile) throw new Error(`${this.username} has no account`);
    this.#id = profile.accountId;
    this.#code = profile.contactCode;
  }

  /** @param stock - how many one-time keys of a kind are made at a time */
  private constructor(host: DeviceHost, username: string, stock: number) {
    this.#host = host;
    this.#device = new TestDevice({
      host,
      username,
      options: { preKeyBatch: stock },
      prepare: (messenger) => {
        this.#listen(messenger);
      },
    });
  }

  get password(): string {
    return `${this.#device.username}'s long password`;
  }

  get messenger(): Messenger {
    return this.#device.messenger;
  }

  get transport() {
    return this.#device.transport;
  }

  get username(): string {
    return this.#device.username;
  }

  get id(): AccountId {
    if (!this.#id) throw new Error(`${this.username} has not registered`);
    return this.#id;
  }

  get address(): DeviceAddress {
    return { accountId: this.id, deviceId: deviceId.parse(1) };
  }

  /** What others type to find this one. */
  get code(): string {
    return this.#code;
  }

  get medium() {
    return this.#device.medium;
  }

  /** The reasons of envelopes without effect, in order, over all processes. */
  get undecryptable(): string[] {
    return this.#heardOf('undecryptable');
  }

  /** How own messages went, in order. */
  get statuses(): string[] {
    return this.#heardOf('message-status');
  }

  /** What happened to contacts, in order. */
  get changes(): string[] {
    return this.#heardOf('contact');
  }

  /** Why the device had to begin anew, in order. */
  get breaks(): string[] {
    return this.#heardOf('continuity');
  }

  /** States of the connection that were announced, in order. */
  readonly connections: string[] = [];
  /** How often the password was asked for. */
  loginsRequired = 0;

  async goOnline(): Promise<void> {
    const { messenger } = this;
    await messenger.connect();
    await this.#host.network.until(() => messenger.connection.kind === 'online', `${this.username} online`);
  }

  async start(): Promise<void> {
    await this.#device.start();
  }

  /** The process dies. */
  kill(): void {
    this.#device.kill();
  }

  /** The process dies, and comes back from what its storage holds. */
  async restart(): Promise<void> {
    this.kill();
    await this.start();
    await this.goOnline();
  }

  history(peer: Actor): Promise<Message[]> {
    return this.messenger.messages.list(peer.id, { limit: 200 });
  }

  /** The texts of a conversation. */
  async texted(peer: Actor): Promise<string[]> {
    return (await this.history(peer)).map(({ body }) =>
      body.kind === 'text' ? body.text : `[${body.type}]`,
    );
  }

  async lastStatus(peer: Actor): Promise<Message['status'] | undefined> {
    return (await this.history(peer)).at(-1)?.status;
  }

  /** Everything in the storage. */
  async dump(): Promise<StorageDump> {
    const dump = new Map<string, string>();
    for await (const { key, value } of memoryStorage({ medium: this.medium }).list('')) {
      dump.set(key, toBase64Url(value));
    }
    return dump;
  }

  #heardOf(name: string): string[] {
    return [...this.#heard.values()].filter((one) => one.name === name).map(({ what }) => what);
  }

  /** Events of the journal count once, by their number. */
  #note(name: string, seq: number, what: string): void {
    const key = `${name} ${seq}`;
    if (!this.#heard.has(key)) this.#heard.set(key, { name, what });
  }

  #listen(messenger: Messenger): void {
    messenger.on('undecryptable', ({ seq, reason }) => {
      this.#note('undecryptable', seq, reason);
    });
    messenger.on('message-status', ({ seq, message }) => {
      this.#note('message-status', seq, message.failure ?? message.status);
    });
    messenger.on('contact', ({ seq, change }) => {
      this.#note('contact', seq, change);
    });
    messenger.on('continuity', ({ seq, verdict }) => {
      this.#note('continuity', seq, verdict);
    });
    messenger.on('connection', ({ kind }) => {
      this.connections.push(kind);
    });
    messenger.on('login-required', () => {
      this.loginsRequired += 1;
    });
  }
}

/** A send as text, to the byte; but for how far the device has come meanwhile. */
export function spelled({ storeSeq: _, ...request }: SendRequest): string {
  return JSON.stringify(request, (_name, value: unknown) =>
    value instanceof Uint8Array ? toBase64Url(value) : value,
  );
}
