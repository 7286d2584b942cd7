/**
 * Tells when somebody no longer answers, and does not take its own sleep for another's silence: a page that was
 * frozen asks anew before it judges. Knows no port.
 */
import { limits } from '../limits.js';
import type { Clock } from '../ports/host.js';

/** See the header. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #ping: () => void;
  readonly #onSilence: () => void;
  readonly #everyMs: number;
  readonly #silenceMs: number;
  /** When the ping went out that is not answered yet. */
  #askedAt: number | undefined;
  #lastTickAt = 0;
  #cancel: () => void = () => undefined;

  constructor(parts: {
    clock: Clock;
    ping: () => void;
    onSilence: () => void;
    everyMs?: number;
    silenceMs?: number;
  }) {
    this.#clock = parts.clock;
    this.#ping = parts.ping;
    this.#onSilence = parts.onSilence;
    this.#everyMs = parts.everyMs ?? limits.remoteHeartbeatMs;
    this.#silenceMs = parts.silenceMs ?? limits.remoteSilenceMs;
  }

  /** Begins to ask. Starts over if it has begun. */
  start(): void {
    this.#cancel();
    this.#askedAt = undefined;
    this.#lastTickAt = this.#clock.monotonicNow();
    this.#schedule();
  }

  /** Ends it. */
  stop(): void {
    this.#cancel();
    this.#cancel = () => undefined;
  }

  /** The other side said something. */
  heard(): void {
    this.#askedAt = undefined;
  }

  #schedule(): void {
    this.#cancel = this.#clock.schedule(this.#everyMs, () => {
      this.#tick();
    });
  }

  #tick(): void {
    const now = this.#clock.monotonicNow();
    const hasSlept = now - this.#lastTickAt > this.#silenceMs;
    this.#lastTickAt = now;
    if (hasSlept) this.#askedAt = undefined;
    if (this.#askedAt !== undefined && now - this.#askedAt >= this.#silenceMs) {
      this.stop();
      this.#onSilence();
      return;
    }
    if (this.#askedAt === undefined) {
      this.#askedAt = now;
      this.#ping();
    }
    this.#schedule();
  }
}
