/** One person with one device in a test world: it can be killed in the middle of anything, and opened again. */
import assert from 'node:assert/strict';
import type { MessengerEventName, MessengerEvents } from '../../src/events.js';
import type { Message } from '../../src/messages/index.js';
import type { Messenger, MessengerOptions } from '../../src/messenger-api.js';
import { messageRecord } from '../../src/messages/message-record.js';
import { connectMessenger, exposeMessenger, type RemoteMessenger } from '../../src/remote/index.js';
import { memoryStorage } from '../../src/storage/memory/index.js';
import { TestDevice } from '../../src/testing/network/test-device.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import type { AccountId, DeviceAddress, DeviceId } from '../../src/wire/index.js';
import { portPair, type TestPort } from './port-pair.js';
import { dumpStorage, type StorageDump } from './storage-dump.js';
import { World } from './world.js';

/** Options of a party. */
export interface PartyOptions extends Pick<
  MessengerOptions,
  'onMessage' | 'messageRequests' | 'trust' | 'logger'
> {
  /** One-time pre-keys made per round; the messenger's own number without it would cost a second. */
  readonly stock?: number;
}

const eventNames = [
  'message',
  'message-status',
  'contact',
  'undecryptable',
  'continuity',
  'handler-failed',
  'connection',
  'caught-up',
  'login-required',
  'device-replaced',
  'reset-pending',
  'fenced',
] as const satisfies readonly MessengerEventName[];

let behindPorts = false;

/** From now on everybody uses their messenger through a port, as a page does whose messenger is in a worker. */
export function putMessengersBehindPorts(): void {
  behindPorts = true;
}

/** See the header. */
export class Party extends TestDevice {
  /** What observers heard, over all lives. */
  readonly events: { [Name in MessengerEventName]?: MessengerEvents[Name][] };
  /** What observers heard under each number of the journal, over all lives. */
  readonly journal: Map<number, string>;
  #remote: { readonly messenger: RemoteMessenger; readonly port: TestPort } | undefined;

  private constructor(
    readonly world: World,
    username: string,
    { stock, ...options }: PartyOptions,
  ) {
    const events: Party['events'] = {};
    const journal: Party['journal'] = new Map();
    let lives = 0;
    super({
      host: world.host,
      username,
      options: { ...options, ...(stock !== undefined && { preKeyBatch: stock }) },
      prepare: (messenger) => {
        if (!behindPorts) recordAll(messenger, events, journal);
      },
      // Another stream in every life: ids must not come again. The same in the first life of a name, whoever
      // has it: that is how somebody takes another's account id.
      shapeRandom: () => seededRandom(`${world.seed}/${username}/${(lives += 1)}`),
    });
    this.events = events;
    this.journal = journal;
  }

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

  override get messenger(): Messenger {
    return this.#remote?.messenger ?? super.messenger;
  }

  override async start(): Promise<void> {
    await super.start();
    if (!behindPorts || !this.running) return;
    const { here, there } = portPair();
    const { clock } = this.world;
    exposeMessenger(super.messenger, there, { clock });
    this.#remote = { messenger: await connectMessenger(here, { clock }), port: here };
    recordAll(this.messenger, this.events, this.journal);
  }

  override kill(): void {
    super.kill();
    this.#remote?.port.end();
    this.#remote = undefined;
  }

  get password(): string {
    return `${this.username}'s long password`;
  }

  /** Connects and waits until the relay has taken the connection. */
  async online(): Promise<void> {
    await this.messenger.connect();
    await this.world.until(() => this.messenger.connection.kind === 'online');
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
}

function recordAll(messenger: Messenger, events: Party['events'], journal: Party['journal']): void {
  for (const name of eventNames) record(messenger, name, events, journal);
}

function record<Name extends MessengerEventName>(
  messenger: Messenger,
  name: Name,
  events: Party['events'],
  journal: Party['journal'],
): void {
  messenger.on(name, (event) => {
    const list = (events[name] ??= [] as never) as MessengerEvents[Name][];
    list.push(event);
    if (!('seq' in event)) return;
    // At least once, and always the same under one number.
    const heard = `${name} ${describe(event)}`;
    assert.equal(heard, journal.get(event.seq) ?? heard, `journal ${event.seq}`);
    journal.set(event.seq, heard);
  });
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
async function introduce(first: Party, second: Party): Promise<void> {
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
