/** The clock and the randomness that tests hold in their hands. */
import { describe, expect, it } from 'vitest';
import { manualClock, seededRandom } from '../../src/testing/index.js';

describe('the manual clock', () => {
  it('runs what falls due in the order of its time, and of its scheduling within one time', async () => {
    const clock = manualClock(1_000);
    const ran: [string, number][] = [];
    const note = (name: string) => () => ran.push([name, clock.now()]);
    clock.schedule(20, note('late'));
    clock.schedule(10, note('first'));
    clock.schedule(10, note('second'));
    clock.schedule(21, note('not yet'));
    await clock.advance(20);
    expect(ran).toEqual([
      ['first', 1_010],
      ['second', 1_010],
      ['late', 1_020],
    ]);
    expect([clock.scheduledCount(), clock.nextInMs(), clock.monotonicNow()]).toEqual([1, 1, 20]);
  });

  it('lets what a call starts go on before the next call', async () => {
    const clock = manualClock();
    const ran: string[] = [];
    clock.schedule(1, () => {
      void (async () => {
        for (let step = 0; step < 50; step += 1) await Promise.resolve();
        ran.push('microtasks');
        clock.schedule(1, () => ran.push('scheduled meanwhile'));
      })();
    });
    clock.schedule(5, () => ran.push('next'));
    await clock.advance(5);
    expect(ran).toEqual(['microtasks', 'scheduled meanwhile', 'next']);
  });

  it('forgets what was cancelled, and jumps without running anything', async () => {
    const clock = manualClock(1_000);
    const cancel = clock.schedule(1, () => expect.unreachable());
    cancel();
    cancel();
    clock.schedule(10, () => undefined);
    clock.jump(-500);
    expect([clock.now(), clock.monotonicNow(), clock.scheduledCount()]).toEqual([500, 0, 1]);
    expect([await clock.advanceToNext(), await clock.advanceToNext()]).toEqual([true, false]);
    expect(clock.now()).toBe(510);
  });
});

describe('seeded randomness', () => {
  it('repeats itself from its seed alone', () => {
    const draw = (seed: string | number) => [...seededRandom(seed).bytes(33)];
    expect(draw('a')).toEqual(draw('a'));
    expect(draw('a')).not.toEqual(draw('b'));
    expect(draw(1)).toEqual(draw('1'));
    const forks = (label: string) => [...seededRandom('a').fork(label).bytes(8)];
    expect(forks('x')).toEqual(forks('x'));
    expect(forks('x')).not.toEqual(forks('y'));
  });

  it('spreads evenly', () => {
    const random = seededRandom('even');
    const counts = new Array<number>(16).fill(0);
    for (let draw = 0; draw < 16_000; draw += 1) counts[random.integer(16)]! += 1;
    // Six standard deviations of a fair draw.
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(184);
    const ones = random
      .bytes(8_000)
      .reduce((sum, byte) => sum + byte.toString(2).replace(/0/g, '').length, 0);
    expect(Math.abs(ones - 32_000)).toBeLessThan(760);
  });

  it('picks and shuffles without losing anything', () => {
    const random = seededRandom('pick');
    const items = ['a', 'b', 'c', 'd', 'e'];
    expect([...random.shuffle(items)].sort()).toEqual(items);
    expect(items).toContain(random.pick(items));
    expect(() => random.pick([])).toThrow(RangeError);
    expect([random.chance(0), random.chance(1)]).toEqual([false, true]);
  });
});
