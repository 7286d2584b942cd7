/**
 * Plays a whole life of three messengers from a seed. The seed fixes the schedule: what is done, what
 * is lost, who dies when. It cannot fix libsignal's own randomness, nor which of two native calls ends
 * first: a run repeats its schedule, its keys are always new.
 */
import { seededRandom } from '../../src/testing/seeded-random.js';
import { makeSchedule, type Action } from './actions.js';
import { assertInvariants } from './invariants.js';
import { Stage } from './stage.js';

/** Actions in a life unless told otherwise: some hundred commits for each of the three. */
export const defaultLength = 60;

/** What a run was, for those who like numbers. */
export interface SimulationResult {
  readonly orderly: boolean;
  readonly messageKeys: number;
}

/**
 * Plays a seed.
 * @throws Error that names the seed, and the action it broke at
 */
export async function simulate(seed: string, length = defaultLength): Promise<SimulationResult> {
  const { actions, orderly } = makeSchedule(seededRandom(seed).fork('schedule'), length);
  let at: Action | 'setting the stage' | 'healing' | 'checking' = 'setting the stage';
  try {
    const stage = await Stage.set(seed);
    for (const action of actions) {
      at = action;
      await stage.play(action);
    }
    at = 'healing';
    await stage.heal();
    at = 'checking';
    await assertInvariants(stage, orderly);
    return { orderly, messageKeys: stage.keys.keyCount };
  } catch (error) {
    const where = typeof at === 'string' ? at : JSON.stringify(at);
    const again = `npm run simulate -- ${seed} --length ${length}`;
    throw new Error(`seed ${seed} broke at ${where}; play it again by ${again}`, { cause: error });
  }
}
