/**
 * Admits the requests of one connection one after the other, in the order in which they came, and
 * lets their outcomes overlap. Knows nothing of what the requests are.
 */
import { ProblemError } from '../ports.js';

/** A request that was admitted; wrapped, so that waiting for the admission is not waiting for the outcome. */
export interface Admitted<Result> {
  readonly outcome: Promise<Result>;
}

/** Admits one request, at once where nothing has to be waited for. */
type Admit<Result> = () => Admitted<Result> | Promise<Admitted<Result>>;

/** The bounds of one lane. */
export interface LaneLimits {
  readonly maxRequests: number;
  readonly maxBytes: number;
  /** What a refused caller is told. */
  readonly retryAfterMs: number;
}

/** See the file's header. */
export class OrderedLane {
  readonly #limits: LaneLimits;
  /** Settles with the last admission that has to be waited for; undefined when there is none. Never rejects. */
  #lastAdmission: Promise<void> | undefined;
  #requests = 0;
  #bytes = 0;

  constructor(limits: LaneLimits) {
    this.#limits = limits;
  }

  /**
   * Runs `admit` after all earlier admissions — at once when none of them has to be waited for — then waits for
   * its outcome.
   * @param bytes - what the request holds of memory until it is answered
   * @throws ProblemError `rate-limited` when too much is under way; whatever `admit` or the outcome rejects with
   */
  async run<Result>(bytes: number, admit: Admit<Result>): Promise<Result> {
    const { maxRequests, maxBytes, retryAfterMs } = this.#limits;
    if (this.#requests >= maxRequests || this.#bytes + bytes > maxBytes) {
      throw new ProblemError('rate-limited', { retryAfterMs });
    }
    this.#requests += 1;
    this.#bytes += bytes;
    try {
      const admission = this.#admit(admit);
      return await (admission instanceof Promise ? await admission : admission).outcome;
    } finally {
      this.#requests -= 1;
      this.#bytes -= bytes;
    }
  }

  #admit<Result>(admit: Admit<Result>): ReturnType<Admit<Result>> {
    const admission = this.#lastAdmission?.then(admit) ?? admit();
    if (!(admission instanceof Promise)) return admission;
    const ended = () => {
      if (this.#lastAdmission === settled) this.#lastAdmission = undefined;
    };
    const settled: Promise<void> = admission.then(ended, ended);
    this.#lastAdmission = settled;
    return admission;
  }
}
