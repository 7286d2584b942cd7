/**
 * One step's buffer between libsignal's stores and the engine's view: loads each record once,
 * collects writes, and keeps the first failure of a callback, because libsignal gives back some of them
 * as text. Nothing leaves it unless the whole step succeeded.
 */
import type { EngineChange, EngineStep, EngineView } from '../../ports/index.js';
import { translateFailure, type Operation } from './errors.js';

/** See the head of this file. Used once. */
export class Step {
  readonly #view: EngineView;
  readonly #read = new Map<string, Uint8Array | undefined>();
  readonly #changes: EngineChange[] = [];
  #failure: { readonly error: unknown } | undefined;

  constructor(view: EngineView) {
    this.#view = view;
  }

  /**
   * Reads records that were not read yet, in one round trip.
   * @throws what the view throws
   */
  async load(keys: readonly string[]): Promise<void> {
    const wanted = this.#read.size === 0 ? keys : keys.filter((key) => !this.#read.has(key));
    if (wanted.length === 0) return;
    try {
      const values = await this.#view.get(wanted);
      for (let index = 0; index < wanted.length; index += 1) {
        this.#read.set(wanted[index] as string, values[index]);
      }
    } catch (error) {
      throw this.fail(error);
    }
  }

  /** A loaded record as it was before the step. */
  record(key: string): Uint8Array | undefined {
    return this.#read.get(key);
  }

  /** Stages a write, or a deletion where the value is `undefined`. libsignal writes each record once. */
  write(key: string, value: Uint8Array | undefined): void {
    this.#changes.push({ key, value });
  }

  /** Keeps the reason a callback fails for, and returns it to be thrown. */
  fail(error: unknown): unknown {
    this.#failure ??= { error };
    return error;
  }

  /** Runs the body of a callback of libsignal's; what it throws is what the step will throw. */
  guard<Result>(body: () => Result): Result {
    try {
      return body();
    } catch (error) {
      throw this.fail(error);
    }
  }

  /** Runs the step: its changes come out only with its result. */
  async run<Result>(operation: Operation, work: () => Promise<Result>): Promise<EngineStep<Result>> {
    let result: Result;
    try {
      result = await work();
    } catch (error) {
      throw this.#failure ? this.#failure.error : translateFailure(operation, error);
    }
    // A callback that failed is a failed step, whatever libsignal made of it.
    if (this.#failure) throw this.#failure.error;
    return { result, changes: this.#changes };
  }
}
