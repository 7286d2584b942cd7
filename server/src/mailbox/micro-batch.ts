/**
 * Gathers calls that arrive while a transaction is under way into the next one: one commit for
 * many callers under load, no waiting when idle. Knows nothing of what the calls are.
 */
import { ProblemError } from '../ports.js';

/** Calls of a failed batch that may fail on their own before the rest is given up: the store is down, and each may wait for a time-out. */
const maxFailuresOneByOne = 3;

/** The answer to one call of a batch: a refusal of one call does not touch the others. */
export type BatchAnswer<Result> = { readonly result: Result } | { readonly refused: ProblemError };

/** Options of {@link MicroBatch}. */
export interface MicroBatchOptions<Item, Result> {
  /** Calls in one batch. */
  readonly maxItems: number;
  /** Sum of `sizeOf` in one batch; a batch of one may be larger. */
  readonly maxSize: number;
  /** Calls that wait; one more is refused as `unavailable`. */
  readonly maxWaiting: number;
  /** Sum of `sizeOf` over the calls that wait. */
  readonly maxWaitingSize: number;
  readonly sizeOf: (item: Item) => number;
  /**
   * From the beginning of one batch to that of the next at least so long, unless what waits is enough for one. For
   * work that nobody is waiting for. A call after a rest is taken at once. Default: no pause, as is 0.
   */
  readonly pauseMs?: number;
  /** Told how many calls each batch has. */
  readonly onBatch?: (items: number) => void;
  /** Does the work atomically and answers every item, in order. */
  readonly run: (items: readonly Item[]) => Promise<readonly BatchAnswer<Result>[]>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** One batch at a time, in the order of the calls. */
export class MicroBatch<Item, Result> {
  readonly #options: MicroBatchOptions<Item, Result>;
  #waiting: Waiting<Item, Result>[] = [];
  #waitingSize = 0;
  #busy = false;
  /** Ends the pause under way. */
  #endPause: () => void = () => {};

  constructor(options: MicroBatchOptions<Item, Result>) {
    this.#options = options;
  }

  /**
   * Joins the next batch.
   * @throws ProblemError the item's own refusal, or `unavailable`; whatever `run` throws
   */
  submit(item: Item): Promise<Result> {
    const { maxWaiting, maxWaitingSize, sizeOf } = this.#options;
    const size = this.#waitingSize + sizeOf(item);
    if (this.#waiting.length >= maxWaiting || (this.#waiting.length > 0 && size > maxWaitingSize)) {
      return Promise.reject(new ProblemError('unavailable', { retryAfterMs: 1000 }));
    }
    this.#waitingSize = size;
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#busy) void this.#work();
      else if (this.#isEnough()) this.#endPause();
    });
  }

  async #work(): Promise<void> {
    this.#busy = true;
    // Calls made in the same turn of the event loop share the first batch too.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      const pause = this.#isEnough() ? undefined : this.#pause();
      await this.#runBatch(batch);
      await pause;
    }
    this.#busy = false;
  }

  /** Whether what waits fills a batch. */
  #isEnough(): boolean {
    return this.#waiting.length >= this.#options.maxItems || this.#waitingSize >= this.#options.maxSize;
  }

  #pause(): Promise<void> | undefined {
    const { pauseMs } = this.#options;
    if (!pauseMs) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #takeBatch(): Waiting<Item, Result>[] {
    const { maxItems, maxSize, sizeOf } = this.#options;
    let size = 0;
    let count = 0;
    for (const { item } of this.#waiting) {
      size += sizeOf(item);
      if (count === maxItems || (count > 0 && size > maxSize)) break;
      count += 1;
    }
    const batch = this.#waiting.slice(0, count);
    for (const { item } of batch) this.#waitingSize -= sizeOf(item);
    this.#waiting = this.#waiting.slice(count);
    return batch;
  }

  async #runBatch(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    this.#options.onBatch?.(batch.length);
    try {
      const answers = await this.#options.run(batch.map(({ item }) => item));
      batch.forEach((call, index) => settle(call, answers[index] as BatchAnswer<Result>));
    } catch (error) {
      if (batch.length === 1) batch[0]?.reject(error);
      else await this.#runOneByOne(batch);
    }
  }

  /** One call may have failed them all: each gets a batch of its own, until it is plain that nothing works. */
  async #runOneByOne(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    let failures = 0;
    let lastError: unknown;
    for (const call of batch) {
      if (failures === maxFailuresOneByOne) {
        call.reject(lastError);
        continue;
      }
      try {
        const [answer] = await this.#options.run([call.item]);
        settle(call, answer as BatchAnswer<Result>);
      } catch (error) {
        failures += 1;
        lastError = error;
        call.reject(error);
      }
    }
  }
}

function settle<Item, Result>(call: Waiting<Item, Result>, answer: BatchAnswer<Result>): void {
  if ('refused' in answer) call.reject(answer.refused);
  else call.resolve(answer.result);
}
