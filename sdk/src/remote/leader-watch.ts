/**
 * Notices that the tab which leads gives no sign. A tab that was itself asleep, frozen or held back, asks anew
 * before it judges. Knows no lock.
 */
import { limits } from '../limits.js';
import type { Clock } from '../ports/host.js';

/** How often it looks, and besides when a moment comes that matters. */
const tickMs = 100;
/** After that much quiet it asks. */
const askAfterMs = 250;
/** Nobody is judged who was not asked, and had this long to answer. */
const answerMs = 900;
/** What there is to do before the lock is taken begins so much sooner: it is taken when the silence is full. */
const headStartMs = 100;
/** Ticks this far apart were not all awake: hidden pages have one a second. */
const sleepMs = 2_500;

/** See the header. */
export class LeaderWatch {
  readonly #clock: Clock;
  readonly #ask: () => void;
  readonly #onSilence: (fullInMs: number) => void;
  #cancel: (() => void) | undefined;
  #lastTickAt = 0;
  #heardAt = 0;
  #askedAt: number | undefined;

  /** @param parts - `onSilence` gets how long it is until the silence is full: signs may still come until then */
  constructor(parts: { clock: Clock; ask: () => void; onSilence: (fullInMs: number) => void }) {
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
    const untilJudgedMs = this.#fullInMs(this.#clock.monotonicNow()) - headStartMs;
    this.#cancel = this.#clock.schedule(Math.min(tickMs, Math.max(0, untilJudgedMs)), () => {
      this.#tick();
      if (this.#cancel) this.#schedule();
    });
  }

  #tick(): void {
    const now = this.#clock.monotonicNow();
    if (now - this.#lastTickAt > sleepMs) this.heard();
    this.#lastTickAt = now;
    if (this.#askedAt === undefined) {
      if (now - this.#heardAt >= askAfterMs) this.#askNow();
      return;
    }
    const fullInMs = this.#fullInMs(now);
    if (fullInMs > headStartMs) return;
    // Whatever comes of it, it is not judged again at the next tick.
    this.heard();
    // Who is late itself has signs to hear first that have come meanwhile.
    this.#onSilence(fullInMs < headStartMs / 2 ? headStartMs : fullInMs);
  }

  /** How long it is until there was no sign for long enough, although there was time to give one. */
  #fullInMs(now: number): number {
    if (this.#askedAt === undefined) return limits.shareSilenceMs;
    return Math.max(this.#heardAt + limits.shareSilenceMs, this.#askedAt + answerMs) - now;
  }

  #askNow(): void {
    this.#askedAt = this.#clock.monotonicNow();
    this.#ask();
  }
}
