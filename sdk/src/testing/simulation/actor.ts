/**
 * One account of a simulated world: the device that runs, a copy of it perhaps, and what their commits have
 * shown. Knows how to die, come back, be set back and be replaced; not when.
 */
import type { Message, MessageHandler } from '../../messages/index.js';
import type { Messenger } from '../../messenger-api.js';
import type { Random } from '../../ports/host.js';
import { memoryStorage, type MemoryMedium } from '../../storage/memory/index.js';
import type { AccountId, DeviceId } from '../../wire/index.js';
import type { OwnProfile } from '../../account/index.js';
import { backUpMedium, recoverFrom, type TestBackup } from '../network/recovery.js';
import { TestDevice, type DeviceHost } from '../network/test-device.js';
import { engineOf } from '../network/test-engines.js';
import type { ActorName } from './actions.js';
import { countPrefix, Ledger, type LedgerState, type Telling } from './ledger.js';
import type { Trace } from './trace.js';
import type { WireWatch } from './wire-watch.js';

/** What an actor needs of its world. */
export interface ActorWorld {
  readonly host: DeviceHost;
  readonly trace: Trace;
  readonly wire: WireWatch;
  /** Counts how many envelopes ended in each reason. */
  readonly reasons: Map<string, number>;
}

/** Names by which events of the journal are told. */
const journalled = [
  'message',
  'message-status',
  'contact',
  'undecryptable',
  'handler-failed',
  'continuity',
] as const;

/** What a device that was brought back has not heard of: its journal begins anew. */
const unheardOf = { outcomes: new Map(), told: new Map(), journalHead: 0, heardTo: 0, heard: new Map() };

/** How long a user takes to type the password that a device asks for. */
const typingMs = 5_000;

/** A device and what is known of it. */
interface Body {
  readonly device: TestDevice;
  /** Another one once the storage was put back. */
  ledger: Ledger;
  /** The device has asked for the password and has not got in since. */
  asked: boolean;
}

/** Counts how often a message has had its effect, in the commit of the effect, and answers what is asked. */
export const counting: MessageHandler = async (message, unit) => {
  const key = countPrefix + message.id;
  unit.put(key, Uint8Array.of(((await unit.get(key))?.[0] ?? 0) + 1));
  const text = message.body.kind === 'text' ? message.body.text : '';
  if (text.endsWith('?')) await unit.send(message.sender, { text: `yes, ${text.slice(0, -1)}` });
};

/** See the header. */
export class Actor {
  readonly #world: ActorWorld;
  #body: Body;
  /** The copy that runs beside the device. */
  #twin: Body | undefined;
  #snapshot: { readonly medium: MemoryMedium; readonly state: LedgerState } | undefined;
  /** Bodies that are gone, with what they had received. */
  #former: Body[] = [];
  #backup: { readonly read: TestBackup; readonly state: LedgerState } | undefined;
  #id: AccountId | undefined;
  #deviceId = 1 as DeviceId;
  #code: string | undefined;

  constructor(
    world: ActorWorld,
    readonly name: ActorName,
  ) {
    this.#world = world;
    this.#body = this.#makeBody((random) => random);
  }

  get device(): TestDevice {
    return this.#body.device;
  }

  get ledger(): Ledger {
    return this.#body.ledger;
  }

