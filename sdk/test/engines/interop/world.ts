/** Runs happenings over two devices and holds every outcome against what the protocol says. */
import { isSottoError, type SottoErrorCode } from '../../../src/errors.js';
import type { ProtocolEngine } from '../../../src/ports/index.js';
import { RecordSnapshot, TestDevice, type Sent } from '../../../src/testing/engine-conformance-kit.js';
import { headerOf, type Header } from './headers.js';
import { DirectionModel, type Fate } from './oracle.js';
import type { Happening, SideName } from './schedule.js';

/** One-time keys a device makes at a time for new sessions. */
const bundleStock = 20;

/** How far behind the newest chain a message may be when sessions come and go: older ones are dropped. */
const maxStaleChains = 3;

interface InFlight {
  readonly message: Sent;
  readonly header: Header;
  readonly id: string;
}

interface Side {
  readonly name: SideName;
  readonly device: TestDevice;
  /** Messages on their way to this side. */
  readonly inbox: InFlight[];
  /** Ids of messages that took effect here. */
  readonly seen: Set<string>;
  readonly model: DirectionModel;
  snapshot: ReadonlyMap<string, Uint8Array> | undefined;
  nextOneTimeId: number;
  /** The chains it has sent with, in order. */
  readonly chains: string[];
}

/** What was counted. */
export interface Tally {
  sent: number;
  decrypted: number;
  duplicates: number;
  lost: number;
  /** Messages nobody can say the fate of, because sessions came and went or a device was set back. */
  uncertain: number;
  /** The highest epoch of the post-quantum ratchet that a message carried. */
  epochs: number;
}

/** Two devices and what is between them. */
export class InteropWorld {
  readonly tally: Tally = { sent: 0, decrypted: 0, duplicates: 0, lost: 0, uncertain: 0, epochs: 0 };
  readonly #sides: Readonly<Record<SideName, Side>>;
  /** One session without interruption: then every message's fate is known. */
  #exact = true;
  #step = 0;

  private constructor(
    readonly label: string,
    alice: TestDevice,
    bob: TestDevice,
  ) {
    this.#sides = { alice: sideOf('alice', alice), bob: sideOf('bob', bob) };
  }

  /** Devices that have exchanged nothing; alice starts. */
  static async create(label: string, alice: ProtocolEngine, bob: ProtocolEngine): Promise<InteropWorld> {
    return new InteropWorld(label, await TestDevice.create(alice, 1), await TestDevice.create(bob, 2));
  }

