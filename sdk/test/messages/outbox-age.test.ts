/** When a message that waits is given up: by two clocks, of which either may be wrong. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.js';
import { outboxTimes, timesFrom } from '../../src/messages/outbox-age.js';

const dayMs = 24 * 60 * 60 * 1000;
const yearsMs = 10 * 365 * dayMs;
const ttlMs = limits.outboxTtlMs;
const start = 1_700_000_000_000;
const expired = expect.objectContaining({ code: 'send-expired' });
const anyTime = fc.oneof(
  fc.double({ min: -1e17, max: 1e17, noNaN: true }),
  fc.integer({ min: start - 100 * dayMs, max: start + 100 * dayMs }),
);

type Times = ReturnType<typeof outboxTimes>;

/** @returns how long an entry lives that is looked at at these moments, and was not over at the last that it saw */
function lifeMs(written: Times, looks: readonly { readonly afterMs: number; readonly relayNow: number }[]) {
  let times = written;
  for (const { afterMs, relayNow } of looks) {
    try {
      times = timesFrom(times, { now: start + afterMs, relayNow });
    } catch (error) {
      expect(error).toEqual(expired);
      return afterMs;
    }
  }
  return Infinity;
}

describe('the age of what waits', () => {
  it.each<[string, number, number, 'waits' | 'ends']>([
    ['both say young', ttlMs, ttlMs, 'waits'],
    ['both say old', ttlMs + 1, ttlMs + 1, 'ends'],
    ['the own clock was set forward', yearsMs, dayMs, 'waits'],
    ['the own clock was set forward, and it is old', yearsMs, ttlMs + 1, 'ends'],
    ['the own clock was set back', -yearsMs, dayMs, 'waits'],
    ['the own clock was set back, and it is old', -yearsMs, 40 * dayMs, 'ends'],
    ['the relay alone says old', dayMs, yearsMs, 'waits'],
    ['the relay’s clock was set back', dayMs, -yearsMs, 'waits'],
    ['the relay has not said its time, and it is young', dayMs, NaN, 'waits'],
    ['the relay has not said its time, and it is old', ttlMs + 1, NaN, 'ends'],
  ])('where %s', (_, ageMs, relayAgeMs, expected) => {
    const written = outboxTimes({ now: start, relayNow: start });
    const judge = () => timesFrom(written, { now: start + ageMs, relayNow: start + relayAgeMs });
    if (expected === 'ends') expect(judge).toThrow(expired);
    else expect(judge).not.toThrow();
  });

  it('changes nothing while the clocks go as they do', () => {
    const written = outboxTimes({ now: start, relayNow: start + 0.25 });
    expect(timesFrom(written, { now: start + ttlMs, relayNow: start + ttlMs })).toBe(written);
  });

  it('is the own clock’s word alone before the relay has said its time, and what is too old by then ends', () => {
    const written = outboxTimes({ now: start, relayNow: NaN });
    expect(written).toEqual({ createdAt: start });
    expect(() => timesFrom(written, { now: start + yearsMs, relayNow: start })).toThrow(expired);
    expect(timesFrom(written, { now: start + dayMs, relayNow: NaN })).toEqual({ createdAt: start });
  });

  it('is as much by the relay’s clock at the first look as by the own, and then goes on by both', () => {
    const relayNow = start + yearsMs;
    const written = outboxTimes({ now: start, relayNow: NaN });
    const times = timesFrom(written, { now: start + 20 * dayMs, relayNow });
    expect(times).toEqual({ createdAt: start, relayCreatedAt: relayNow - 20 * dayMs });
    const back = { now: start - yearsMs, relayNow: relayNow + 8 * dayMs };
    expect(() => timesFrom(times, back)).not.toThrow();
    expect(() => timesFrom(times, { ...back, relayNow: back.relayNow + 1 })).toThrow(expired);
  });

  it('begins with the first look where the own clock was set back before it', () => {
    const written = outboxTimes({ now: start, relayNow: NaN });
    const times = timesFrom(written, { now: start - yearsMs, relayNow: start });
    expect(times).toEqual({ createdAt: start, relayCreatedAt: start, recountedAt: start - yearsMs });
  });

  it('is the relay’s word where a clock was set forward and then put right', () => {
    const written = outboxTimes({ now: start, relayNow: start });
    const ahead = timesFrom(written, { now: start + yearsMs, relayNow: start });
    const right = timesFrom(ahead, { now: start + ttlMs, relayNow: start + ttlMs });
    expect(() => timesFrom(right, { now: start + ttlMs + 1, relayNow: start + ttlMs + 1 })).toThrow(expired);
  });

  it('is neither cut short nor stretched beyond twice its limit by whatever a relay says', () => {
    const look = fc.record({ afterMs: fc.integer({ min: 0, max: 3 * ttlMs }), relayNow: anyTime });
    const looks = fc.array(look, { maxLength: 8 }).map((all) => all.sort((a, b) => a.afterMs - b.afterMs));
    fc.assert(
      fc.property(fc.oneof(anyTime, fc.constant(NaN)), looks, anyTime, (relayNow, before, last) => {
        const written = outboxTimes({ now: start, relayNow });
        const early = before.filter(({ afterMs }) => afterMs <= ttlMs);
        expect(lifeMs(written, early)).toBe(Infinity);
        // Looked at when the limit is over, and when it is over again.
        const late = [...early, ...[1, 2].map((n) => ({ afterMs: n * (ttlMs + 1), relayNow: last }))];
        expect(lifeMs(written, late)).toBeLessThanOrEqual(2 * (ttlMs + 1));
      }),
    );
  });

  it('is told in times that can be stored, whatever a relay says', () => {
    for (const relayNow of [-1, 0.5, 1e300, Infinity, -Infinity]) {
      const { relayCreatedAt } = outboxTimes({ now: start, relayNow });
      expect(relayCreatedAt).toBeGreaterThanOrEqual(0);
      expect(relayCreatedAt).toBeLessThanOrEqual(8_640_000_000_000_000);
      expect(Number.isInteger(relayCreatedAt)).toBe(true);
    }
  });
});