  get id(): AccountId {
    if (!this.#id) throw new Error(`${this.name} is not registered`);
    return this.#id;
  }

  get address() {
    return { accountId: this.id, deviceId: this.#deviceId };
  }

  /** What others add this account by now. */
  get code(): string {
    return this.#code ?? '';
  }

  get #password(): string {
    return `${this.name}'s long password`;
  }

  async register(): Promise<void> {
    const { device } = this.#body;
    await device.start();
    const input = { username: this.name, password: this.#password };
    this.#became(await device.messenger.account.register(input));
    this.#world.trace.call(this.id, this.name);
    await device.messenger.connect();
    await this.#world.host.network.settle();
  }

  #became({ accountId, deviceId, contactCode }: OwnProfile): void {
    this.#id = accountId;
    this.#deviceId = deviceId;
    this.#code = contactCode;
  }

  /** Somebody looks after the device: it runs, is let through, and gets the password if it has asked for it. */
  async attend(): Promise<void> {
    const { device, asked } = this.#body;
    // Whoever runs goes on running: what is left must get through by itself.
    if (!device.running) return device.revive();
    this.#world.host.network.plug(device.transport);
    // A copy took its place, or its tokens were ended with a copy's: users open again what stays away.
    const { kind } = device.messenger.connection;
    if (kind === 'replaced' || kind === 'closed') await device.attempt((messenger) => messenger.connect());
    if (asked) await this.#logIn(this.#body);
  }

  async #logIn(body: Body): Promise<void> {
    await body.device.attempt(async ({ account }) => {
      await account.login(this.#password);
      body.asked = false;
    });
  }

  /** The process dies. */
  kill(): void {
    this.device.kill();
    this.device.commitPlan = () => 'pass';
  }

  /** Somebody registers under the same name and account id, with an identity of its own and an empty storage. */
  async replace(): Promise<void> {
    this.endClone('original');
    this.kill();
    this.#former.push(this.#body);
    this.#snapshot = undefined;
    this.#backup = undefined;
    const { id } = this;
    this.#body = this.#makeBody(firstUuid(id));
    await this.register();
    if (this.id !== id) throw new Error(`${this.name} has another account id`);
  }

  /** The account begins anew on an empty device; whoever has the old one does not object. */
  async resetAccount(): Promise<void> {
    this.endClone('original');
    this.#former.push(this.#body);
    const old = this.#body.device;
    this.#snapshot = undefined;
    this.#backup = undefined;
    this.#body = this.#makeBody((random) => random);
    const { device } = this.#body;
    const { network } = this.#world.host;
    const { id } = this;
    await device.start();
    const ask = () => device.messenger.account.reset({ username: this.name, password: this.#password });
    let state = await ask();
    if (state.state === 'waiting') {
      await network.pass(state.retryAfterMs);
      state = await ask();
    }
    if (state.state === 'waiting') throw new Error(`${this.name} waits for its reset for too long`);
    this.#became(state.profile);
    if (this.id !== id) throw new Error(`${this.name} has another account id`);
    await device.messenger.connect();
    await network.settle();
    await this.#sendAway(old);
  }

  /** A backup is made of what is in the storage. */
  async backUp(): Promise<void> {
    const { medium } = this.device;
    const { clock } = this.#world.host.network;
    this.#backup = { read: await backUpMedium(medium.copy(), clock.now()), state: this.ledger.state() };
  }

  /** The account goes on as another device, from its backup, while the old one may still run. @returns false when there is none */
  async recover(): Promise<boolean> {
    const backup = this.#backup;
    if (!backup) return false;
    this.endClone('original');
    const old = this.#body.device;
    this.#snapshot = undefined;
    this.#former.push(this.#body);
    this.#body = this.#makeBody((random) => random);
    const { device, ledger } = this.#body;
    ledger.resume({ ...backup.state, ...unheardOf });
    ledger.skipChecked();
    const { host } = this.#world;
    const random = host.nextRandom(this.name);
    const engine = await engineOf(host.engine, { username: this.name, random: random.fork('engine') });
    const transport = host.network.transport();
    const { clock } = host.network;
    const storage = memoryStorage({ medium: device.medium });
    await recoverFrom(backup.read, { storage, transport, engine, clock, random });
    await device.revive();
    const profile = await device.messenger.account.profile();
    if (!profile) throw new Error(`${this.name} was not brought back`);
    this.#became(profile);
    await host.network.settle();
    await this.#sendAway(old);
    return true;
  }

  /** The device whose place was taken has noticed that, if it runs. */
  async #sendAway(old: TestDevice): Promise<void> {
    const { kind } = old.running ? old.messenger.connection : { kind: 'closed' };
    if (kind === 'online') throw new Error(`${this.name} runs on two devices`);
    old.kill();
    old.commitPlan = () => 'pass';
    this.#world.wire.setBack(this.id);
  }

  takeSnapshot(): void {
    this.#snapshot = { medium: this.device.medium.copy(), state: this.ledger.state() };
  }

  /** The device goes on from its snapshot. @returns false when there is none */
  async restore(): Promise<boolean> {
    const snapshot = this.#snapshot;
    if (!snapshot) return false;
    this.endClone('original');
    this.kill();
    this.#world.wire.setBack(this.id);
    const { device } = this.#body;
    this.#former.push({ ...this.#body });
    device.medium = snapshot.medium.copy();
    this.#body.ledger = this.#makeLedger();
    this.ledger.resume(snapshot.state);
    this.ledger.skipChecked();
    await device.revive();
    return true;
  }

  /** A copy of the device runs beside it. */
  async clone(): Promise<void> {
    if (this.#twin) return;
    const { device, ledger } = this.#body;
    const twin = this.#makeBody((random) => random);
    twin.device.medium = device.medium.copy();
    twin.ledger.resume(ledger.state());
    this.#twin = twin;
    this.#world.wire.setDouble(this.id, true);
    await twin.device.revive();
  }

  /** One of the two goes. Harmless when there is no copy. */
  endClone(keep: 'original' | 'copy'): void {
    const twin = this.#twin;
    if (!twin) return;
    this.#twin = undefined;
    this.#world.wire.setDouble(this.id, false);
    const original = this.#body;
    const [kept, gone] = keep === 'original' ? [original, twin] : [twin, original];
    gone.device.kill();
    kept.device.clockOffsetMs = original.device.clockOffsetMs;
    this.#former.push(gone);
    this.#body = kept;
  }

  /** What is gone has been checked. */
  forget(): void {
    this.#former = [];
    this.ledger.checked(this.#world.host.network.clock.now());
  }

  /** The reasons that every body of this account has told since the last check. */
  get tellings(): Telling[] {
    return [this.#body, ...this.#former].flatMap(({ ledger }) => ledger.tellings);
  }

  /** Whether some body of this account has received a message. */
  hasReceived(from: AccountId, id: Message['id']): boolean {
    return [this.#body, ...this.#former].some(({ ledger }) => ledger.hasEffect(from, id));
  }

  /** The keys in the storage that begin with one of the prefixes. */
  async keys(...prefixes: readonly string[]): Promise<string[]> {
    const storage = memoryStorage({ medium: this.device.medium });
    const keys: string[] = [];
    for (const prefix of prefixes) for await (const { key } of storage.list(prefix)) keys.push(key);
    return keys;
  }

  #makeLedger(): Ledger {
    const { trace, wire, reasons } = this.#world;
    return new Ledger(this.name, trace, wire, reasons);
  }

  #makeBody(shapeRandom: (random: Random) => Random): Body {
    const device = new TestDevice({
      host: this.#world.host,
      username: this.name,
      options: { onMessage: counting, messageRequests: 'accept' },
      prepare: (messenger) => {
        listen(messenger, body);
        this.#answer(messenger, body);
      },
      shapeRandom,
    });
    device.onWritten = (changes) => {
      body.ledger.written(changes);
    };
    const body: Body = { device, ledger: this.#makeLedger(), asked: false };
    return body;
  }

  /** A device whose state is older than its last tokens asks for the password, and gets it a little later. */
  #answer(messenger: Messenger, body: Body): void {
    body.asked = false;
    messenger.on('login-required', () => {
      body.asked = true;
      this.#world.host.network.clock.schedule(typingMs, () => {
        if (body.asked && body.device.running) void this.#logIn(body);
      });
    });
  }
}

/** Lets a ledger hear what observers hear. */
export function listen(messenger: Messenger, { ledger }: { readonly ledger: Ledger }): void {
  for (const name of journalled) {
    messenger.on(name, (event) => {
      ledger.heard(event.seq, `${name} ${describe(event)}`);
    });
  }
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

/** The first id that is drawn is this UUID: in the first process alone, or ids would come again. */
export function firstUuid(uuid: string): (random: Random) => Random {
  const bytes = Uint8Array.from(uuid.replaceAll('-', '').match(/../g) ?? [], (byte) => parseInt(byte, 16));
  let drawn = false;
  return (random) => ({
    bytes: (length) => {
      if (drawn || length !== bytes.length) return random.bytes(length);
      drawn = true;
      return bytes.slice();
    },
  });
}
