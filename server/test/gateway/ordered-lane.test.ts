import { describe, expect, it } from 'vitest';
import { OrderedLane } from '../../src/gateway/ordered-lane.js';

const limits = { maxRequests: 3, maxBytes: 100, retryAfterMs: 5 };

function deferred<Value>() {
  let resolve!: (value: Value) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe('ordered lane', () => {
  it('admits in order, one at a time, and lets outcomes overlap', async () => {
    const lane = new OrderedLane(limits);
    const gates = [deferred<void>(), deferred<void>()];
    const outcomes = [deferred<string>(), deferred<string>()];
    const log: string[] = [];
    const runs = [0, 1].map((index) =>
      lane.run(1, async () => {
        log.push(`begin ${index}`);
        await gates[index]?.promise;
        log.push(`admitted ${index}`);
        return { outcome: outcomes[index]?.promise as Promise<string> };
      }),
    );
    gates[1]?.resolve();
    gates[0]?.resolve();
    outcomes[1]?.resolve('second');
    expect(await runs[1]).toBe('second');
    expect(log).toEqual(['begin 0', 'admitted 0', 'begin 1', 'admitted 1']);
    outcomes[0]?.resolve('first');
    expect(await runs[0]).toBe('first');
  });

  it('goes on after an admission and after an outcome that failed', async () => {
    const lane = new OrderedLane(limits);
    await expect(lane.run(1, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    const failed = lane.run(1, async () => ({ outcome: Promise.reject(new Error('lost')) }));
    await expect(failed).rejects.toThrow('lost');
    expect(await lane.run(1, async () => ({ outcome: Promise.resolve('fine') }))).toBe('fine');
  });

  it('refuses beyond its limits, by number and by bytes, and recovers', async () => {
    const lane = new OrderedLane(limits);
    const held = deferred<string>();
    const hold = (bytes: number) => lane.run(bytes, async () => ({ outcome: held.promise }));
    const refusal = { code: 'rate-limited', extra: { retryAfterMs: 5 } };
    const first = hold(60);
    await expect(hold(41)).rejects.toMatchObject(refusal);
    const others = [hold(1), hold(1)];
    await expect(hold(1)).rejects.toMatchObject(refusal);
    held.resolve('done');
    await Promise.all([first, ...others]);
    expect(await hold(100)).toBe('done');
  });
});
