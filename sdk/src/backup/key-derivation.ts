/**
 * Derivations that cost something: PBKDF2 by the platform, Argon2id by Node's own where it has one and by the
 * portable one elsewhere, in a worker of its own or, where there is none, in slices that let other work through. One
 * at a time in a process: each takes up to 256 MiB. Knows no header and no secret's meaning.
 */
import { argon2idAsync } from '@noble/hashes/argon2.js';
import { SottoError } from '../errors.js';
import { argon2InWorker } from './argon2-in-worker.js';
import { headerBounds, type ArchiveKdf } from './header.js';

/** @returns 32 bytes, wiped by the caller @throws SottoError `kdf-memory` */
export type KeyDerivation = (kdf: ArchiveKdf, password: Uint8Array, salt: Uint8Array) => Promise<Uint8Array>;

type Argon2 = (password: Uint8Array, salt: Uint8Array, cost: Argon2Cost) => Promise<Uint8Array>;

interface Argon2Cost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly signal?: AbortSignal | undefined;
}

/** Node has it since 24.7. */
type NodeArgon2 = (
  algorithm: 'argon2id',
  parameters: {
    message: Uint8Array;
    nonce: Uint8Array;
    parallelism: number;
    tagLength: number;
    memory: number;
    passes: number;
  },
  callback: (error: Error | null, derived: Uint8Array) => void,
) => void;

interface ProcessWithBuiltins {
  getBuiltinModule?(name: string): { argon2?: NodeArgon2 } | undefined;
}

const derivedBytes = 32;
/** The longest the portable Argon2id keeps everything else waiting. */
const sliceMs = 16;
/** More than the most a header may ask for. */
const maxMemoryBytes = 2 * headerBounds.maxMemoryKib * 1024;

let turn: Promise<unknown> = Promise.resolve();

/** The platform's derivation, stopped by a signal. */
export function platformDerivation(signal?: AbortSignal): KeyDerivation {
  return (kdf, password, salt) => {
    const derived = turn.then(() => {
      signal?.throwIfAborted();
      return kdf.name === 'argon2id'
        ? argon2(password, salt, { ...kdf, signal })
        : pbkdf2(password, salt, kdf.iterations);
    });
    turn = derived.catch(() => undefined);
    return derived.then((bytes) => {
      signal?.throwIfAborted();
      return bytes;
    });
  };
}

async function pbkdf2(password: Uint8Array, salt: Uint8Array, iterations: number): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', password as Uint8Array<ArrayBuffer>, 'PBKDF2', false, [
    'deriveBits',
  ]);
  const parameters = { name: 'PBKDF2', hash: 'SHA-256', salt: salt as Uint8Array<ArrayBuffer>, iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 8 * derivedBytes));
}

async function argon2(password: Uint8Array, salt: Uint8Array, cost: Argon2Cost): Promise<Uint8Array> {
  const native = nodeArgon2();
  const { memoryKib, passes, signal } = cost;
  const job = { password, salt, memoryKib, passes, derivedBytes, maxMemoryBytes };
  const derived = native ? 'no-worker' : await argon2InWorker(job, { signal });
  if (derived === 'no-memory') throw new SottoError('kdf-memory');
  if (derived !== 'no-worker') return derived;
  try {
    return await (native ?? portableArgon2)(password, salt, cost);
  } catch (error) {
    cost.signal?.throwIfAborted();
    // Of what is checked before, memory alone can be missing.
    throw new SottoError('kdf-memory', { cause: error });
  }
}

const portableArgon2: Argon2 = (password, salt, { memoryKib, passes, signal }) =>
  argon2idAsync(password, salt, {
    ...{ t: passes, m: memoryKib, p: 1, dkLen: derivedBytes },
    ...{ maxmem: maxMemoryBytes, asyncTick: sliceMs },
    onProgress: () => signal?.throwIfAborted(),
  });

function nodeArgon2(): Argon2 | undefined {
  // No import: bundles for browsers must not name a built-in.
  const { process } = globalThis as { process?: ProcessWithBuiltins };
  const native = process?.getBuiltinModule?.('node:crypto')?.argon2;
  if (!native) return undefined;
  return (message, nonce, { memoryKib, passes }) =>
    new Promise((resolve, reject) => {
      const parameters = {
        message,
        nonce,
        parallelism: 1,
        tagLength: derivedBytes,
        memory: memoryKib,
        passes,
      };
      native('argon2id', parameters, (error, derived) => {
        if (error) reject(error);
        else resolve(new Uint8Array(derived));
      });
    });
}
