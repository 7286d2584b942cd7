/** Child processes that are talked to in lines, can be killed at any moment, and leave nothing behind. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

/** The end of what a process wrote to standard error explains a failure. */
const maxErrorCharacters = 4_000;

/** How long a line may take; much, because a busy machine starts processes slowly. */
const linePatienceMs = 60_000;

/** Which process. */
export interface LineProcessOptions {
  /** The script that Node runs. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly onLine?: (line: string) => void;
}

/** See the header. */
export class LineProcess {
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();
  #errors = '';

  constructor({ file, args = [], env = {}, onLine }: LineProcessOptions) {
    this.#child = spawn(process.execPath, [file, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', ...env },
    });
    this.#gone = once(this.#child, 'close');
    // A process that was killed cannot be written to any more; its end is noticed elsewhere.
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-maxErrorCharacters);
    });
    if (this.#child.stdout) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        this.#lines.push(line);
        onLine?.(line);
        this.#wake();
      });
    }
    void this.#gone.then(() => this.#wake());
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  get errors(): string {
    return this.#errors;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Writes a line to its standard input. */
  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Closes its standard input. */
  endInput(): void {
    this.#child.stdin?.end();
  }

  /**
   * The first line, from a position on, that a pattern matches.
   * @throws Error with what it said when it ends without one, or does not say it in time
   */
  async line(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    const timer = setTimeout(() => this.#wake(), linePatienceMs);
    try {
      return await this.#line(pattern, from, performance.now() + linePatienceMs);
    } finally {
      clearTimeout(timer);
    }
  }

  async #line(pattern: RegExp, from: number, deadlineMs: number): Promise<RegExpExecArray> {
    for (let next = from; ;) {
      for (; next < this.#lines.length; next += 1) {
        const match = pattern.exec(this.#lines[next] as string);
        if (match) return match;
      }
      if (!this.running || performance.now() >= deadlineMs) {
        throw new Error(`no line like ${pattern}\n${this.#lines.join('\n')}\n${this.#errors}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Sends a signal. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Kills it and waits until it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#gone;
  }

  /** Waits for its end. @returns its exit code */
  async ended(): Promise<number | null> {
    await this.#gone;
    return this.#child.exitCode;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
