/** Single-use nonces for signed requests. Knows no signature. */
import { ProblemError, type Now, type RandomBytes } from '../ports.js';
import { relayLimits } from '../relay-limits.js';
import type { AuthStore } from './auth-store.js';

/** See the file's header. */
export interface Nonces {
  /** 32 random bytes, good for five minutes. */
  issue(): Promise<Uint8Array<ArrayBuffer>>;
  /** Uses a nonce up. @throws ProblemError `proof-refused` when it is unknown, expired or was used */
  take(nonce: Uint8Array): Promise<void>;
}

const nonceBytes = 32;

/** See {@link Nonces}. */
export function createNonces(store: AuthStore, now: Now, random: RandomBytes): Nonces {
  let issued = 0;
  return {
    async issue() {
      // Counting rows costs, so the bound is looked at now and then; it is exceeded by as many at most.
      if (issued % relayLimits.noncesPerSweep === 0) await store.sweepNonces(now(), relayLimits.maxNonces);
      issued += 1;
      const nonce = Uint8Array.from(random(nonceBytes));
      await store.addNonce(nonce, now() + relayLimits.nonceTtlMs);
      return nonce;
    },
    async take(nonce) {
      if (!(await store.takeNonce(nonce, now()))) throw new ProblemError('proof-refused');
    },
  };
}
