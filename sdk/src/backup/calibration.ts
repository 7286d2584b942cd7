/**
 * How much a new archive's key derivation costs: as much as this device does in a short wait, within the bounds
 * of the format, and no more memory than a phone has that may have to read it. Writes no header.
 */
import type { Clock } from '../ports/host.js';
import { isSottoError } from '../errors.js';
import { headerBounds, type ArchiveKdf, type ArchiveSecretKind } from './header.js';
import type { KeyDerivation } from './key-derivation.js';

/** What a user waits for without wondering. */
const targetMs = 700;
/** Memory tried from the top: 64 MiB is there on every phone a web view runs on. */
const memoryChoicesKib = [64 * 1024, 46 * 1024, 32 * 1024, headerBounds.minMemoryKib] as const;
/** Passes that are measured: starting a worker is no part of what one costs, and takes as long. */
const measuredPasses = 3;
/** One pass over little memory leaves short cuts to whoever guesses. */
const minPasses = 2;

/** Where a clock stands still nothing is measured: what RFC 9106 recommends for little memory. */
const unmeasuredKdf: ArchiveKdf = { name: 'argon2id', memoryKib: memoryChoicesKib[0], passes: 3 };

/** Enough for 128 random bits, which nobody guesses; and there is no platform without it. */
const leastKdf: ArchiveKdf = { name: 'pbkdf2-sha-256', iterations: headerBounds.minIterations };

/**
 * Chooses the derivation of a new archive. For a password it measures Argon2id; where there is no memory for the
 * least of it, PBKDF2.
 */
export async function chooseKdf(
  kind: ArchiveSecretKind,
  parts: { readonly clock: Clock; readonly derive: KeyDerivation },
): Promise<ArchiveKdf> {
  if (kind === 'recovery-key') return leastKdf;
  try {
    const memoryKib = headerBounds.minMemoryKib;
    const measuredMs = await measure(parts, { name: 'argon2id', memoryKib, passes: measuredPasses });
    const passMs = measuredMs / measuredPasses;
    return passMs > 0 ? argon2For(passMs / memoryKib) : unmeasuredKdf;
  } catch (error) {
    if (!isSottoError(error, 'kdf-memory')) throw error;
    const leastMs = await measure(parts, leastKdf);
    return pbkdf2For(leastMs / headerBounds.minIterations);
  }
}

/**
 * What is tried where a derivation that was chosen finds no memory: less of it for as long, in the end none.
 * @returns nothing where there is nothing less
 */
export function withLessMemory(kdf: ArchiveKdf): ArchiveKdf | undefined {
  if (kdf.name !== 'argon2id') return undefined;
  const memoryKib = memoryChoicesKib.find((choice) => choice < kdf.memoryKib);
  if (memoryKib === undefined) return leastKdf;
  const passes = Math.min(Math.floor((kdf.passes * kdf.memoryKib) / memoryKib), headerBounds.maxPasses);
  return { name: 'argon2id', memoryKib, passes };
}

/** @param msPerKib - of one pass */
export function argon2For(msPerKib: number): ArchiveKdf {
  const passesFor = (memoryKib: number) => Math.floor(targetMs / Math.max(msPerKib * memoryKib, 0.001));
  const memoryKib =
    memoryChoicesKib.find((choice) => passesFor(choice) >= minPasses) ?? headerBounds.minMemoryKib;
  const passes = Math.min(Math.max(passesFor(memoryKib), minPasses), headerBounds.maxPasses);
  return { name: 'argon2id', memoryKib, passes };
}

/** @param msPerIteration - of one */
export function pbkdf2For(msPerIteration: number): ArchiveKdf {
  const fitting = Math.floor(targetMs / Math.max(msPerIteration, 1e-9));
  const iterations = Math.min(Math.max(fitting, headerBounds.minIterations), headerBounds.maxIterations);
  return { name: 'pbkdf2-sha-256', iterations };
}

async function measure(
  { clock, derive }: { readonly clock: Clock; readonly derive: KeyDerivation },
  kdf: ArchiveKdf,
): Promise<number> {
  const startedAtMs = clock.monotonicNow();
  await derive(kdf, new Uint8Array(16), new Uint8Array(16));
  return clock.monotonicNow() - startedAtMs;
}
