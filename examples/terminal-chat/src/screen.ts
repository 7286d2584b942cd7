/** Where lines are shown. Knows no message and no input. */

/** See the header. Texts may have several lines; what is not the program's own must be safe already. */
export interface Screen {
  print(...lines: readonly string[]): void;
  /**
   * Prints a text with a mark of two columns before it.
   * @param key - what {@link Screen.changeMark} finds it by
   */
  printMarked(key: string, mark: string, text: string): void;
  /** Changes a mark where it stands. @returns whether it could be reached */
  changeMark(key: string, mark: string): boolean;
}

/** Lines into a file or pipe: nothing that was written can be changed. */
export class PlainScreen implements Screen {
  readonly #output: NodeJS.WritableStream;

  constructor(output: NodeJS.WritableStream) {
    this.#output = output;
  }

  print(...lines: readonly string[]): void {
    for (const line of lines) this.#output.write(`${line}\n`);
  }

  printMarked(_key: string, mark: string, text: string): void {
    this.print(`${mark} ${text}`);
  }

  changeMark(): boolean {
    return false;
  }
}
