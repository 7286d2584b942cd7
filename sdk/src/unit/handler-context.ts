/**
 * Tells whether code runs inside an application's handler or listener, so that calls which would
 * wait for what they are part of are refused or answered early. Where the platform tracks
 * asynchronous context (Node) this is exact; elsewhere only the synchronous part is seen, and the
 * rest ends in a timeout.
 */
import { SottoError } from '../errors.js';

/** One run of a handler or listener. Whatever it started outlives it inside its context, and is free then. */
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

/** One per messenger for handlers, one for listeners. */
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

  /** Whether the caller runs inside the context. */
  get isInside(): boolean {
    return this.#context.getStore()?.over === false;
  }

  /** @throws SottoError `unit-reentrancy` inside a handler */
  assertOutside(): void {
    if (this.isInside) throw new SottoError('unit-reentrancy');
  }
}
