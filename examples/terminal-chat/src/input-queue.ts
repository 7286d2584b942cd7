/** What waits to be handled, in order: lines the user typed, and jobs the program gave itself. One reader at a time. */

/** One thing to handle. */
export type Input =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'job'; readonly run: () => Promise<void> };

/** See the header. */
export class InputQueue {
  readonly #inputs: Input[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  /** How many wait. */
  get length(): number {
    return this.#inputs.length;
  }

  push(input: Input): void {
    this.#inputs.push(input);
    this.#wake?.();
  }

  /** Nothing more will come. What waits is still handed out. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Forgets lines that were typed before a question was asked: they cannot be its answer. */
  dropLines(): void {
    const jobs = this.#inputs.filter(({ kind }) => kind === 'job');
    this.#inputs.splice(0, Infinity, ...jobs);
  }

  /** The next line or job, or nothing at the end. */
  next(): Promise<Input | undefined> {
    return this.#take(() => true);
  }

  /** The next line, past any jobs, or nothing at the end. */
  async nextLine(): Promise<string | undefined> {
    const input = await this.#take(({ kind }) => kind === 'line');
    return input?.kind === 'line' ? input.text : undefined;
  }

  async #take(wanted: (input: Input) => boolean): Promise<Input | undefined> {
    for (;;) {
      const index = this.#inputs.findIndex(wanted);
      if (index >= 0) return this.#inputs.splice(index, 1)[0];
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
