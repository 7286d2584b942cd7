/**
 * Input and output of the chat: readline on a terminal, plain lines where standard input or output
 * is a pipe. Knows no messenger.
 */
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { InputQueue, type Input } from './input-queue.js';
import { PlainScreen, type Screen } from './screen.js';
import { TtyScreen, type TtyOutput } from './tty-screen.js';

/** See the header. */
export interface Terminal extends Screen {
  /** Whether a person sits there. */
  readonly interactive: boolean;
  setPrompt(text: string): void;
  /** The next line or job, or nothing once the input has ended. */
  next(): Promise<Input | undefined>;
  /**
   * Asks a question and takes the next line for its answer.
   * @param options - `secret`: what is typed is not shown
   * @returns nothing where the input has ended, and for a secret where nobody sits there
   */
  ask(question: string, options?: { readonly secret?: boolean }): Promise<string | undefined>;
  /** Lets something run when the line under way is done. */
  push(job: () => Promise<void>): void;
  close(): void;
}

/** The streams of a process. */
export interface TerminalStreams {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Opens a terminal on the streams. */
export function openTerminal({ input, output }: TerminalStreams): Terminal {
  if (input.isTTY && output.isTTY) return new InteractiveTerminal(input, output as unknown as TtyOutput);
  return new PipedTerminal(input, output);
}

/** Lines of a script that wait while a command runs; reading pauses above that. */
const maxQueuedLines = 256;

class PipedTerminal extends PlainScreen implements Terminal {
  readonly interactive = false;
  readonly #queue = new InputQueue();
  readonly #readline: Interface;

  constructor(input: NodeJS.ReadableStream, output: NodeJS.WritableStream) {
    super(output);
    this.#readline = createInterface({ input, terminal: false });
    this.#readline.on('line', (text) => {
      this.#queue.push({ kind: 'line', text });
      if (this.#queue.length >= maxQueuedLines) this.#readline.pause();
    });
    this.#readline.on('close', () => this.#queue.end());
  }

  setPrompt(): void {
    // Nobody looks at it.
  }

  next(): Promise<Input | undefined> {
    this.#resume();
    return this.#queue.next();
  }

  async ask(question: string, { secret = false } = {}): Promise<string | undefined> {
    if (secret) return undefined;
    this.print(question);
    this.#resume();
    return this.#queue.nextLine();
  }

  push(run: () => Promise<void>): void {
    this.#queue.push({ kind: 'job', run });
  }

  close(): void {
    this.#readline.close();
  }

  #resume(): void {
    if (this.#queue.length === 0) this.#readline.resume();
  }
}

/** What readline writes to: the terminal, or nothing while a secret is typed. */
class Gate extends Writable {
  muted = false;
  readonly isTTY = true;
  readonly #output: TtyOutput;

  constructor(output: TtyOutput) {
    super();
    this.#output = output;
    output.on('resize', () => this.emit('resize'));
  }

  get columns(): number {
    return this.#output.columns;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.muted) this.#output.write(chunk);
    done();
  }
}

class InteractiveTerminal implements Terminal {
  readonly interactive = true;
  readonly #queue = new InputQueue();
  readonly #output: TtyOutput;
  readonly #gate: Gate;
  readonly #readline: Interface;
  readonly #screen: TtyScreen;
  #prompt = '> ';
  #question: string | undefined;
  #closed = false;

  constructor(input: NodeJS.ReadableStream, output: TtyOutput) {
    this.#output = output;
    this.#gate = new Gate(output);
    this.#readline = createInterface({ input, output: this.#gate, terminal: true, prompt: this.#prompt });
    this.#screen = new TtyScreen(output, { cursorRow: () => this.#cursorRow(), draw: () => this.#draw() });
    this.#readline.on('line', (text) => this.#entered(text));
    // Answers, passwords above all, do not belong among what the arrow keys bring back.
    this.#readline.on('history', (history: string[]) => {
      if (this.#question !== undefined) history.shift();
    });
    this.#readline.on('SIGINT', () => this.#readline.close());
    this.#readline.on('close', () => {
      this.#closed = true;
      this.#queue.end();
    });
  }

  print(...lines: readonly string[]): void {
    this.#screen.print(...lines);
  }

  printMarked(key: string, mark: string, text: string): void {
    this.#screen.printMarked(key, mark, text);
  }

  changeMark(key: string, mark: string): boolean {
    return this.#screen.changeMark(key, mark);
  }

  setPrompt(text: string): void {
    this.#prompt = text;
    if (this.#question === undefined) this.#show(text);
  }

  next(): Promise<Input | undefined> {
    return this.#queue.next();
  }

  async ask(question: string, { secret = false } = {}): Promise<string | undefined> {
    this.#queue.dropLines();
    const typedSoFar = this.#takeLine();
    this.#question = `${question} `;
    this.#show(this.#question);
    this.#gate.muted = secret;
    const answer = await this.#queue.nextLine();
    this.#gate.muted = false;
    this.#question = undefined;
    if (answer !== undefined) this.print(secret ? question : `${question} ${answer}`);
    this.#show(this.#prompt);
    if (typedSoFar !== '' && !this.#closed) this.#readline.write(typedSoFar);
    return answer;
  }

  push(run: () => Promise<void>): void {
    this.#queue.push({ kind: 'job', run });
  }

  close(): void {
    if (!this.#closed) this.#screen.clearPrompt();
    this.#readline.close();
  }

  #entered(text: string): void {
    const secret = this.#gate.muted;
    const typed = this.#readline.getPrompt() + text;
    // The line break that readline writes was muted with the secret.
    if (!secret) this.#screen.takeBack(typed);
    this.#queue.push({ kind: 'line', text });
  }

  /** Empties the line being typed. @returns what stood there */
  #takeLine(): string {
    const typed = this.#readline.line;
    this.#readline.write(null, { ctrl: true, name: 'e' });
    this.#readline.write(null, { ctrl: true, name: 'u' });
    return typed;
  }

  #show(prompt: string): void {
    this.#screen.clearPrompt();
    this.#readline.setPrompt(prompt);
    this.#draw();
  }

  #cursorRow(): number {
    return this.#gate.muted ? 0 : this.#readline.getCursorPos().rows;
  }

  #draw(): void {
    if (this.#closed) return;
    if (this.#gate.muted) {
      this.#output.write(this.#question ?? '');
      return;
    }
    // Redrawing begins as many rows up as readline drew last time, by a field that has no document: the
    // prompt begins here now.
    Object.assign(this.#readline, { prevRows: 0 });
    this.#readline.prompt(true);
  }
}
