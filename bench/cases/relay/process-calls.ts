/** Questions to a child process and its answers, over Node's own channel. Knows no question. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

interface Call {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

interface Answer {
  readonly id: number;
  readonly output?: unknown;
  readonly error?: string;
}

/** What a child can be asked. */
export type Handlers = Readonly<Record<string, (input: never) => unknown>>;

/** Answers the parent's questions; ends when the parent does. */
export function serveCalls(handlers: Handlers): void {
  const answer = async ({ id, name, input }: Call): Promise<Answer> => {
    const handler = handlers[name] as ((input: unknown) => unknown) | undefined;
    try {
      return { id, output: await handler?.(input) };
    } catch (error) {
      return { id, error: String(error) };
    }
  };
  process.on('message', (call: Call) => void answer(call).then((one) => process.send?.(one)));
  process.on('disconnect', () => process.exit());
}

/** A child process that answers questions. */
export class CalledProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #file: string;
  #nextId = 0;
  #ended = false;

  /** @param file - beside this one */
  constructor(file: string, ...nodeOptions: readonly string[]) {
    this.#file = file;
    const execArgv = ['--import', 'tsx', ...nodeOptions];
    this.#child = fork(fileURLToPath(new URL(file, import.meta.url)), [], { execArgv });
    this.#child.on('message', (answer: Answer) => this.#waiting.get(answer.id)?.(answer));
    this.#child.on('exit', () => this.#end());
    // A question to one that is ending fails by an event too, which would end the parent with it.
    this.#child.on('error', () => this.#end());
  }

  /** Asks. @throws Error when the child failed or has ended */
  async call<Output>(name: string, input?: unknown): Promise<Output> {
    if (this.#ended) throw new Error(`${this.#file} has ended`);
    const id = this.#nextId;
    this.#nextId += 1;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#child.send({ id, name, input });
    const { output, error } = await answered;
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(error);
    return output as Output;
  }

  /** Lets the child end by itself. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    await gone;
  }

  #end(): void {
    this.#ended = true;
    for (const [id, settle] of this.#waiting) settle({ id, error: `${this.#file} has ended` });
  }
}
