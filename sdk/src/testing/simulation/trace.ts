/** What happened lately, in words, and what was found wrong. Bounded: a simulation of a million steps tells of its last ones. */

/** Lines kept. */
const maxLines = 400;

/** See the header. */
export class Trace {
  readonly #lines: string[] = [];
  #step = 0;
  #violation: string | undefined;

  /** What happens from now on belongs to this step. */
  begin(step: number, action: string): void {
    this.#step = step;
    this.note(action);
  }

  note(line: string): void {
    this.#lines.push(`${this.#step}: ${line}`);
    if (this.#lines.length > maxLines) this.#lines.splice(0, maxLines / 2);
  }

  /** Something is wrong that must not be thrown where it was seen. The first one counts. */
  accuse(violation: string): void {
    this.note(`WRONG: ${violation}`);
    this.#violation ??= violation;
  }

  /** @throws Error when something has been found wrong */
  assertInnocent(): void {
    if (this.#violation !== undefined) throw new Error(this.#violation);
  }

  /** The last lines, oldest first. */
  last(count: number): readonly string[] {
    return this.#lines.slice(-count);
  }
}
