/**
 * Many waiting for one signal, through one listener on it: platforms warn of a leak when a signal has
 * more than a few. Knows nothing of what waits.
 */

interface Watch {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const watches = new WeakMap<AbortSignal, Watch>();

/**
 * Calls back when the signal aborts. What has aborted already is the caller's to see.
 * @returns stops waiting
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks } = watches.get(signal) ?? watch(signal);
  // A function of its own, so that one callback may wait twice.
  const call = () => {
    callback();
  };
  callbacks.add(call);
  return () => {
    if (callbacks.delete(call) && callbacks.size === 0) unwatch(signal);
  };
}

function watch(signal: AbortSignal): Watch {
  const callbacks = new Set<() => void>();
  const listener = () => {
    for (const call of [...callbacks]) call();
  };
  const begun = { callbacks, listener };
  watches.set(signal, begun);
  signal.addEventListener('abort', listener);
  return begun;
}

function unwatch(signal: AbortSignal): void {
  const begun = watches.get(signal);
  if (begun) signal.removeEventListener('abort', begun.listener);
  watches.delete(signal);
}
