/** One person with one device in a test world: it can be killed in the middle of anything, and opened again. */
import assert from 'node:assert/strict';
import type { MessengerEventName, MessengerEvents } from '../../src/events.js';
import type { Message } from '../../src/messages/index.js';
import { createMessenger } from '../../src/messenger.js';
import type { Messenger, MessengerOptions } from '../../src/messenger-api.js';
import type { Clock } from '../../src/ports/host.js';
import type { Transport } from '../../src/ports/transport.js';
import { messageRecord } from '../../src/messages/message-record.js';
import { createMemoryMedium, memoryStorage } from '../../src/storage/memory/index.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import type { AccountId, DeviceAddress, DeviceId } from '../../src/wire/index.js';
import { engineFor } from './engines.js';
import { countingEngine } from './idle.js';
import { MortalStorage, type CommitPlan } from './mortal-storage.js';
import { smallStock } from './small-stock.js';
import { dumpStorage, type StorageDump } from './storage-dump.js';
import { World } from './world.js';

/** Options of a party. */
export interface PartyOptions extends Pick<MessengerOptions, 'onMessage' | 'messageRequests' | 'logger'> {
  /** One-time pre-keys made per round; the messenger's own number without it would cost a second. */
  readonly stock?: number;
}

const defaultStock = 4;
const eventNames = [
  'message',
  'message-status',
  'contact',
  'undecryptable',
  'handler-failed',
  'connection',
  'caught-up',
  'login-required',
  'fenced',
] as const satisfies readonly MessengerEventName[];

/** A process: what dies with it. */
interface Life {
  readonly messenger: Messenger;
  readonly transport: Transport;
  readonly storage: MortalStorage;
  readonly clock: MutableClock;
  /** Resolves when the process dies. */
  readonly died: Promise<void>;
  readonly reportDeath: () => void;
}

/** See the header. */
export class Party {
  /** What observers heard, over all lives. */
  readonly events: { [Name in MessengerEventName]?: MessengerEvents[Name][] } = {};
  /** What observers heard under each number of the journal, over all lives. */
  readonly journal = new Map<number, string>();
  readonly medium = createMemoryMedium();
  /** Decides over every commit of this device. */
  commitPlan: CommitPlan = () => 'pass';
  /** How far this device's wall clock is off. */
  clockOffsetMs = 0;
  #life: Life | undefined;
  #lives = 0;

  private constructor(
    readonly world: World,
    readonly username: string,
    readonly options: PartyOptions,
  ) {}

  /** A device with nothing in its storage. */
  static async open(world: World, username: string, options: PartyOptions = {}): Promise<Party> {
    const party = new Party(world, username, options);
    await party.start();
    return party;
  }

  /** A registered device that is online. */
  static async register(world: World, username: string, options: PartyOptions = {}): Promise<Party> {
    const party = await Party.open(world, username, options);
    await party.messenger.account.register({ username, password: party.password });
    await party.online();
    return party;
  }

  get password(): string {
    return `${this.username}'s long password`;
  }

