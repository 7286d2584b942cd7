/** Runs a piece of work once for a burst of wishes. Knows nothing of what it does. */

/** Wishes within this time are one; short enough to look immediate. */
const gatheringMs = 40;

/**
 * Wraps work so that it never runs twice at once: whoever asks while it is wanted or under way gets one more run.
 * @returns resolves when a run that began after the call has ended; rejects as the work does
 */
export function coalesced(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const run = async () => {
    await new Promise((resolve) => setTimeout(resolve, gatheringMs));
    await running?.catch(() => undefined);
    next = undefined;
    running = work();
    await running;
  };
  return () => (next ??= run());
}
