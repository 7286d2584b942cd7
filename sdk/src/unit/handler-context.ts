/**
 * Tells whether code runs inside an application's handler or listener, so that calls which would
 * wait for what they are part of are refused or answered early. Where the platform tracks
 * asynchronous context (Node) this is exact; elsewhere only the synchronous part is seen, and the
 * rest ends in a timeout.
 */
import { SottoError } from '../errors.js';

/** One run of a handler or listener. Whatever it started outlives it inside its context, and is free then. */
interface Stay {
  readonly of: HandlerContext;
  over: boolean;
  /** What it began inside of and was not over then. */
  readonly outer: Stay | undefined;
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

/**
 * One for all messengers of the process: the platform hands every one that was ever used to every promise that
 * is ever made, those of closed messengers included.
 */
let shared: AsyncContext | undefined;

function sharedContext(): AsyncContext {
  return (shared ??= platformContext() ?? synchronousContext());
}

/** One per messenger for handlers, one for listeners. */
export class HandlerContext {
  /** Runs a handler inside the context, which ends with it. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    const stay: Stay = { of: this, over: false, outer: current() };
    try {
      return await sharedContext().run(stay, work);
    } finally {
      stay.over = true;
    }
  }

  /** Whether the caller runs inside the context. */
  get isInside(): boolean {
    let stay = current();
    while (stay && stay.of !== this) stay = lasting(stay.outer);
    return stay !== undefined;
  }

  /** @throws SottoError `unit-reentrancy` inside a handler */
  assertOutside(): void {
    if (this.isInside) throw new SottoError('unit-reentrancy');
  }
}

/** The innermost run that the caller is part of. */
function current(): Stay | undefined {
  return lasting(sharedContext().getStore());
}

/** A run, or what it began inside of, that is not over. */
function lasting(stay: Stay | undefined): Stay | undefined {
  let found = stay;
  while (found?.over) found = found.outer;
  return found;
}
