/** Waits for one request: until it settles, its time is up, its caller aborts or the transport closes. */
import { SottoError } from '../errors.js';
import type { Clock } from '../ports/host.js';
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
    const onClosing = () => {
      finish(() => {
        reject(new SottoError('offline'));
      });
    };
    const onAbort = () => {
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
      closing.removeEventListener('abort', onClosing);
      signal?.removeEventListener('abort', onAbort);
      // Settled first, so that work which rejects because it was stopped is not what the caller hears.
      settle();
      stop.abort();
    };
    if (signal?.aborted) {
      onAbort();
      return;
    }
    if (closing.aborted) {
      onClosing();
      return;
    }
    closing.addEventListener('abort', onClosing);
    signal?.addEventListener('abort', onAbort);
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
