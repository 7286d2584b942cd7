/** Requests that wait side by side: each ends for its own reason, and none leaves anything behind. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { manualClock } from '../../src/testing/manual-clock.js';
import { nextTurn } from '../../src/testing/turns.js';
import { waitFor } from '../../src/transport/request-wait.js';

const many = 64;

let warnings: string[] = [];
const note = (warning: Error) => void warnings.push(warning.name);

beforeEach(() => {
  warnings = [];
  process.on('warning', note);
});

afterEach(() => {
  process.off('warning', note);
});

function waits(options: { closing: AbortSignal; signal?: AbortSignal }) {
  const clock = manualClock();
  const stops: AbortSignal[] = [];
  const started = Array.from({ length: many }, () =>
    waitFor((stop) => new Promise<void>(() => void stops.push(stop)), { clock, ...options }),
  );
  const outcomes = Promise.allSettled(started);
  return { clock, stops, outcomes };
}

describe('many requests at once', () => {
  it('share one signal without a warning, and all hear it', async () => {
    const closing = new AbortController();
    const caller = new AbortController();
    const { clock, stops, outcomes } = waits({ closing: closing.signal, signal: caller.signal });
    await nextTurn();
    expect(warnings).toEqual([]);
    const reason = new Error('no longer wanted');
    caller.abort(reason);
    expect(await outcomes).toEqual(Array(many).fill({ status: 'rejected', reason }));
    expect(stops.every(({ aborted }) => aborted)).toBe(true);
    expect(clock.scheduledCount()).toBe(0);
  });

  it('all end with their transport', async () => {
    const closing = new AbortController();
    const { clock, outcomes } = waits({ closing: closing.signal });
    await nextTurn();
    expect(warnings).toEqual([]);
    closing.abort();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'offline' } });
    }
    expect(clock.scheduledCount()).toBe(0);
  });

  it('leave nothing on a signal that outlives them', async () => {
    const closing = new AbortController().signal;
    let listeners = 0;
    const counted = Object.assign(Object.create(closing) as AbortSignal, {
      addEventListener: () => (listeners += 1),
      removeEventListener: () => (listeners -= 1),
    });
    Object.defineProperty(counted, 'aborted', { value: false });
    const clock = manualClock();
    let finish = () => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const all = Array.from({ length: many }, () => waitFor(() => finished, { clock, closing: counted }));
    expect(listeners).toBe(1);
    finish();
    await Promise.all(all);
    expect(listeners).toBe(0);
    expect(clock.scheduledCount()).toBe(0);
  });
});
