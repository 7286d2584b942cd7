/**
 * Notices that the tab which leads gives no sign. A tab that was itself asleep, frozen or held back, asks anew
 * before it judges. Knows no lock.
 */
import { limits } from '../limits.js';
import type { Clock } from '../ports/host.js';

/** How often it looks. */
const tickMs = 100;
/** After that much quiet it asks. */
const askAfterMs = 250;
/** Nobody is judged who was not asked, and had this long to answer. */
const answerMs = 900;
/** Ticks this far apart were not all awake: hidden pages have one a second. */
const sleepMs = 2_500;

/** See the header. */
export class LeaderWatch {
  readonly #clock: Clock;
  readonly #ask: () => void;
  readonly #onSilence: () => void;
  #cancel: (() => void) | undefined;
  #lastTickAt = 0;
  #heardAt = 0;
  #askedAt: number | undefined;

  constructor(parts: { clock: Clock; ask: () => void; onSilence: () => void }) {
    this.#clock = parts.clock;
    this.#ask = parts.ask;
    this.#onSilence = parts.onSilence;
  }

  /** Begins to look, unless it does. */
  start(): void {
    if (this.#cancel) return;
    this.#lastTickAt = this.#clock.monotonicNow();
    this.heard();
    this.#askNow();
    this.#schedule();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** There was a sign of life. */
  heard(): void {
    this.#heardAt = this.#clock.monotonicNow();
    this.#askedAt = undefined;
  }

  #schedule(): void {
    this.#cancel = this.#clock.schedule(tickMs, () => {
      this.#schedule();
      this.#tick();
    });
  }

  #tick(): void {
    const now = this.#clock.monotonicNow();
    if (now - this.#lastTickAt > sleepMs) this.heard();
    this.#lastTickAt = now;
    const quietMs = now - this.#heardAt;
    if (this.#askedAt === undefined) {
      if (quietMs >= askAfterMs) this.#askNow();
    } else if (quietMs >= limits.shareSilenceMs && now - this.#askedAt >= answerMs) {
      // Whatever comes of it, it is not judged again at the next tick.
      this.heard();
      this.#onSilence();
    }
  }

  #askNow(): void {
    this.#askedAt = this.#clock.monotonicNow();
    this.#ask();
  }
}