  /** @throws Error at the first outcome that must not be, with the seed and the place */
  async run(row: Iterable<Happening>): Promise<Tally> {
    for (const happening of row) {
      this.#step += 1;
      try {
        await this.#happen(happening);
      } catch (cause) {
        const place = `${this.label}, happening ${this.#step} (${JSON.stringify(happening)})`;
        throw new Error(`${place}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
    }
    return this.tally;
  }

  /** Both send until everybody understands everybody: what is left of any confusion must heal by itself. */
  async settle(): Promise<void> {
    for (const side of Object.values(this.#sides)) side.inbox.length = 0;
    for (let round = 0; round < 3; round += 1) {
      await this.run([
        { kind: 'send', from: 'alice' },
        { kind: 'drain', to: 'bob' },
        { kind: 'send', from: 'bob' },
        { kind: 'drain', to: 'alice' },
      ]);
    }
    const before = this.tally.decrypted;
    await this.run([
      { kind: 'send', from: 'alice' },
      { kind: 'drain', to: 'bob' },
      { kind: 'send', from: 'bob' },
      { kind: 'drain', to: 'alice' },
    ]);
    if (this.tally.decrypted !== before + 2) throw new Error(`${this.label}: did not heal`);
  }

  async #happen(happening: Happening): Promise<void> {
    switch (happening.kind) {
      case 'send':
        return this.#send(this.#sides[happening.from]);
      case 'deliver':
        return this.#deliver(this.#sides[happening.to], take(this.#sides[happening.to].inbox, happening.nth));
      case 'duplicate':
        return this.#duplicate(this.#sides[happening.to], happening.nth);
      case 'drop':
        take(this.#sides[happening.to].inbox, happening.nth);
        return;
      case 'drain':
        return this.#drain(this.#sides[happening.to]);
      case 'archive':
      case 'restart':
        return this.#renew(this.#sides[happening.by], happening.kind);
      case 'snapshot':
        this.#sides[happening.of].snapshot = new Map(this.#sides[happening.of].device.records);
        return;
      case 'restore':
        return this.#restore(this.#sides[happening.of]);
    }
  }

  async #send(from: Side): Promise<void> {
    const to = this.#other(from);
    if (!(await this.#canSend(from))) await this.#start(from);
    const text = `${from.name} ${(this.tally.sent += 1)}`;
    const message = await from.device.encrypt(to.device, text);
    const header = headerOf(message);
    from.model.sent(header);
    if (from.chains.at(-1) !== header.chain) from.chains.push(header.chain);
    this.tally.epochs = Math.max(this.tally.epochs, header.epoch);
    to.inbox.push({ message, header, id: text });
  }

  async #canSend({ device, name }: Side): Promise<boolean> {
    const their = this.#other(this.#sides[name]).device.address;
    return (await device.engine.sessionState(device.view, their, device.now)).usable;
  }

  async #start(from: Side): Promise<void> {
    const to = this.#other(from);
    const id = to.nextOneTimeId;
    if (id % bundleStock === 0) await addOneTimeKeys(to.device, id);
    to.nextOneTimeId += 1;
    await from.device.startSession(to.device, { ec: id, kem: id });
  }

  async #deliver(to: Side, flying: InFlight | undefined): Promise<void> {
    if (!flying) return;
    if (!this.#exact && this.#isStale(this.#other(to), flying)) {
      this.tally.uncertain += 1;
      return;
    }
    const expected = this.#expected(to, flying);
    const outcome = await outcomeOf(to.device, this.#other(to).device, flying.message);
    this.#check(to, flying, expected, outcome);
  }

  #check(to: Side, { header, id }: InFlight, expected: Fate, outcome: SottoErrorCode | 'decrypted'): void {
    if (outcome === 'decrypted') {
      if (to.seen.has(id)) throw new Error(`${id} was decrypted twice`);
      to.seen.add(id);
      to.model.decrypted(header);
      this.tally.decrypted += 1;
      if (this.#exact && expected !== 'decrypts') throw new Error(`${id} was decrypted but is ${expected}`);
      return;
    }
    if (outcome === 'duplicate-message') this.tally.duplicates += 1;
    else this.tally.lost += 1;
    const wanted = { decrypts: 'decrypted', duplicate: 'duplicate-message', lost: 'invalid-message' }[
      expected
    ];
    if (outcome !== wanted) throw new Error(`${id} ended as ${outcome}, not ${wanted}`);
  }

  #expected(to: Side, { header, id }: InFlight): Fate {
    if (this.#exact) return to.model.fateOf(header);
    return to.seen.has(id) ? 'duplicate' : 'decrypts';
  }

  /** Whether so many chains have come after a message's that it may be gone. */
  #isStale(from: Side, { header }: InFlight): boolean {
    return from.chains.length - 1 - from.chains.lastIndexOf(header.chain) > maxStaleChains;
  }

  async #duplicate(to: Side, nth: number): Promise<void> {
    const flying = to.inbox[nth % Math.max(1, to.inbox.length)];
    await this.#deliver(to, flying);
  }

  async #drain(to: Side): Promise<void> {
    while (to.inbox.length > 0) await this.#deliver(to, to.inbox.shift());
  }

  async #renew(by: Side, kind: 'archive' | 'restart'): Promise<void> {
    this.#exact = false;
    const { device } = by;
    const their = this.#other(by).device.address;
    if (kind === 'archive') device.apply(await device.engine.archiveSession(device.view, their));
    else await this.#start(by);
  }

  /**
   * A device that was set back has lost what it received since, and must not send with what it had. What
   * was under way is gone with its keys; one message each way heals the rest.
   */
  async #restore(side: Side): Promise<void> {
    if (!side.snapshot) return;
    const other = this.#other(side);
    side.device.records.clear();
    for (const [key, value] of side.snapshot) side.device.records.set(key, value);
    side.inbox.length = 0;
    other.inbox.length = 0;
    // Its one-time keys may be those of long ago, and used.
    side.nextOneTimeId = bundleStock * Math.ceil((side.nextOneTimeId + 1) / bundleStock);
    await this.#renew(side, 'archive');
    await this.#send(side);
    await this.#drain(other);
    await this.#send(other);
    await this.#drain(side);
  }

  #other({ name }: Side): Side {
    return this.#sides[name === 'alice' ? 'bob' : 'alice'];
  }
}

function sideOf(name: SideName, device: TestDevice): Side {
  return {
    ...{ name, device, inbox: [], seen: new Set<string>(), model: new DirectionModel() },
    ...{ snapshot: undefined, nextOneTimeId: bundleStock, chains: [] },
  };
}

function take<Item>(items: Item[], nth: number): Item | undefined {
  return items.splice(nth % Math.max(1, items.length), 1)[0];
}

async function addOneTimeKeys(device: TestDevice, first: number): Promise<void> {
  const ids = Array.from({ length: bundleStock }, (_, index) => first + index);
  const made = device.apply(
    await device.engine.generatePreKeys({
      our: device.our,
      oneTimeIds: ids,
      kemOneTimeIds: ids,
      now: device.now,
    }),
  );
  device.preKeys = { ...device.preKeys, oneTime: made.oneTime, kemOneTime: made.kemOneTime };
}

/** Decrypts and commits, or shows that a refusal left every record alone. */
async function outcomeOf(
  device: TestDevice,
  from: TestDevice,
  message: Sent,
): Promise<SottoErrorCode | 'decrypted'> {
  const snapshot = new RecordSnapshot(device.records);
  try {
    await device.decrypt(from, message);
    return 'decrypted';
  } catch (error) {
    if (!isSottoError(error)) throw error;
    snapshot.assertUntouched('a refusal');
    return error.code;
  }
}
