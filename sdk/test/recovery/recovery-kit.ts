/** Recovers accounts in the tests' worlds, under a plan for every write. */
import { failingStorage, type CommitPlan } from '../../src/testing/failing-storage.js';
import { recoverFrom, type TestBackup } from '../../src/testing/network/recovery.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { memoryStorage, type MemoryMedium } from '../../src/storage/memory/index.js';
import { engineFor } from '../support/engines.js';
import type { World } from '../support/world.js';

/** Where and how an account is recovered. */
export interface RecoveryOptions {
  readonly medium: MemoryMedium;
  /** Whose engine it is; alice's by default. */
  readonly username?: string;
  readonly plan?: CommitPlan;
  readonly signal?: AbortSignal;
}

let attempts = 0;

/**
 * Recovers into a storage, as a messenger does.
 * @returns `recovered`, `died` where the plan let the process die, or the error
 */
export async function recover(
  world: World,
  backup: TestBackup,
  { medium, username = 'alice', plan = () => 'pass', signal }: RecoveryOptions,
): Promise<unknown> {
  let died = () => {};
  const death = new Promise<'died'>((resolve) => {
    died = () => {
      resolve('died');
    };
  });
  const random = seededRandom(`${world.seed}/recovery ${(attempts += 1)}`);
  const work = recoverFrom(backup, {
    storage: failingStorage(memoryStorage({ medium }), { plan, died }),
    transport: world.network.transport(),
    engine: engineFor(username, random),
    clock: world.clock,
    random,
    ...(signal && { signal }),
  });
  return Promise.race([work.then(() => 'recovered').catch((error: unknown) => error), death]);
}
