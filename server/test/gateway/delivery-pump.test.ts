import { randomInt, randomUUID } from 'node:crypto';
import type { AccountId, DeviceId, Envelope, EnvelopeId } from '@sotto/sdk/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { DeliveryPump, type DeliveryLimits } from '../../src/gateway/delivery-pump.js';
import type { MailboxPage, PageLimit, StoredEnvelope } from '../../src/mailbox/mailbox.js';

const limits: DeliveryLimits = {
  maxEnvelopesInFlight: 8,
  maxBytesInFlight: 4_000_000,
  maxEnvelopesPerRead: 5,
  maxEnvelopesPerPush: 2,
};

function envelope(size = 10): Envelope {
  return {
    id: randomUUID() as EnvelopeId,
    sender: { accountId: randomUUID() as AccountId, deviceId: 1 as DeviceId },
    kind: 'message',
    ciphertext: new Uint8Array(size),
    acceptedAt: 0,
  };
}

/** A mailbox in memory that obeys the port; every read waits to be let through. */
class World {
  stored: StoredEnvelope[] = [];
  accepted: Envelope[] = [];
  delivered: Envelope[] = [];
  pushes: number[] = [];
  caughtUpAfter: number[] = [];
  failures: unknown[] = [];
  waitingReads: (() => void)[] = [];
  readsFail = false;
  /** What waits for the end of the turn; every wait of a test is one. */
  turnEnds: (() => void)[] = [];
  readonly pump: DeliveryPump;

  constructor(custom: Partial<DeliveryLimits> = {}) {
    this.pump = new DeliveryPump(
      {
        page: (after, limit) => this.#page(after, limit),
        deliver: (envelopes) => {
          this.pushes.push(envelopes.length);
          this.delivered.push(...envelopes);
        },
        soon: (work) => this.turnEnds.push(work),
        caughtUp: () => this.caughtUpAfter.push(this.delivered.length),
        failed: (error) => this.failures.push(error),
      },
      { ...limits, ...custom },
    );
  }

  async #page(after: number, { maxEnvelopes, maxBytes }: PageLimit): Promise<MailboxPage> {
    // What the store saw when it was asked; what is accepted while the answer is under way is not in it.
    const seen = this.stored.filter(({ seq }) => seq > after);
    await new Promise<void>((resolve) => this.waitingReads.push(resolve));
    if (this.readsFail) throw new Error('the store is away');
    let bytes = 0;
    const page: StoredEnvelope[] = [];
    for (const one of seen.slice(0, maxEnvelopes)) {
      bytes += one.envelope.ciphertext.length;
      if (page.length > 0 && bytes > maxBytes) break;
      page.push(one);
    }
    return { envelopes: page, more: seen.length > page.length };
  }

  store(one = envelope()): void {
    this.accepted.push(one);
    this.stored.push({ seq: this.accepted.length, envelope: one });
  }

  accept(one = envelope()): void {
    this.store(one);
    this.pump.ring();
  }

  /** Accepts an envelope and has it at hand. */
  offer(one = envelope()): void {
    this.store(one);
    this.pump.offer(this.stored.at(-1) as StoredEnvelope);
  }

  acknowledge(ids: readonly EnvelopeId[]): void {
    this.stored = this.stored.filter(({ envelope: { id } }) => !ids.includes(id));
    this.pump.acknowledged(ids);
  }

  get unacknowledged(): Envelope[] {
    return this.delivered.filter(({ id }) => this.stored.some(({ envelope: one }) => one.id === id));
  }

  async letReadThrough(): Promise<void> {
    this.waitingReads.shift()?.();
    // A read and what follows it are a few promise turns; nothing else is waited for.
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    this.endTurn();
  }

  endTurn(): void {
    for (const work of this.turnEnds.splice(0)) work();
  }

  async settle(): Promise<void> {
    this.endTurn();
    for (let reads = 0; this.waitingReads.length > 0; reads += 1) {
      if (reads > 1000) throw new Error('the pump never rests');
      await this.letReadThrough();
    }
  }
}

const idsOf = (envelopes: readonly Envelope[]) => envelopes.map(({ id }) => id);

