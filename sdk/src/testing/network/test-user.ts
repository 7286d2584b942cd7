/** A person of a test network with one device: registered and online when a test gets it. */
import type { Message, MessageId } from '../../messages/index.js';
import type { Messenger } from '../../messenger-api.js';
import type { Transport } from '../../ports/transport.js';
import type { AccountId } from '../../wire/index.js';
import type { CommitPlan } from '../failing-storage.js';
import { TestDevice, type DeviceHost, type TestDeviceOptions } from './test-device.js';

/** Options of `network.user`. */
export interface TestUserOptions extends TestDeviceOptions {
  /** `NAME's long password` by default. */
  readonly password?: string;
}

/** A user with a messenger that is registered and online. Made by `network.user`. */
export interface TestUser {
  readonly username: string;
  readonly password: string;
  readonly id: AccountId;
  /** What others type to find this user. */
  readonly contactCode: string;
  /** The running process's messenger; another one after `restart`. @throws Error while no process runs */
  readonly messenger: Messenger;
  /** The running process's way to the relay, for `network.unplug`. @throws Error while no process runs */
  readonly transport: Transport;
  /** Whether a process runs. */
  readonly running: boolean;
  /** The messages that observers heard of, in order, each once, over all processes. */
  readonly received: readonly Message[];
  /** The texts of `received`. */
  readonly texts: readonly string[];
  /**
   * Decides over every commit from now on, until it is called again: lets a write fail, or the process die
   * before or after it. Without a plan every commit passes.
   */
  planCommits(plan?: CommitPlan): void;
  /** Sets the device's wall clock off by so much, until it is called again. */
  skewClock(byMs: number): void;
  /** The process dies at once: nothing is flushed, nothing is said. Harmless when none runs. */
  kill(): void;
  /** Kills the process if one runs, opens the device from what its storage holds, and connects. */
  restart(): Promise<void>;
}

/** Registers a user and waits until it is online. */
export async function openUser(
  host: DeviceHost,
  username: string,
  options: TestUserOptions,
): Promise<TestUser> {
  const password = options.password ?? `${username}'s long password`;
  const received = new Map<MessageId, Message>();
  const prepare = (messenger: Messenger) => {
    messenger.on('message', ({ message }) => {
      if (!received.has(message.id)) received.set(message.id, message);
    });
  };
  const device = new TestDevice({ host, username, options, prepare });
  await device.start();
  const { accountId, contactCode } = await device.messenger.account.register({ username, password });
  const user = new OpenUser(device, { password, id: accountId, contactCode }, received);
  await user.connect(host);
  return user;
}

class OpenUser implements TestUser {
  readonly #device: TestDevice;
  readonly #received: ReadonlyMap<MessageId, Message>;
  readonly password: string;
  readonly id: AccountId;
  readonly contactCode: string;

  constructor(
    device: TestDevice,
    account: { password: string; id: AccountId; contactCode: string },
    received: ReadonlyMap<MessageId, Message>,
  ) {
    this.#device = device;
    this.#received = received;
    this.password = account.password;
    this.id = account.id;
    this.contactCode = account.contactCode;
  }

  get username(): string {
    return this.#device.username;
  }

  get messenger(): Messenger {
    return this.#device.messenger;
  }

  get transport(): Transport {
    return this.#device.transport;
  }

  get running(): boolean {
    return this.#device.running;
  }

  get received(): readonly Message[] {
    return [...this.#received.values()];
  }

  get texts(): readonly string[] {
    return this.received.map(({ body }) => (body.kind === 'text' ? body.text : `[${body.type}]`));
  }

  planCommits(plan: CommitPlan = () => 'pass'): void {
    this.#device.commitPlan = plan;
  }

  skewClock(byMs: number): void {
    this.#device.clockOffsetMs = byMs;
  }

  kill(): void {
    this.#device.kill();
  }

  async restart(): Promise<void> {
    this.#device.kill();
    await this.#device.start();
    await this.#device.messenger.connect();
  }

  async connect({ network }: DeviceHost): Promise<void> {
    const { messenger } = this.#device;
    await messenger.connect();
    await network.until(() => messenger.connection.kind === 'online', `${this.username} is online`);
  }
}
