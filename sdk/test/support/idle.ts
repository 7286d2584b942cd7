/**
 * Tells when nothing is going on any more: native work (the engine, scrypt) ends in turns of the event
 * loop that nobody can foresee, so it is counted; everything else in a test network is a microtask.
 */
import crypto from 'node:crypto';
import type { ProtocolEngine } from '../../src/ports/index.js';
import { nextTurn } from '../../src/testing/turns.js';

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

/** The engine, with every call counted. */
export function countingEngine(engine: ProtocolEngine): ProtocolEngine {
  return new Proxy(engine, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...input: unknown[]) =>
        counted(() => (member as (...input: unknown[]) => Promise<unknown>).apply(target, input));
    },
  });
}

// The platform's scrypt is looked up at every call; here it finds one that is counted, and remembers:
// client and relay derive the same code of the same key again and again, and nothing else takes so long.
const nativeScrypt = crypto.scrypt as unknown as Scrypt;
const derivedBefore = new Map<string, Buffer>();
type ScryptCallback = (error: Error | null, derived: Buffer) => void;
type Scrypt = (
  password: Uint8Array,
  salt: Uint8Array,
  length: number,
  options: object,
  callback: ScryptCallback,
) => void;

const countingScrypt: Scrypt = (password, salt, length, options, callback) => {
  const parts = [Buffer.from(password).toString('hex'), Buffer.from(salt).toString('hex'), length, options];
  const inputs = JSON.stringify(parts);
  const known = derivedBefore.get(inputs);
  begin();
  const done: ScryptCallback = (error, derived) => {
    if (!error) derivedBefore.set(inputs, Buffer.from(derived));
    callback(error, derived);
    end();
  };
  if (known) queueMicrotask(() => done(null, Buffer.from(known)));
  else nativeScrypt(password, salt, length, options, done);
};
crypto.scrypt = countingScrypt as unknown as typeof crypto.scrypt;

/** Resolves when no native work runs and every microtask has run that something could have started. */
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