describe('delivery pump', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  it('says caught-up at once for an empty mailbox, and only once', async () => {
    world.pump.ring();
    await world.settle();
    world.accept();
    await world.settle();
    expect(world.caughtUpAfter).toEqual([0]);
    expect(world.delivered).toEqual(world.accepted);
  });

  it('delivers what waited in order, in bounded pushes, before it says caught-up', async () => {
    for (let count = 0; count < 7; count += 1) world.store();
    world.pump.ring();
    await world.settle();
    expect(world.delivered).toEqual(world.accepted);
    expect(world.pushes).toEqual([2, 2, 1, 2]);
    expect(world.caughtUpAfter).toEqual([7]);
  });

  it('stops at its limit and goes on when acknowledgements make room', async () => {
    for (let count = 0; count < 20; count += 1) world.store();
    world.pump.ring();
    await world.settle();
    expect(world.delivered).toHaveLength(8);
    expect(world.caughtUpAfter).toEqual([]);
    world.acknowledge(idsOf(world.delivered.slice(0, 3)));
    await world.settle();
    expect(world.delivered).toHaveLength(11);
    while (world.unacknowledged.length > 0) {
      world.acknowledge(idsOf(world.unacknowledged));
      await world.settle();
    }
    expect(world.delivered).toEqual(world.accepted);
    expect(world.caughtUpAfter).toEqual([20]);
  });

  it('says caught-up when the last that waited takes the last room', async () => {
    for (let count = 0; count < 8; count += 1) world.store();
    world.pump.ring();
    await world.settle();
    expect(world.caughtUpAfter).toEqual([8]);
  });

  it('bounds the bytes in flight, and still delivers one that is larger', async () => {
    world = new World({ maxBytesInFlight: 1000 });
    for (const size of [400, 400, 400, 5000, 10]) world.store(envelope(size));
    world.pump.ring();
    await world.settle();
    // 400 + 400 leave room for something, and the first of a page always comes.
    expect(world.delivered).toHaveLength(3);
    for (const expected of [4, 5]) {
      world.acknowledge(idsOf(world.delivered));
      await world.settle();
      expect(world.delivered).toHaveLength(expected);
    }
  });

  it('hears a bell that rings while it reads', async () => {
    world.pump.ring();
    expect(world.waitingReads).toHaveLength(1);
    // The store was asked before this envelope, and the bell rings before its answer is here.
    world.accept();
    await world.letReadThrough();
    await world.settle();
    expect(world.delivered).toEqual(world.accepted);
  });

  it('reads once per envelope when it is live', async () => {
    world.pump.ring();
    await world.settle();
    world.accept();
    expect(world.waitingReads).toHaveLength(1);
    await world.letReadThrough();
    expect(world.waitingReads).toHaveLength(0);
  });

  it('hands out what is at hand and next in line, without a read', async () => {
    world.store();
    world.pump.ring();
    await world.settle();
    world.pushes = [];
    for (let count = 0; count < 5; count += 1) world.offer();
    expect(world.waitingReads).toHaveLength(0);
    expect(world.delivered).toHaveLength(1);
    world.endTurn();
    expect(world.delivered).toEqual(world.accepted);
    expect(world.pushes).toEqual([2, 2, 1]);
  });

  it('does not let a page overtake what goes out at the end of the turn', async () => {
    world.pump.ring();
    await world.settle();
    world.offer();
    world.accept();
    await world.letReadThrough();
    expect(world.delivered).toEqual(world.accepted);
  });

  it('hands out nothing at the end of a turn in which it was stopped', async () => {
    world.pump.ring();
    await world.settle();
    world.offer();
    world.pump.stop();
    world.endTurn();
    expect(world.delivered).toEqual([]);
  });

  it('reads when it does not know what comes before', async () => {
    for (let count = 0; count < 3; count += 1) world.store();
    world.stored = [];
    world.accepted.length = 3;
    world.pump.ring();
    await world.settle();
    // The fourth of the mailbox, and the first that this connection sees.
    world.offer();
    expect(world.delivered).toEqual([]);
    await world.settle();
    world.offer();
    expect(world.waitingReads).toHaveLength(0);
    world.endTurn();
    expect(world.delivered).toEqual(world.accepted.slice(3));
  });

  it('keeps what comes while it reads, in order, and skips what the read had', async () => {
    world.store();
    world.pump.ring();
    expect(world.waitingReads).toHaveLength(1);
    // The read had the first of these, and not the others.
    world.pump.offer(world.stored[0]!);
    for (let count = 0; count < 4; count += 1) world.offer();
    await world.letReadThrough();
    expect(world.waitingReads).toHaveLength(0);
    expect(world.delivered).toEqual(world.accepted);
  });

  it('bounds what it keeps while it reads, and reads the rest', async () => {
    world = new World({ maxEnvelopesInFlight: 100 });
    world.pump.ring();
    for (let count = 0; count < 12; count += 1) world.offer();
    await world.settle();
    expect(world.delivered).toEqual(world.accepted);
  });

  it('does not go beyond its limits for what is at hand', async () => {
    world = new World({ maxBytesInFlight: 1000 });
    world.pump.ring();
    await world.settle();
    // As in a page, the one that meets the limit still comes.
    for (const size of [900, 200, 10]) world.offer(envelope(size));
    await world.settle();
    expect(world.delivered).toHaveLength(2);
    world.acknowledge(idsOf(world.delivered));
    await world.settle();
    expect(world.delivered).toEqual(world.accepted);
    for (let count = 0; count < 20; count += 1) world.offer();
    await world.settle();
    expect(world.unacknowledged).toHaveLength(limits.maxEnvelopesInFlight);
  });

  it('delivers nothing after it was stopped, not even a page under way', async () => {
    world.accept();
    world.pump.stop();
    await world.settle();
    world.accept();
    await world.settle();
    expect(world.delivered).toEqual([]);
    expect(world.caughtUpAfter).toEqual([]);
  });

  it('reports a mailbox that cannot be read, and stops', async () => {
    world.readsFail = true;
    world.accept();
    await world.settle();
    expect(world.failures).toHaveLength(1);
    world.accept();
    expect(world.waitingReads).toHaveLength(0);
  });

  it('ignores acknowledgements of what is not in flight', async () => {
    for (let count = 0; count < 9; count += 1) world.store();
    world.pump.ring();
    await world.settle();
    const unknown = randomUUID() as EnvelopeId;
    world.pump.acknowledged([unknown, unknown]);
    await world.settle();
    expect(world.delivered).toHaveLength(8);
    const first = world.delivered[0]?.id as EnvelopeId;
    world.acknowledge([first, first]);
    world.pump.acknowledged([first]);
    await world.settle();
    expect(world.delivered).toHaveLength(9);
  });

  it('delivers everything once and in order, whatever the schedule', async () => {
    const seed = Number(process.env['SOTTO_SEED'] ?? randomInt(2 ** 31));
    for (let run = 0; run < (process.env['SLOW'] ? 2000 : 200); run += 1) await randomRun(seed + run);
  });
});

