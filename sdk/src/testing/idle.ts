/**
 * Tells when nothing is going on any more. Native work (an engine, scrypt, a storage) ends in turns of the
 * event loop that nobody can foresee, so it is counted; everything else in a test network is a microtask.
 * The count is the process's: networks of one process wait for each other's work, never too short.
 */
import { platformScrypt, wrapPlatformScrypt } from '../platform-scrypt.js';
import type { ProtocolEngine } from '../ports/engine.js';
import type { StorageAdapter } from '../ports/storage.js';
import type { Scrypt } from '../verification/index.js';
import { nextTurn } from './turns.js';

/** Keys that scrypt derived and that are remembered: both ends derive the same contact codes again and again. */
const maxRememberedKeys = 4_096;

let busy = 0;
const waiting = new Set<() => void>();

function begin(): void {
  busy += 1;
}

function end(): void {
  busy -= 1;
  if (busy > 0) return;
  for (const wake of waiting) wake();
  waiting.clear();
}

/** Counts a piece of work while it runs. */
async function counted<Result>(work: () => Promise<Result>): Promise<Result> {
  begin();
  try {
    return await work();
  } finally {
    end();
  }
}

/** Runs pieces of work one after another, so that their order does not hang on which thread is faster. */
export type Lane = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Makes a lane. */
export function makeLane(): Lane {
  let tail: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = tail.then(work);
    tail = turn.catch(() => undefined);
    return turn;
  };
}

const dead = Symbol('dead');

/**
 * The engine of a process, with every call counted, one after another in a lane. When the process dies, the call
 * under way never comes back, as nothing does in a dead process, and nobody waits for it.
 */
export function countingEngine(engine: ProtocolEngine, lane: Lane, died: Promise<void>): ProtocolEngine {
  const orDeath = makeEnding(died);
  const run = async (call: () => Promise<unknown>) => {
    const result = await counted(() => lane(() => orDeath(call())));
    return result === dead ? new Promise<never>(() => undefined) : result;
  };
  return new Proxy(engine, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      const method = member as (...input: unknown[]) => Promise<unknown>;
      return (...input: unknown[]) => run(() => method.apply(target, input));
    },
  });
}

/**
 * Waits for a piece of work, or for a death. Unlike a race against one promise that stays, nothing of the work is
 * kept when it is done: a process may do a hundred thousand pieces of it before it dies.
 */
function makeEnding(died: Promise<void>) {
  const running = new Set<() => void>();
  let isOver = false;
  void died.then(() => {
    isOver = true;
    for (const die of running) die();
    running.clear();
  });
  return (work: Promise<unknown>): Promise<unknown> => {
    if (isOver) return Promise.race([work, Promise.resolve(dead)]);
    return new Promise((resolve, reject) => {
      const die = () => {
        resolve(dead);
      };
      running.add(die);
      void work.then(resolve, reject).finally(() => running.delete(die));
    });
  };
}

/** The storage, with every call counted. */
export function countingStorage(storage: StorageAdapter): StorageAdapter {
  return {
    durability: storage.durability,
    acquire: () => counted(() => storage.acquire()),
    get: (keys) => counted(() => storage.get(keys)),
    list: (prefix) => countedList(storage, prefix),
    commit: (changes, options) => counted(() => storage.commit(changes, options)),
    destroy: (options) => counted(() => storage.destroy(options)),
    close: () => counted(() => storage.close()),
  };
}

async function* countedList(storage: StorageAdapter, prefix: string): ReturnType<StorageAdapter['list']> {
  const entries = storage.list(prefix)[Symbol.asyncIterator]();
  for (;;) {
    const next = await counted(() => entries.next());
    if (next.done) return;
    yield next.value;
  }
}

let counting = false;
const remembered = new Map<string, Uint8Array>();
const scryptLane = makeLane();

/**
 * From now on the platform's scrypt is counted, and remembers what it has derived: nothing else in a test
 * takes so long. Passwords and codes of tests lie in memory for that. Idempotent.
 */
export function countScrypt(): void {
  if (counting) return;
  counting = true;
  wrapPlatformScrypt((derive): Scrypt => {
    return (password, salt, cost) =>
      counted(() =>
        scryptLane(async () => {
          const inputs = JSON.stringify([[...password], [...salt], cost]);
          const derived = remembered.get(inputs) ?? (await derive(password, salt, cost));
          if (remembered.size >= maxRememberedKeys) remembered.clear();
          remembered.set(inputs, derived.slice());
          return derived.slice();
        }),
      );
  });
}

/** The platform's scrypt, counted. */
export const countedScrypt: Scrypt = (password, salt, cost) => {
  countScrypt();
  return platformScrypt(password, salt, cost);
};

/** Resolves when no counted work runs and every microtask has run that something could have started. */
export async function settle(): Promise<void> {
  for (let calmTurns = 0; calmTurns < 2;) {
    await nextTurn();
    if (busy === 0) calmTurns += 1;
    else {
      calmTurns = 0;
      await new Promise<void>((resolve) => waiting.add(resolve));
    }
  }
}
