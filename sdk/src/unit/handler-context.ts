/**
 * Tells whether code runs inside an application's handler, so that calls which would wait for the
 * unit they are part of are refused. Where the platform tracks asynchronous context (Node) this is
 * exact; elsewhere only the handler's synchronous part is seen and the rest ends in
 * `handler-timeout`.
 */
import { SottoError } from '../errors.js';

/** One run of a handler. Whatever it started outlives it inside its context, and is free then. */
interface Stay {
  over: boolean;
}

interface AsyncContext {
  run<Result>(stay: Stay, work: () => Result): Result;
  getStore(): Stay | undefined;
}

interface ProcessWithBuiltins {
  getBuiltinModule?(name: string): { AsyncLocalStorage: new () => AsyncContext } | undefined;
}

function platformContext(): AsyncContext | undefined {
  const { process } = globalThis as { process?: ProcessWithBuiltins };
  const hooks = process?.getBuiltinModule?.('node:async_hooks');
  return hooks && new hooks.AsyncLocalStorage();
}

function synchronousContext(): AsyncContext {
  let current: Stay | undefined;
  return {
    run: (stay, work) => {
      const outer = current;
      current = stay;
      try {
        return work();
      } finally {
        current = outer;
      }
    },
    getStore: () => current,
  };
}

/** One per messenger. */
export class HandlerContext {
  readonly #context = platformContext() ?? synchronousContext();

  /** Runs a handler inside the context, which ends with it. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    const stay: Stay = { over: false };
    try {
      return await this.#context.run(stay, work);
    } finally {
      stay.over = true;
    }
  }

  /** @throws SottoError `unit-reentrancy` inside a handler */
  assertOutside(): void {
    if (this.#context.getStore()?.over === false) throw new SottoError('unit-reentrancy');
  }
}
