/**
 * Where each row of a long list lies, while most heights are only guessed. Rows are numbered from 0. Pure: knows
 * no element.
 */

/** See the header. */
export class RowHeights {
  readonly #guess: number;
  readonly #heights: number[] = [];
  /** `#tops[i]` is where row i begins; right up to and including `#settled`. */
  readonly #tops: number[] = [0];
  #settled = 0;

  /** @param guess - the height of a row that was never measured, in pixels */
  constructor(guess: number) {
    this.#guess = guess;
  }

  /** The height of a row. */
  of(row: number): number {
    return this.#heights[row] ?? this.#guess;
  }

  /** Takes a measured height. @returns by how much the row has grown */
  set(row: number, height: number): number {
    const growth = height - this.of(row);
    this.#heights[row] = height;
    if (growth !== 0) this.#settled = Math.min(this.#settled, row);
    return growth;
  }

  /** Where a row begins; for the number of rows, where the last one ends. */
  top(row: number): number {
    for (let index = this.#settled; index < row; index += 1) {
      this.#tops[index + 1] = (this.#tops[index] ?? 0) + this.of(index);
    }
    this.#settled = Math.max(this.#settled, row);
    return this.#tops[row] ?? 0;
  }

  /** The row at a place, of `count`. */
  rowAt(place: number, count: number): number {
    this.top(count);
    let low = 0;
    let high = Math.max(0, count - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#tops[middle] ?? 0) <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
