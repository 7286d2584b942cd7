/** Waits on state: asks again until something is true. */
import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 20_000;

/** @param what - for the failure's message */
export async function waitFor(
  what: string,
  done: () => boolean | Promise<boolean>,
  withinMs = patienceMs,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error(`waited for ${what} in vain`);
    await sleep(20);
  }
}
