/** Waiting for something, but not for ever. Knows nothing of what it is. */

/**
 * @param work - goes on when it is too late, and what it comes to then is of no interest
 * @returns true when it was done in time
 * @throws what the work throws in time
 */
export async function within(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => (timer = setTimeout(resolve, timeoutMs, false)));
  try {
    return await Promise.race([work.then(() => true), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