  get messenger(): Messenger {
    if (!this.#life) throw new Error(`${this.username} is not running`);
    return this.#life.messenger;
  }

  get transport(): Transport {
    if (!this.#life) throw new Error(`${this.username} is not running`);
    return this.#life.transport;
  }

  get running(): boolean {
    return this.#life !== undefined;
  }

  /** Opens the device from what its storage holds. */
  async start(): Promise<void> {
    const { network, seed, clock: worldClock } = this.world;
    this.#lives += 1;
    const engineRandom = seededRandom(`${seed}/engine ${this.world.nextEngine()}`);
    const engine = smallStock(engineFor(this.username, engineRandom), this.options.stock ?? defaultStock);
    const { logger } = this.options;
    const transport = network.transport(logger ? { logger } : {});
    const clock = new MutableClock(worldClock, () => this.clockOffsetMs);
    const storage = new MortalStorage(
      this.medium,
      (changes) => this.commitPlan(changes),
      () => {
        this.kill();
      },
    );
    const messenger = await createMessenger({
      engine: countingEngine(engine),
      storage,
      transport,
      clock,
      // Another stream in every life: ids must not come again.
      random: seededRandom(`${seed}/${this.username}/${this.#lives}`),
      ...this.options,
    });
    let reportDeath = () => {};
    const died = new Promise<void>((resolve) => (reportDeath = resolve));
    this.#life = { messenger, transport, storage, clock, died, reportDeath };
    for (const name of eventNames) this.#record(messenger, name);
  }

  /** Connects and waits until the relay has taken the connection. */
  async online(): Promise<void> {
    await this.messenger.connect();
    await this.world.until(() => this.messenger.connection.kind === 'online');
  }

  /** The process dies: nothing is flushed, nothing is said. */
  kill(): void {
    const life = this.#life;
    if (!life) return;
    this.#life = undefined;
    life.storage.kill();
    life.clock.mute();
    this.world.network.unplug(life.transport);
    life.reportDeath();
  }

  /**
   * Does what a user wants done, however often the process dies meanwhile: a dead one is opened again,
   * and what its storage does not show as done is done again.
   */
  async persist(
    isDone: () => Promise<boolean>,
    act: (messenger: Messenger) => Promise<unknown>,
  ): Promise<void> {
    for (let attempt = 0; attempt < 10 && !(await isDone()); attempt += 1) {
      await this.revive();
      // A storage that failed has told the user, who tries again.
      await this.attempt(act);
    }
    assert.ok(await isDone(), `${this.username} could not do it`);
  }

  /** Lets a running process do something, until that is done, has failed, or the process has died. */
  async attempt(act: (messenger: Messenger) => Promise<unknown>): Promise<void> {
    if (!this.#life) return;
    const { messenger, died } = this.#life;
    await Promise.race([act(messenger).catch(() => undefined), died]);
    await this.world.settle();
  }

  /** Opens and connects a dead process; it may die again meanwhile. */
  async revive(): Promise<void> {
    if (this.#life) return;
    await this.start();
    void this.messenger.connect().catch(() => undefined);
    await this.world.settle();
  }

  /** The messages in the storage, in order, whether or not a process is running. */
  async rows(peer: AccountId): Promise<Message[]> {
    const rows: Message[] = [];
    for await (const { value } of memoryStorage({ medium: this.medium }).list(`message/${peer}/`)) {
      rows.push(messageRecord.decode(value));
    }
    return rows.sort((earlier, later) => earlier.seq - later.seq);
  }

  /** Dies and comes back. */
  async restart(): Promise<void> {
    this.kill();
    await this.start();
    await this.messenger.connect();
  }

  get texts(): string[] {
    return distinctBySeq(this.events.message ?? []).map(({ message }) => textOf(message));
  }

  get undecryptable(): string[] {
    return distinctBySeq(this.events.undecryptable ?? []).map(({ reason }) => reason);
  }

  async id(): Promise<AccountId> {
    return (await this.messenger.account.profile())!.accountId;
  }

  async address(): Promise<DeviceAddress> {
    return { accountId: await this.id(), deviceId: 1 as DeviceId };
  }

  async code(): Promise<string> {
    return (await this.messenger.account.profile())!.contactCode;
  }

  async history(peer: Party | AccountId): Promise<Message[]> {
    const id = typeof peer === 'string' ? peer : await peer.id();
    return this.messenger.messages.list(id, { limit: 200 });
  }

  async texted(peer: Party | AccountId): Promise<string[]> {
    return (await this.history(peer)).map(textOf);
  }

  dump(): Promise<StorageDump> {
    return dumpStorage(this.medium);
  }

  #record<Name extends MessengerEventName>(messenger: Messenger, name: Name): void {
    messenger.on(name, (event) => {
      const list = (this.events[name] ??= [] as never) as MessengerEvents[Name][];
      list.push(event);
      if ('seq' in event) this.#noteJournalled(event.seq, `${name} ${describe(event)}`);
    });
  }

  /** At least once, and always the same under one number. */
  #noteJournalled(seq: number, heard: string): void {
    assert.equal(heard, this.journal.get(seq) ?? heard, `journal ${seq} of ${this.username}`);
    this.journal.set(seq, heard);
  }
}

/** Two people who have found each other: alice has added bob by his code and written, bob has accepted her. */
export async function introduced(
  seed: string,
  options: { alice?: PartyOptions; bob?: PartyOptions; world?: World } = {},
) {
  const world = options.world ?? new World(seed);
  const alice = await Party.register(world, 'alice', options.alice);
  const bob = await Party.register(world, 'bob', options.bob);
  await introduce(alice, bob);
  return { world, alice, bob, aliceId: await alice.id(), bobId: await bob.id() };
}

/** The first adds the second by its code and says hello; the second accepts. */
export async function introduce(first: Party, second: Party): Promise<void> {
  const contact = await first.messenger.contacts.add(await second.code());
  await first.messenger.messages.send(contact.accountId, { text: `hello ${second.username}` });
  const greeting = `hello ${second.username}`;
  const firstId = await first.id();
  await first.world.until(async () => (await second.texted(firstId)).includes(greeting));
  await second.messenger.contacts.accept(firstId);
  await first.world.until(async () => (await first.history(second)).at(-1)?.status === 'sent');
}

/** The text of a message. */
export function textOf(message: Message): string {
  return message.body.kind === 'text' ? message.body.text : `[${message.body.type}]`;
}

function distinctBySeq<Event extends { readonly seq: number }>(events: readonly Event[]): Event[] {
  return [...new Map(events.map((event) => [event.seq, event])).values()];
}

/** What must be the same whenever an event is heard: what it is about, not how that stands by now. */
function describe(event: object): string {
  if ('message' in event) {
    const { conversationId, seq, id } = (event as { message: Message }).message;
    return `${conversationId} ${seq} ${id}`;
  }
  const { contact: _, ...rest } = event as Record<string, unknown>;
  return JSON.stringify(rest);
}

/** A process's view of the clock: when it dies, nothing it scheduled happens any more. */
class MutableClock implements Clock {
  readonly #clock: Clock;
  readonly #offsetMs: () => number;
  readonly #cancels = new Set<() => void>();
  #muted = false;

  constructor(clock: Clock, offsetMs: () => number) {
    this.#clock = clock;
    this.#offsetMs = offsetMs;
  }

  now(): number {
    return this.#clock.now() + this.#offsetMs();
  }

  monotonicNow(): number {
    return this.#clock.monotonicNow();
  }

  schedule(delayMs: number, callback: () => void): () => void {
    if (this.#muted) return () => undefined;
    const cancel = this.#clock.schedule(delayMs, () => {
      this.#cancels.delete(cancel);
      callback();
    });
    this.#cancels.add(cancel);
    return () => {
      this.#cancels.delete(cancel);
      cancel();
    };
  }

  mute(): void {
    this.#muted = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}