/** A small seeded generator (mulberry32): numbers in [0, 1). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function randomRun(seed: number): Promise<void> {
  const random = generator(seed);
  const world = new World({ maxBytesInFlight: random() < 0.3 ? 100 : 4_000_000 });
  const waitedAtStart = Math.floor(random() * 12);
  for (let count = 0; count < waitedAtStart; count += 1) world.store();
  world.pump.ring();
  for (let step = 0; step < 60; step += 1) {
    const choice = random();
    if (choice < 0.15) world.accept(envelope(1 + Math.floor(random() * 60)));
    else if (choice < 0.32) world.offer(envelope(1 + Math.floor(random() * 60)));
    // A bell that comes late, with something old at hand.
    else if (choice < 0.35 && world.stored[0]) world.pump.offer(world.stored[0]);
    else if (choice < 0.75) await world.letReadThrough();
    else if (choice < 0.8) world.pump.ring();
    else world.acknowledge(idsOf(world.unacknowledged.filter(() => random() < 0.5)));
    expect(world.unacknowledged.length, `seed ${seed}`).toBeLessThanOrEqual(limits.maxEnvelopesInFlight);
  }
  for (let rounds = 0; rounds < 200; rounds += 1) {
    await world.settle();
    if (world.stored.length === 0) break;
    world.acknowledge(idsOf(world.unacknowledged));
  }
  expect(idsOf(world.delivered), `seed ${seed}`).toEqual(idsOf(world.accepted));
  expect(world.caughtUpAfter, `seed ${seed}`).toHaveLength(1);
  expect(world.caughtUpAfter[0], `seed ${seed}`).toBeGreaterThanOrEqual(waitedAtStart);
}
