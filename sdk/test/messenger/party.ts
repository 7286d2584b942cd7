/** Test parties: messengers over the in-memory network whose devices can be killed and opened again. */
import { libsignalEngine } from '../../src/engines/libsignal/index.js';
import type { MessengerEventName, MessengerEvents } from '../../src/events.js';
import type { Message } from '../../src/messages/index.js';
import { createMessenger } from '../../src/messenger.js';
import type { Messenger, MessengerOptions } from '../../src/messenger-api.js';
import { platformScrypt } from '../../src/platform-scrypt.js';
import type { Transport } from '../../src/ports/transport.js';
import { createMemoryMedium, memoryStorage } from '../../src/storage/memory/index.js';
import { createTestNetwork } from '../../src/testing/network/test-network.js';
import type { AccountId } from '../../src/wire/index.js';

/** A network whose relay derives contact codes natively: the portable scrypt would dominate the run. */
export function testNetwork(seed: string) {
  return createTestNetwork({ seed, scrypt: platformScrypt });
}

type Network = ReturnType<typeof testNetwork>;
type Extra = Partial<Omit<MessengerOptions, 'engine' | 'transport'>>;

/** One device of one person. */
export class Party {
  readonly events: { [Name in MessengerEventName]?: MessengerEvents[Name][] } = {};
  readonly #waiting = new Set<() => void>();
  messenger!: Messenger;
  transport!: Transport;

  private constructor(
    readonly network: Network,
    readonly extra: Extra,
    readonly medium = createMemoryMedium(),
  ) {}

  static async register(network: Network, username: string, extra: Extra = {}): Promise<Party> {
    const party = await Party.open(network, extra);
    await party.messenger.account.register({ username, password: `${username}'s long password` });
    await party.messenger.connect();
    await party.until(() => party.messenger.connection.kind === 'online');
    return party;
  }

  static async open(network: Network, extra: Extra = {}): Promise<Party> {
    const party = new Party(network, extra);
    await party.start();
    return party;
  }

  /** Opens the device from what its storage holds. */
  async start(): Promise<void> {
    this.transport = this.network.transport();
    this.messenger = await createMessenger({
      engine: libsignalEngine(),
      storage: memoryStorage({ medium: this.medium }),
      transport: this.transport,
      ...this.extra,
    });
    const names = [
      'message',
      'message-status',
      'contact',
      'undecryptable',
      'handler-failed',
      'connection',
      'caught-up',
      'login-required',
      'fenced',
    ] as const;
    for (const name of names) this.#record(name);
  }

  /** The process dies: nothing is flushed, nothing said; another one opens the same storage. */
  async crash(): Promise<void> {
    const dead = this.transport;
    this.network.unplug(dead);
    await this.start();
  }

  get texts(): string[] {
    return (this.events.message ?? []).map(({ message }) => textOf(message));
  }

  get undecryptable(): string[] {
    return (this.events.undecryptable ?? []).map(({ reason }) => reason);
  }

  async id(): Promise<AccountId> {
    return (await this.messenger.account.profile())!.accountId;
  }

  async code(): Promise<string> {
    return (await this.messenger.account.profile())!.contactCode;
  }

  async history(peer: Party): Promise<Message[]> {
    return this.messenger.messages.list(await peer.id(), { limit: 200 });
  }

  /** Resolves when an event has made the condition true. */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #record<Name extends MessengerEventName>(name: Name): void {
    this.messenger.on(name, (event) => {
      const list = (this.events[name] ??= [] as never) as MessengerEvents[Name][];
      list.push(event);
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    });
  }
}

export function textOf(message: Message): string {
  return message.body.kind === 'text' ? message.body.text : `[${message.body.type}]`;
}

/** Two people who have found each other: alice has added bob by his code, bob has accepted her. */
export async function introduced(seed: string, extra: { alice?: Extra; bob?: Extra } = {}) {
  const network = testNetwork(seed);
  const alice = await Party.register(network, 'alice', extra.alice);
  const bob = await Party.register(network, 'bob', extra.bob);
  const bobContact = await alice.messenger.contacts.add(await bob.code());
  await alice.messenger.messages.send(bobContact.accountId, { text: 'hello bob' });
  await bob.until(() => bob.texts.length === 1);
  await bob.messenger.contacts.accept(await alice.id());
  return { network, alice, bob, aliceId: await alice.id(), bobId: await bob.id() };
}
