/**
 * Tells whether code runs inside an application's handler, so that calls which would wait for the
 * unit they are part of are refused. Where the platform tracks asynchronous context (Node) this is
 * exact; elsewhere only the handler's synchronous part is seen and the rest ends in
 * `handler-timeout`.
 */
import { SottoError } from '../errors.js';

interface AsyncContext {
  run<Result>(value: true, work: () => Result): Result;
  getStore(): true | undefined;
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
  let depth = 0;
  return {
    run: (_value, work) => {
      depth += 1;
      try {
        return work();
      } finally {
        depth -= 1;
      }
    },
    getStore: () => (depth > 0 ? true : undefined),
  };
}

/** One per messenger. */
export class HandlerContext {
  readonly #context = platformContext() ?? synchronousContext();

  /** Runs a handler inside the context. */
  run<Result>(work: () => Result): Result {
    return this.#context.run(true, work);
  }

  /** @throws SottoError `unit-reentrancy` inside a handler */
  assertOutside(): void {
    if (this.#context.getStore()) throw new SottoError('unit-reentrancy');
  }
}
