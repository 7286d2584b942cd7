import { afterEach, describe, expect, it, vi } from 'vitest';
import { MicroBatch, type BatchAnswer } from '../../src/mailbox/micro-batch.js';
import { ProblemError } from '../../src/ports.js';

/** Batches of numbers; each batch waits until it is let through. */
function batches(
  overrides: Partial<
    Record<'maxItems' | 'maxSize' | 'maxWaiting' | 'maxWaitingSize' | 'pauseMs', number>
  > = {},
) {
  const seen: (readonly number[])[] = [];
  const gates: (() => void)[] = [];
  const poison = new Set<number>();
  const batch = new MicroBatch<number, string>({
    maxItems: overrides.maxItems ?? 10,
    maxSize: overrides.maxSize ?? 1000,
    maxWaiting: overrides.maxWaiting ?? 100,
    maxWaitingSize: overrides.maxWaitingSize ?? 100_000,
    sizeOf: (item) => item,
    pauseMs: overrides.pauseMs,
    run: async (items) => {
      seen.push(items);
      await new Promise<void>((resolve) => gates.push(resolve));
      if (items.some((item) => poison.has(item))) throw new Error('the batch failed');
      return items.map((item): BatchAnswer<string> =>
        item === 13 ? { refused: new ProblemError('mailbox-full') } : { result: `did ${item}` },
      );
    },
  });
  const turns = async () => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  const release = async () => {
    await turns();
    gates.shift()?.();
    await turns();
  };
  return { batch, seen, poison, release };
}

describe('micro batch', () => {
  it('takes calls of one turn together, and those that come meanwhile into the next', async () => {
    const { batch, seen, release } = batches();
    const first = [batch.submit(1), batch.submit(2)];
    await release();
    expect(await Promise.all(first)).toEqual(['did 1', 'did 2']);
    const second = batch.submit(3);
    const third = (await Promise.resolve(), batch.submit(4));
    await release();
    await release();
    expect(await Promise.all([second, third])).toEqual(['did 3', 'did 4']);
    expect(seen.flat()).toEqual([1, 2, 3, 4]);
  });

  it('works on after it came to rest, in the very turn in which it rests', async () => {
    const { batch, release } = batches();
    let call = batch.submit(100);
    for (let round = 101; round < 120; round += 1) {
      const next = call.then(() => batch.submit(round));
      await release();
      call = next;
    }
    await release();
    expect(await call).toBe('did 119');
  });

  it('keeps to its bounds of items and bytes, and lets a single large one through', async () => {
    const { batch, seen, release } = batches({ maxItems: 3, maxSize: 50 });
    const calls = [1, 2, 3, 4, 40, 20, 900, 1].map((size) => batch.submit(size));
    for (let count = 0; count < 5; count += 1) await release();
    await Promise.all(calls);
    expect(seen).toEqual([[1, 2, 3], [4, 40], [20], [900], [1]]);
  });

  it('refuses what does not fit into its queue', async () => {
    const { batch, release } = batches({ maxWaiting: 2 });
    const calls = [batch.submit(1), batch.submit(2)];
    await expect(batch.submit(3)).rejects.toMatchObject({ code: 'unavailable' });
    await release();
    await Promise.all(calls);
  });

  it('refuses what would make its queue too large, and takes it again when there is room', async () => {
    const { batch, seen, release } = batches({ maxWaitingSize: 100, maxItems: 1 });
    const calls = [batch.submit(900)];
    await expect(batch.submit(1)).rejects.toMatchObject({ code: 'unavailable' });
    await release();
    calls.push(batch.submit(60), batch.submit(40));
    await expect(batch.submit(1)).rejects.toMatchObject({ code: 'unavailable' });
    await release();
    calls.push(batch.submit(55));
    for (let count = 0; count < 3; count += 1) await release();
    await Promise.all(calls);
    expect(seen.flat()).toEqual([900, 60, 40, 55]);
  });

  it('answers a refusal to its own caller alone', async () => {
    const { batch, release } = batches();
    const calls = [batch.submit(12), batch.submit(13), batch.submit(14)];
    await release();
    const [first, second, third] = await Promise.allSettled(calls);
    expect([first?.status, third?.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(second).toMatchObject({ reason: { code: 'mailbox-full' } });
  });

  it('repeats a failed batch one by one, so that one bad call fails alone', async () => {
    const { batch, seen, poison, release } = batches();
    poison.add(2);
    const calls = Promise.allSettled([batch.submit(1), batch.submit(2), batch.submit(3)]);
    for (let count = 0; count < 4; count += 1) await release();
    expect((await calls).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(seen).toEqual([[1, 2, 3], [1], [2], [3]]);
  });

  it('gives the rest of a batch up when it is plain that nothing works', async () => {
    const { batch, seen, poison, release } = batches();
    const items = [1, 2, 3, 4, 5, 6];
    for (const item of items) poison.add(item);
    const calls = Promise.allSettled(items.map((item) => batch.submit(item)));
    for (let count = 0; count < 4; count += 1) await release();
    expect((await calls).map(({ status }) => status)).toEqual(items.map(() => 'rejected'));
    expect(seen).toEqual([items, [1], [2], [3]]);
  });
});

describe('micro batch with a pause', () => {
  afterEach(() => void vi.useRealTimers());

  it('takes a call after a rest at once, and what comes within the pause together when it ends', async () => {
    vi.useFakeTimers();
    const { batch, seen, release } = batches({ pauseMs: 25 });
    const calls = [batch.submit(1)];
    await release();
    calls.push(batch.submit(2));
    await vi.advanceTimersByTimeAsync(24);
    calls.push(batch.submit(3));
    expect(seen).toEqual([[1]]);
    await vi.advanceTimersByTimeAsync(1);
    await release();
    await vi.advanceTimersByTimeAsync(1000);
    calls.push(batch.submit(4));
    await release();
    await Promise.all(calls);
    expect(seen).toEqual([[1], [2, 3], [4]]);
  });

  it.each([
    ['items', { maxItems: 3 }, [2, 3, 4]],
    ['size', { maxSize: 50 }, [40, 10]],
  ])('is over as soon as what waits is enough by its %s', async (_, bounds, enough) => {
    vi.useFakeTimers();
    const { batch, seen, release } = batches({ ...bounds, pauseMs: 25 });
    const calls = [batch.submit(1)];
    await release();
    calls.push(...enough.map((item) => batch.submit(item)));
    await release();
    await Promise.all(calls);
    expect(seen).toEqual([[1], enough]);
  });

  it('does not begin while enough waits for the batch after next', async () => {
    vi.useFakeTimers();
    const { batch, seen, release } = batches({ maxItems: 2, pauseMs: 25 });
    const calls = [1, 2, 3, 4].map((item) => batch.submit(item));
    await release();
    await release();
    await Promise.all(calls);
    expect(seen).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
});
