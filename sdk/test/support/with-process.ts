/** A platform with another `process`, or without one. */

/**
 * Does something, at once, where `process` is this. It is back before anything else runs: the runner's own messages
 * need it.
 */
export function withProcess<Result>(process: unknown, work: () => Result): Result {
  const kept = Object.getOwnPropertyDescriptor(globalThis, 'process') as PropertyDescriptor;
  Object.defineProperty(globalThis, 'process', { value: process, configurable: true, writable: true });
  try {
    return work();
  } finally {
    Object.defineProperty(globalThis, 'process', kept);
  }
}
