import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { seededRandom, type SeededRandom } from '../../../../src/testing/seeded-random.js';
import { CheatedWorld, trickNames, type TrickName } from './cheater.js';

const slow = process.env['SLOW'] === '1';
const steps = 220;

/** Cheats a device on libsignal and one on the portable engine in the same way; both must take and refuse the same. */
async function play(seed: string, cheating: number, counts: Map<string, number>): Promise<void> {
  const schedule = seededRandom(seed);
  const cheaterStarts = schedule.chance(0.5);
  const worlds = [
    await CheatedWorld.create('libsignal', cheaterStarts),
    await CheatedWorld.create('portable', cheaterStarts),
  ] as const;
  let trick: TrickName = 'honest';
  for (let step = 0; step < steps; step += 1) {
    const label = `seed ${seed} step ${step}`;
    trick = nextTrick(schedule, cheating, trick);
    const draws = `${seed}/${step}`;
    const [expected, got] = await both(worlds, (world) => world.cheat(trick, seededRandom(draws)));
    expect(got, `${label}: ${trick}`).toBe(expected);
    count(counts, `${trick}: ${expected}`);
    if (!schedule.chance(0.7)) continue;
    const [native, portable] = await both(worlds, (world) => world.answer());
    expect(portable, `${label}: answer`).toBe(native);
  }
}

/** What was spoilt is often put right, so that more than the first epoch is seen. */
function nextTrick(schedule: SeededRandom, cheating: number, last: TrickName): TrickName {
  if (last === 'spoilt chunk' && schedule.chance(0.8)) return 'the payload before';
  if (!schedule.chance(cheating)) return 'honest';
  return schedule.chance(0.3) ? 'spoilt chunk' : schedule.pick(trickNames);
}

async function both<Result>(
  [first, second]: readonly [CheatedWorld, CheatedWorld],
  act: (world: CheatedWorld) => Promise<Result>,
): Promise<readonly [Result, Result]> {
  return [await act(first), await act(second)];
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

it(
  'a device takes and refuses what one on libsignal does, however its peer cheats',
  { timeout: 3_600_000 },
  async () => {
    const counts = new Map<string, number>();
    for (let run = 0; run < 4; run += 1) await play(`cheater ${run}`, run % 2 === 0 ? 0.05 : 0.4, counts);
    for (let run = 0; slow && run < 200; run += 1) {
      const seed = randomBytes(6).toString('hex');
      console.log(`cheater ${run + 1} of 200: seed ${seed}`);
      await play(seed, (run % 5) / 8, counts);
    }
    for (const trick of trickNames) {
      const outcomes = ['taken', 'invalid-message'].map((outcome) => counts.get(`${trick}: ${outcome}`) ?? 0);
      expect(outcomes[0]! + outcomes[1]!, trick).toBeGreaterThan(0);
    }
    for (const name of ['spoilt chunk: taken', 'honest: invalid-message', 'another epoch: invalid-message']) {
      expect(counts.get(name), name).toBeGreaterThan(1);
    }
  },
);
