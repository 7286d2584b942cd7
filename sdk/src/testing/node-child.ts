/**
 * Child processes for suites that kill them. Node alone; nothing here is touched before a suite asks
 * for it, so that the module loads in browsers too.
 */
import type * as childProcess from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

type Child = childProcess.ChildProcessByStdio<Writable, Readable, Readable>;

/** A child that says one line per event. */
export class LineChild {
  readonly #child: Child;
  readonly #lines: string[] = [];
  readonly #exited: Promise<void>;
  #partial = '';
  #errors = '';
  #gone = false;
  #wake: () => void = () => undefined;

  /**
   * Starts Node with a program from its argument.
   * @param source - an ECMAScript module
   * @param execArgv - Node's own arguments before it
   */
  constructor(source: string, execArgv: readonly string[]) {
    const { process } = globalThis;
    const { spawn }: typeof childProcess = process.getBuiltinModule('node:child_process');
    const child = spawn(process.execPath, [...execArgv, '--input-type=module', '--eval', source], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#heard(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-2_000);
    });
    // Killed children break their pipes; what counts is that they are gone.
    child.stdin.on('error', () => undefined);
    this.#exited = new Promise((resolve) => {
      const end = () => {
        this.#gone = true;
        this.#wake();
        resolve();
      };
      // `close` comes after the last output; `error` instead of it when the child never started.
      child.once('close', end).once('error', end);
    });
  }

  /** Everything it said so far, line by line. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Writes a line to its standard input. */
  tell(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Resolves when the condition holds. @throws Error when the child ends before that */
  async until(condition: (lines: readonly string[]) => boolean): Promise<void> {
    while (!condition(this.#lines)) {
      if (this.#gone) throw new Error(`the child process ended early: ${this.#errors}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Kills it without a chance to clean up, and waits until it is gone and all it said was heard. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #heard(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    this.#lines.push(...lines);
    this.#wake();
  }
}
