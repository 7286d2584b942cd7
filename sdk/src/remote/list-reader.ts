/** A list of records that comes over a port: pairs wait here for their reader, who says how many were taken. */
import type * as z from 'zod/mini';
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import { recordEntry } from './values.js';

type Pair = z.output<typeof recordEntry>;

/** The other side is told so often: it stops once a whole window is on its way. */
const takenStep = limits.remoteListWindow / 4;

/** See the header. */
export class ListReader {
  readonly #onTaken: (count: number) => void;
  readonly #pairs: Pair[] = [];
  #taken = 0;
  #over: { readonly error?: Error } | undefined;
  #wake: () => void = () => undefined;

  constructor(onTaken: (count: number) => void) {
    this.#onTaken = onTaken;
  }

  /** Whether no more pairs come. */
  get isOver(): boolean {
    return this.#over !== undefined;
  }

  /** A pair came, or something that should be one. */
  push(value: unknown): void {
    const pair = recordEntry.safeParse(value);
    // Whoever sends more than the window holds does not keep to it.
    if (pair.success && this.#pairs.length < limits.remoteListWindow) this.#pairs.push(pair.data);
    else this.fail(new SottoError('remote-failed'));
    this.#wake();
  }

  /** There are no more. */
  end(): void {
    this.#over ??= {};
    this.#wake();
  }

  /** There are more, and they will not come. */
  fail(error: Error): void {
    this.#over ??= { error };
    this.#wake();
  }

  /** The next pair, or nothing at the end. */
  async next(): Promise<Pair | undefined> {
    while (this.#pairs.length === 0 && !this.#over) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const pair = this.#pairs.shift();
    if (!pair && this.#over?.error) throw this.#over.error;
    if (pair) this.#count();
    return pair;
  }

  #count(): void {
    this.#taken += 1;
    if (this.#over || (this.#taken < takenStep && this.#pairs.length > 0)) return;
    this.#onTaken(this.#taken);
    this.#taken = 0;
  }
}
