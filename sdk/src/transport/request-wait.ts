/** Waits for one request: until it settles, its time is up, its caller aborts or the transport closes. */
import { SottoError } from '../errors.js';
import type { Clock } from '../ports/host.js';
import { onAbort } from './on-abort.js';
import { streamLimits } from './stream-limits.js';

/** What ends a wait early. */
export interface RequestWaitOptions {
  readonly clock: Clock;
  /** The transport's own end: the request fails as `offline`. */
  readonly closing: AbortSignal;
  /** The caller's: the request fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts work under a signal that tells it when nobody waits any more.
 * @throws SottoError `request-timeout`, `offline`; the caller's abort reason; whatever `work` throws
 */
export function waitFor<Result>(
  work: (stop: AbortSignal) => Promise<Result>,
  { clock, closing, signal }: RequestWaitOptions,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = new AbortController();
    const waits: (() => void)[] = [];
    const onClosing = () => {
      finish(() => {
        reject(new SottoError('offline'));
      });
    };
    const onCallerAbort = () => {
      finish(() => {
        reject(signal?.reason as Error);
      });
    };
    const cancelTimeout = clock.schedule(streamLimits.requestTimeoutMs, () => {
      finish(() => {
        reject(new SottoError('request-timeout'));
      });
    });
    const finish = (settle: () => void) => {
      cancelTimeout();
      for (const stopWaiting of waits.splice(0)) stopWaiting();
      // Settled first, so that work which rejects because it was stopped is not what the caller hears.
      settle();
      stop.abort();
    };
    if (signal?.aborted) {
      onCallerAbort();
      return;
    }
    if (closing.aborted) {
      onClosing();
      return;
    }
    waits.push(onAbort(closing, onClosing));
    if (signal) waits.push(onAbort(signal, onCallerAbort));
    work(stop.signal).then(
      (result) => {
        finish(() => {
          resolve(result);
        });
      },
      (error: Error) => {
        finish(() => {
          reject(error);
        });
      },
    );
  });
}
