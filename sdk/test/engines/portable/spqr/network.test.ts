import { describe, expect, it } from 'vitest';
import { playNetwork, type NetworkOptions, type NetworkResult } from './network.js';
import { movingRows, sendRows, unreachableRow } from './rows.js';
import { pair } from './support.js';

const calm: Omit<NetworkOptions, 'seed' | 'turns'> = {
  burst: 1,
  loss: [0, 0],
  duplication: 0,
  delay: 0,
  bias: 0.5,
};

/** Schedules that together reach every row there is between honest peers. */
const schedules: readonly NetworkOptions[] = [
  { ...calm, seed: 'network calm', turns: 900 },
  { ...calm, seed: 'network lossy', turns: 900, loss: [0.3, 0.3], duplication: 0.1, delay: 0.3 },
  { ...calm, seed: 'network very lossy', turns: 900, loss: [0.6, 0.6], duplication: 0.05, delay: 0.6 },
  { ...calm, seed: 'network skewed', turns: 1_200, bias: 0.9, delay: 0.2, duplication: 0.1 },
  { ...calm, seed: 'network skewed back', turns: 1_200, bias: 0.1, loss: [0, 0.5], delay: 0.2 },
  { ...calm, seed: 'network one-sided loss', turns: 1_000, loss: [0.8, 0], delay: 0.1 },
  { ...calm, seed: 'network one-sided loss back', turns: 1_000, loss: [0, 0.8], delay: 0.1 },
  { ...calm, seed: 'network bursts', turns: 60, burst: 60, loss: [0.1, 0.1], duplication: 0.1, delay: 0.4 },
  { ...calm, seed: 'network great delays', turns: 300, burst: 12, duplication: 0.1, delay: 0.95 },
];

describe('between honest peers', () => {
  const results: NetworkResult[] = [];

  it.each(schedules)(
    'every message gives its key once (seed $seed)',
    { timeout: 120_000 },
    async (schedule) => {
      const result = await playNetwork(schedule);
      results.push(result);
      expect(result.epoch).toBeGreaterThan(2);
      expect(result.received).toBeGreaterThan(100);
      if (schedule.duplication > 0) expect(result.duplicates).toBeGreaterThan(0);
      if (schedule.delay === 0) expect([result.late, result.received]).toEqual([0, result.sent]);
    },
  );

  it('every row of the table comes to pass but the one that cannot', () => {
    const rows = new Set(results.flatMap((result) => [...result.rows]));
    const senders = new Set(results.flatMap((result) => [...result.senders]));
    const missing = movingRows.filter((row) => !rows.has(row) && row !== unreachableRow);
    expect(missing).toEqual([]);
    expect(rows.has(unreachableRow)).toBe(false);
    expect([...senders].sort()).toEqual(Object.keys(sendRows).sort());
  });

  it('great delays go past what is kept of old epochs', () => {
    expect(results.reduce((late, result) => late + result.late, 0)).toBeGreaterThan(0);
  });
});

describe('over many epochs', () => {
  it(
    'strict turns take 43 or 44 round trips an epoch, and a record stays small',
    { timeout: 120_000 },
    async () => {
      const { initiator, responder } = pair('fifty epochs');
      const lengths: number[] = [];
      let roundTrips = 0;
      for (; responder.state.braid.epoch <= 51; roundTrips += 1) {
        const there = initiator.send();
        expect(await responder.receive(there.message)).toEqual(there.key);
        const back = responder.send();
        expect(await initiator.receive(back.message)).toEqual(back.key);
        lengths.push(initiator.record.length, responder.record.length);
      }
      expect(roundTrips / 51).toBeGreaterThan(43);
      expect(roundTrips / 51).toBeLessThan(44);
      // A decapsulation key, a first part of a ciphertext but for a chunk of it, and the chains.
      expect(Math.max(...lengths)).toBeLessThan(4_000);
      expect(Math.max(...lengths.slice(-400))).toBeLessThanOrEqual(Math.max(...lengths.slice(0, 400)) + 16);
      expect(initiator.pages.size + responder.pages.size).toBe(0);
    },
  );

  it('loss leaves nothing behind that grows', { timeout: 120_000 }, async () => {
    const lossy = { ...calm, loss: [0.3, 0.3], delay: 0.3, duplication: 0.1 } as const;
    const result = await playNetwork({ ...lossy, seed: 'network growth', turns: 6_000 });
    expect(result.epoch).toBeGreaterThan(30);
    const lengths = [...result.recordLengths.values()];
    expect(Math.max(...lengths)).toBeLessThan(4_400);
    expect(result.pages).toBeLessThan(20);
  });
});

describe('without an answer', () => {
  it('one side goes on for long, and everything is readable afterwards', { timeout: 120_000 }, async () => {
    for (const first of ['initiator', 'responder'] as const) {
      const sides = pair('one-sided');
      const [talker, listener] =
        first === 'initiator' ? [sides.initiator, sides.responder] : [sides.responder, sides.initiator];
      const sent = Array.from({ length: 1_500 }, () => talker.send());
      expect(talker.state.braid.epoch).toBe(1);
      // The last first: everything before it is set aside.
      expect(await listener.receive(sent.at(-1)!.message)).toEqual(sent.at(-1)!.key);
      for (const { message, key } of sent.slice(0, -1)) expect(await listener.receive(message)).toEqual(key);
      expect(listener.pages.size).toBe(0);
      expect(listener.state.braid.epoch).toBe(1);
    }
  });
});

if (process.env['SLOW'] === '1') {
  describe('from fresh seeds', () => {
    it('nothing is lost, either', { timeout: 3_600_000 }, async () => {
      for (let run = 0; run < 60; run += 1) {
        const seed = crypto.randomUUID();
        console.log(`spqr network ${run + 1} of 60: seed ${seed}`);
        await playNetwork({ ...schedules[run % schedules.length]!, seed, turns: 1_500 });
      }
    });
  });
}
