/** A terminal in memory: as much of one as readline and the chat use. What it does not know is an error. */
import { Writable } from 'node:stream';

/** See the header. Every character takes one column. */
export class VirtualScreen extends Writable {
  readonly isTTY = true;
  readonly columns: number;
  readonly rows: number;
  readonly #lines: string[][] = [[]];
  /** The first visible line. */
  #top = 0;
  #row = 0;
  #column = 0;
  #saved = { row: 0, column: 0 };

  constructor(columns: number, rows: number) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
  }

  /** Everything that was ever on it, without what is blank at the ends. */
  text(): string {
    return this.#lines
      .map((line) =>
        Array.from(line, (character) => character ?? ' ')
          .join('')
          .trimEnd(),
      )
      .join('\n')
      .trimEnd();
  }

  /** Where the cursor stands: the line it is in, up to it. */
  beforeCursor(): string {
    return (this.#lines[this.#row] ?? []).slice(0, this.#column).join('');
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    // eslint-disable-next-line no-control-regex -- control sequences are what this is about
    for (const [part] of chunk.toString().matchAll(/\x1b\[[0-9;?]*[A-Za-z]|\x1b[78]|[^]/gu)) this.#obey(part);
    done();
  }

  #obey(part: string): void {
    if (part === '\r') this.#column = 0;
    else if (part === '\n') this.#lineFeed();
    else if (part === '\x1b7') this.#saved = { row: this.#row, column: this.#column };
    else if (part === '\x1b8') ({ row: this.#row, column: this.#column } = this.#saved);
    else if (part.startsWith('\x1b[')) this.#control(part.at(-1) as string, Number(part.slice(2, -1) || '1'));
    else this.#put(part);
  }

  #put(character: string): void {
    if (this.#column >= this.columns) this.#lineFeed();
    (this.#lines[this.#row] as string[])[this.#column] = character;
    this.#column += 1;
  }

  /** As terminals do for programs: the next line, from its beginning. */
  #lineFeed(): void {
    this.#row += 1;
    this.#column = 0;
    this.#lines[this.#row] ??= [];
    this.#top = Math.max(this.#top, this.#row - this.rows + 1);
  }

  #control(letter: string, count: number): void {
    if (letter === 'A') this.#row = Math.max(this.#top, this.#row - count);
    else if (letter === 'B') this.#row = Math.min(this.#lines.length - 1, this.#row + count);
    else if (letter === 'C') this.#column = Math.min(this.columns - 1, this.#column + count);
    else if (letter === 'D') this.#column = Math.max(0, this.#column - count);
    else if (letter === 'G') this.#column = count - 1;
    else if (letter === 'J') this.#clearBelow();
    else if (letter === 'K') (this.#lines[this.#row] as string[]).length = this.#column;
    else throw new Error(`unknown control ${letter}`);
  }

  #clearBelow(): void {
    (this.#lines[this.#row] as string[]).length = Math.min(this.#column, this.#lines[this.#row]!.length);
    for (const line of this.#lines.slice(this.#row + 1)) line.length = 0;
  }
}
