import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AccountId, Username } from '@sotto/sdk/wire';
import { createBoundedLimiter } from '../../src/limits/bounded-limiter.js';
import { limitTable, type LimitRow } from '../../src/limits/limit-table.js';
import { createRateLimits } from '../../src/limits/rate-limits.js';
import type { LimitSubject, ProblemError, RateLimits } from '../../src/ports.js';

const alice = '11111111-1111-4111-8111-111111111111' as AccountId;
const bob = '22222222-2222-4222-8222-222222222222' as AccountId;
const carol = '33333333-3333-4333-8333-333333333333' as AccountId;

/** How many pass before the first refusal. */
async function passing(limits: RateLimits, limit: LimitRow['limit'], subject: LimitSubject): Promise<number> {
  for (let passed = 0; passed < 10_000; passed += 1) {
    try {
      await limits.consume(limit, subject);
    } catch (error) {
      expect((error as ProblemError).code).toBe('rate-limited');
      expect((error as ProblemError).extra.retryAfterMs).toBeGreaterThan(0);
      return passed;
    }
  }
  throw new Error('never refused');
}

describe('the limit table', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('lets 60 sends through at once, then one a second, and counts each account for itself', async () => {
    const limits = createRateLimits();
    expect(await passing(limits, 'send', { accountId: alice, address: '192.0.2.1' })).toBe(60);
    vi.advanceTimersByTime(1_000);
    expect(await passing(limits, 'send', { accountId: alice, address: '192.0.2.1' })).toBe(1);
    expect(await passing(limits, 'send', { accountId: bob, address: '192.0.2.1' })).toBe(60);
  });

  it('lets 10 connections a minute through', async () => {
    const limits = createRateLimits();
    expect(await passing(limits, 'connect', { accountId: alice, address: '192.0.2.1' })).toBe(10);
  });

  it('hands one asker 6 bundles of one target, then one in ten minutes; other targets are not affected', async () => {
    const limits = createRateLimits();
    const subject = { accountId: alice, targetId: bob, address: '192.0.2.1' };
    expect(await passing(limits, 'bundle', subject)).toBe(6);
    vi.advanceTimersByTime(10 * 60_000);
    expect(await passing(limits, 'bundle', subject)).toBe(1);
    expect(await passing(limits, 'bundle', { ...subject, targetId: carol })).toBe(6);
  });

  it('stops many askers from draining one target', async () => {
    const limits = createRateLimits();
    let passed = 0;
    for (let asker = 0; asker < 40; asker += 1) {
      const accountId = `00000000-0000-4000-8000-0000000000${asker + 10}` as AccountId;
      passed += await passing(limits, 'bundle', { accountId, targetId: bob, address: `192.0.2.${asker}` });
    }
    expect(passed).toBe(60);
  });

  it('stops one asker from draining many targets, and many accounts at one address', async () => {
    const limits = createRateLimits();
    let byAccount = 0;
    let byAddress = 0;
    for (let one = 10; one < 90; one += 1) {
      const other = `00000000-0000-4000-8000-0000000000${one}` as AccountId;
      byAccount += await passing(limits, 'bundle', {
        accountId: alice,
        targetId: other,
        address: `198.51.100.${one}`,
      });
      const pair = { accountId: other, targetId: `${other.slice(0, -4)}ff${one}` as AccountId };
      byAddress += await passing(limits, 'bundle', { ...pair, address: '192.0.2.9' });
    }
    expect({ byAccount, byAddress }).toEqual({ byAccount: 60, byAddress: 240 });
  });

  it('counts guesses of one name from one place, and from many', async () => {
    const limits = createRateLimits();
    const username = 'alice' as Username;
    expect(await passing(limits, 'login', { username, address: '192.0.2.1' })).toBe(10);
    let passed = 10;
    for (let host = 2; host < 30; host += 1)
      passed += await passing(limits, 'login', { username, address: `192.0.2.${host}` });
    expect(passed).toBe(100);
  });

  it('counts an IPv6 network as one address', async () => {
    const limits = createRateLimits();
    expect(await passing(limits, 'register', { address: '2001:db8:0:1::1' })).toBe(20);
    expect(await passing(limits, 'register', { address: '2001:db8::1:ffff:0:0:2' })).toBe(0);
    expect(await passing(limits, 'register', { address: '2001:db8:0:2::1' })).toBe(20);
    expect(await passing(limits, 'register', { address: '::ffff:192.0.2.7' })).toBe(20);
    expect(await passing(limits, 'register', { address: '192.0.2.7' })).toBe(0);
  });

  it('has its ceilings raised by a factor and still refuses', async () => {
    const limits = createRateLimits({ factor: 10 });
    expect(await passing(limits, 'send', { accountId: alice, address: '192.0.2.1' })).toBe(600);
  });

  it('opens or closes, as the row says, when a counter fails', async () => {
    const failures: unknown[] = [];
    const createLimiter = () => ({ take: () => Promise.reject(new Error('counter lost')), size: 0 });
    const limits = createRateLimits({ createLimiter, onFailure: (error) => failures.push(error) });
    await limits.consume('send', { accountId: alice, address: '192.0.2.1' });
    await expect(async () => limits.consume('login', { address: '192.0.2.1' })).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(failures).toHaveLength(2);
  });

  it('says for every row why, and has one for every class', () => {
    for (const row of limitTable) {
      expect(row.reason).not.toBe('');
      expect(row.burst).toBeGreaterThanOrEqual(row.refill);
    }
    const classes = new Set(limitTable.map(({ limit }) => limit));
    expect([...classes].sort()).toEqual([
      'acknowledge',
      'bundle',
      'connect',
      'key-upload',
      'login',
      'read',
      'recover',
      'register',
      'resolve',
      'resume',
      'send',
      'token',
    ]);
  });
});

describe('a bounded limiter', () => {
  it('holds no more keys than it may, and forgets the one used least recently', () => {
    const limiter = createBoundedLimiter({ burst: 2, refill: 1, refillMs: 60_000 }, 3);
    const take = (key: string) => limiter.take(key).kind;
    take('first');
    take('first');
    for (const key of ['second', 'third', 'first', 'fourth']) take(key);
    expect(limiter.size).toBe(3);
    expect(take('first')).toBe('refused');
    for (let key = 0; key < 1_000; key += 1) take(String(key));
    expect(limiter.size).toBe(3);
  });

  it('lets a burst through and then no more than it refills, however long somebody does not pause', () => {
    let nowMs = 0;
    const limiter = createBoundedLimiter({ burst: 5, refill: 2, refillMs: 1_000 }, 3, () => nowMs);
    let passed = 0;
    for (; nowMs <= 60_000; nowMs += 250) if (limiter.take('busy').kind === 'taken') passed += 1;
    expect(passed).toBe(5 + 2 * 60);
    expect(limiter.take('busy')).toEqual({ kind: 'refused', retryAfterMs: 250 });
    nowMs -= 10_000;
    expect(limiter.take('busy').kind).toBe('refused');
    nowMs += 100_000;
    expect(
      Array.from({ length: 6 }, () => limiter.take('busy').kind).filter((kind) => kind === 'taken'),
    ).toHaveLength(5);
  });
});
