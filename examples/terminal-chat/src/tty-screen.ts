/**
 * Lines on a terminal above a prompt that is being typed into: the prompt is taken away, the lines
 * are written, the prompt is drawn again. Remembers how many rows the last lines took, so that
 * the mark of a message can change where it stands.
 */
import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import type { Writable } from 'node:stream';
import { rowsOf } from './rows.js';
import type { Screen } from './screen.js';

/** A terminal to write to. */
export type TtyOutput = Writable & { readonly columns: number; readonly rows: number };

/** What stands below the lines. */
export interface PromptArea {
  /** The row of the cursor below the first row of the prompt, from 0. */
  cursorRow(): number;
  /** Draws the prompt and what was typed, from the first column of the row the cursor is in. */
  draw(): void;
}

interface ShownText {
  readonly key: string | undefined;
  readonly rows: number;
}

/** Texts whose place is remembered; more do not fit a screen. */
const maxRemembered = 200;
const saveCursor = '\x1b7';
const restoreCursor = '\x1b8';

/** See the header. */
export class TtyScreen implements Screen {
  readonly #output: TtyOutput;
  readonly #prompt: PromptArea;
  /** Oldest first, down to the prompt, without a gap. */
  #shown: ShownText[] = [];

  constructor(output: TtyOutput, prompt: PromptArea) {
    this.#output = output;
    this.#prompt = prompt;
    // Terminals wrap anew when they change their width: what stood where is not known any more.
    output.on('resize', () => {
      this.#shown = [];
    });
  }

  print(...lines: readonly string[]): void {
    this.#abovePrompt(lines.map((text) => ({ key: undefined, text })));
  }

  printMarked(key: string, mark: string, text: string): void {
    this.#abovePrompt([{ key, text: `${mark} ${text}` }]);
  }

  changeMark(key: string, mark: string): boolean {
    const index = this.#shown.findLastIndex((text) => text.key === key);
    if (index < 0) return false;
    const below = this.#shown.slice(index).reduce((sum, { rows }) => sum + rows, 0);
    const distance = below + this.#prompt.cursorRow();
    // Above the first row of the screen nothing can be changed.
    if (distance >= this.#output.rows) return false;
    this.#output.write(saveCursor);
    moveCursor(this.#output, 0, -distance);
    cursorTo(this.#output, 0);
    this.#output.write(mark);
    this.#output.write(restoreCursor);
    return true;
  }

  /**
   * Takes away the line that was just entered; it is shown again in the program's own form.
   * @param typed - prompt and line, as readline left them on the screen
   */
  takeBack(typed: string): void {
    const rows = rowsOf(`${typed} `, this.#output.columns);
    if (rows === undefined) {
      this.#shown = [];
    } else {
      moveCursor(this.#output, 0, -rows);
      cursorTo(this.#output, 0);
      clearScreenDown(this.#output);
    }
    this.#prompt.draw();
  }

  /** Takes the prompt away, before it is drawn anew as another one. */
  clearPrompt(): void {
    moveCursor(this.#output, 0, -this.#prompt.cursorRow());
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
  }

  #abovePrompt(texts: readonly { key: string | undefined; text: string }[]): void {
    this.clearPrompt();
    for (const { key, text } of texts) {
      this.#output.write(`${text.replaceAll('\n', '\r\n')}\r\n`);
      this.#remember(key, rowsOf(text, this.#output.columns));
    }
    this.#prompt.draw();
  }

  #remember(key: string | undefined, rows: number | undefined): void {
    if (rows === undefined) this.#shown = [];
    else this.#shown.push({ key, rows });
    if (this.#shown.length > maxRemembered) this.#shown.splice(0, this.#shown.length - maxRemembered);
  }
}
