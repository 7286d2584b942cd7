/** Node's side: an engine that is called from a page. Keeps no record; it asks the page for those it reads. */
import type { EngineView, ProtocolEngine } from '../../../sdk/src/ports/index.js';
import { isSottoError } from '../../../sdk/src/errors.js';
import type { TextHandler } from '../support/page-server.js';
import { viewArgument, type About, type Failure, type Reply, type Request } from './messages.js';
import { pack, unpack } from './packing.js';

/** Calls that wait for their records: tests make a few at a time. */
const maxOpenCalls = 100;

/** What a view rejects with here; the page knows the reason. */
const viewFailure = new Error('the view failed');

type Method = (...args: readonly unknown[]) => Promise<unknown>;

/** Answers posts to an engine. */
export function serveEngine(engine: ProtocolEngine): TextHandler {
  const calls = new Map<number, Call>();
  let lastCall = 0;
  const begin = (method: string, args: readonly unknown[]): Call => {
    if (calls.size >= maxOpenCalls) throw new Error('too many calls wait for records');
    const call = new Call((lastCall += 1));
    calls.set(call.id, call);
    const members = engine as unknown as Readonly<Record<string, Method | undefined>>;
    const withView = args.map((argument) => (argument === viewArgument ? call.view : argument));
    void call.run(async () => members[method]?.(...withView)).finally(() => calls.delete(call.id));
    return call;
  };
  const callOf = (id: number): Call => {
    const call = calls.get(id);
    if (!call) throw new Error(`no call ${id} waits for records`);
    return call;
  };
  const reply = (request: Request): Reply | Promise<Reply> => {
    switch (request.kind) {
      case 'about':
        return aboutOf(engine);
      case 'call':
        return begin(request.method, request.args).next();
      case 'values':
        return callOf(request.call).answer(request.values);
      case 'view-failed':
        return callOf(request.call).fail();
    }
  };
  return async (text) => JSON.stringify(pack(await reply(unpack(JSON.parse(text)) as Request)));
}

function aboutOf(engine: ProtocolEngine): About {
  const { name, recordVersion, assurance } = engine;
  const methods = Object.entries(engine).flatMap(([method, value]) =>
    typeof value === 'function' ? [method] : [],
  );
  return { kind: 'about', name, recordVersion, assurance, methods };
}

interface Waiting {
  readonly resolve: (values: never) => void;
  readonly reject: (error: Error) => void;
}

/** One call: what the engine asks of the view goes out as replies, in order; the outcome is the last of them. */
class Call {
  readonly #replies: Reply[] = [];
  #takeReply: ((reply: Reply) => void) | undefined;
  readonly #reads: Waiting[] = [];

  constructor(readonly id: number) {}

  readonly view: EngineView = {
    get: (keys) =>
      new Promise((resolve, reject) => {
        this.#reads.push({ resolve, reject });
        this.#put({ kind: 'get', call: this.id, keys });
      }),
  };

  async run(work: () => Promise<unknown>): Promise<void> {
    try {
      this.#put({ kind: 'result', value: await work() });
    } catch (error) {
      this.#put(failureOf(error));
    }
  }

  next(): Promise<Reply> {
    const reply = this.#replies.shift();
    if (reply) return Promise.resolve(reply);
    return new Promise((resolve) => (this.#takeReply = resolve));
  }

  answer(values: unknown): Promise<Reply> {
    this.#reads.shift()?.resolve(values as never);
    return this.next();
  }

  fail(): Promise<Reply> {
    this.#reads.shift()?.reject(viewFailure);
    return this.next();
  }

  #put(reply: Reply): void {
    const take = this.#takeReply;
    this.#takeReply = undefined;
    if (take) take(reply);
    else this.#replies.push(reply);
  }
}

function failureOf(error: unknown): Failure {
  if (error === viewFailure) return { kind: 'view-failure' };
  if (isSottoError(error)) return { kind: 'sotto-error', code: error.code, details: error.details };
  if (error instanceof TypeError) return { kind: 'type-error', message: error.message };
  return { kind: 'other-error', message: error instanceof Error ? (error.stack ?? '') : String(error) };
}
