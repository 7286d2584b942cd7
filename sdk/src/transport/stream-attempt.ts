/**
 * One connection from handshake to end: checks what the relay pushes, matches requests with replies,
 * and says once how it ended. Knows no backoff and no next attempt.
 */
import * as z from 'zod/mini';
import { SottoError } from '../errors.js';
import type { Host } from '../host.js';
import type { TransportHandlers } from '../ports/transport.js';
import {
  envelope as envelopeSchema,
  socketGoodbye,
  socketReady,
  wireLimits,
  type Envelope,
  type SocketGoodbye,
  type SocketOperationName,
} from '../wire/index.js';
import { parseProblem } from './problem-error.js';
import type { StreamDriver, StreamSession } from './stream-driver.js';
import { streamLimits } from './stream-limits.js';

/** How a connection ended. */
export type AttemptEnd =
  | { readonly kind: 'lost'; readonly retryAfterMs?: number }
  | { readonly kind: 'unauthorized' }
  | { readonly kind: 'goodbye'; readonly reason: SocketGoodbye['reason'] };

/** What an attempt reports. */
export interface AttemptObserver extends Pick<TransportHandlers, 'envelopes' | 'caughtUp' | 'keysLow'> {
  online(relayTime: number): void;
  /** Once, and not after `close`. */
  ended(end: AttemptEnd): void;
}

/** See the header. */
export class StreamAttempt {
  readonly #observer: AttemptObserver;
  readonly #host: Host;
  readonly #pending = new Set<() => void>();
  #session: StreamSession | undefined;
  #cancelTimeout: () => void = () => undefined;
  #ready = false;
  #over = false;

  constructor(observer: AttemptObserver, host: Host) {
    this.#observer = observer;
    this.#host = host;
  }

  /** Connects. Once. */
  start(driver: StreamDriver, accessToken: string): void {
    this.#cancelTimeout = this.#host.clock.schedule(streamLimits.connectTimeoutMs, () => {
      this.#end({ kind: 'lost' });
    });
    const session = driver.connect(
      { protocol: 1, accessToken },
      {
        event: (name, payload) => {
          if (!this.#over) this.#event(name, payload);
        },
        refused: (problem) => {
          this.#refused(problem);
        },
        ended: () => {
          this.#end({ kind: 'lost' });
        },
      },
    );
    this.#session = session;
    if (this.#over) session.close();
  }

  /**
   * Asks the relay.
   * @throws SottoError `offline`, `request-timeout`, `limit-exceeded`
   */
  request(operation: SocketOperationName, payload: unknown): Promise<unknown> {
    const session = this.#session;
    if (!this.#ready || this.#over || !session) return Promise.reject(new SottoError('offline'));
    if (this.#pending.size >= streamLimits.maxPendingRequests) {
      return Promise.reject(new SottoError('limit-exceeded', { details: { limit: 'maxPendingRequests' } }));
    }
    return new Promise((resolve, reject) => {
      const lose = () => {
        settle();
        reject(new SottoError('offline'));
      };
      const cancel = this.#host.clock.schedule(streamLimits.requestTimeoutMs, () => {
        settle();
        reject(new SottoError('request-timeout'));
      });
      const settle = () => {
        cancel();
        this.#pending.delete(lose);
      };
      this.#pending.add(lose);
      session.request(operation, payload).then((reply) => {
        settle();
        resolve(reply);
      }, lose);
    });
  }

  /** Ends the connection without a report. Requests under way fail as `offline`. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelTimeout();
    this.#session?.close();
    for (const lose of [...this.#pending]) lose();
  }

  #end(end: AttemptEnd): void {
    if (this.#over) return;
    this.close();
    this.#observer.ended(end);
  }

  #refused(payload: unknown): void {
    const problem = parseProblem(payload);
    if (problem?.code === 'unauthorized') this.#end({ kind: 'unauthorized' });
    else if (problem?.retryAfterMs !== undefined)
      this.#end({ kind: 'lost', retryAfterMs: problem.retryAfterMs });
    else this.#end({ kind: 'lost' });
  }

  #event(name: string, payload: unknown): void {
    if (name === 'ready') this.#onReady(payload);
    else if (name === 'goodbye') this.#onGoodbye(payload);
    else if (!this.#ready) this.#ignored('early-push', name);
    else if (name === 'envelopes') this.#onEnvelopes(payload);
    else if (name === 'caught-up') this.#observer.caughtUp();
    else if (name === 'keys-low') this.#observer.keysLow();
    else this.#ignored('unknown-push', 'other');
  }

  #onReady(payload: unknown): void {
    const ready = socketReady.safeParse(payload);
    if (!ready.success || this.#ready) {
      this.#ignored('malformed-push', 'ready');
      return;
    }
    this.#ready = true;
    this.#cancelTimeout();
    this.#observer.online(ready.data.relayTime);
  }

  #onGoodbye(payload: unknown): void {
    const goodbye = socketGoodbye.safeParse(payload);
    if (goodbye.success) this.#end({ kind: 'goodbye', reason: goodbye.data.reason });
    else this.#ignored('malformed-push', 'goodbye');
  }

  /** Envelope by envelope: a malformed one does not take the good ones of its page with it. */
  #onEnvelopes(payload: unknown): void {
    const page = looseEnvelopePage.safeParse(payload);
    if (!page.success) {
      this.#ignored('malformed-push', 'envelopes');
      return;
    }
    const envelopes: Envelope[] = [];
    for (const candidate of page.data.envelopes) {
      const parsed = envelopeSchema.safeParse(candidate);
      if (parsed.success) envelopes.push(parsed.data);
      else this.#ignored('malformed-push', 'envelope');
    }
    if (envelopes.length > 0) this.#observer.envelopes(envelopes);
  }

  #ignored(event: string, push: string): void {
    this.#host.logger.log('warn', event, { push });
  }
}

const looseEnvelopePage = z.object({
  envelopes: z.array(z.unknown()).check(z.maxLength(wireLimits.maxEnvelopesPerPage)),
});
