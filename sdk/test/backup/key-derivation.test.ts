/** What keys cost, who chooses it, and what happens where there is not enough memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { argon2id } from '@noble/hashes/argon2.js';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { argon2InWorker } from '../../src/backup/argon2-in-worker.js';
import { makeArchiveKeys } from '../../src/backup/archive-writer.js';
import { argon2For, chooseKdf, pbkdf2For, withLessMemory } from '../../src/backup/calibration.js';
import { decodeHeader, headerBounds, type ArchiveKdf } from '../../src/backup/header.js';
import { platformDerivation, type KeyDerivation } from '../../src/backup/key-derivation.js';
import { SottoError } from '../../src/errors.js';
import { systemClock } from '../../src/host.js';
import { manualClock } from '../../src/testing/manual-clock.js';
import { seededRandom } from '../../src/testing/seeded-random.js';

const password = new TextEncoder().encode('correct horse battery');
const salt = new Uint8Array(32).fill(7);
const least: ArchiveKdf = { name: 'argon2id', memoryKib: headerBounds.minMemoryKib, passes: 1 };

const whole = globalThis.Uint32Array;
const builtinModule: unknown = Reflect.get(process, 'getBuiltinModule');

/** From now on no array of numbers gets more than so much: what a platform does that has no more. */
function limitMemory(bytes: number): void {
  // Node’s own Argon2, where there is one, does not ask JavaScript for memory.
  Reflect.set(process, 'getBuiltinModule', undefined);
  globalThis.Uint32Array = new Proxy(whole, {
    construct: (target, args: unknown[]) => {
      if (typeof args[0] === 'number' && 4 * args[0] > bytes) {
        throw new RangeError('Array buffer allocation failed');
      }
      return Reflect.construct(target, args) as object;
    },
  });
}

afterEach(() => {
  globalThis.Uint32Array = whole;
  Reflect.set(process, 'getBuiltinModule', builtinModule);
});

describe('too little memory', () => {
  it('is a failure of its own kind, and the next derivation is as if nothing was', async () => {
    limitMemory(64 * 1024 * 1024);
    const greedy: ArchiveKdf = { name: 'argon2id', memoryKib: headerBounds.maxMemoryKib, passes: 1 };
    const refused = platformDerivation()(greedy, password, salt);
    await expect(refused).rejects.toMatchObject({ code: 'kdf-memory' });
    expect(await platformDerivation()(least, password, salt)).toHaveLength(32);
  });

  it('for the least of Argon2id makes a new archive be derived by PBKDF2', async () => {
    limitMemory(1024 * 1024);
    const kdf = await chooseKdf('password', { clock: systemClock, derive: platformDerivation() });
    expect(kdf.name).toBe('pbkdf2-sha-256');
  });

  it('for what was chosen makes a new archive take less, as long as there is less', async () => {
    const tried: ArchiveKdf[] = [];
    const derive: KeyDerivation = async (kdf) => {
      tried.push(kdf);
      if (kdf.name === 'argon2id' && kdf.memoryKib > 40_000) throw new SottoError('kdf-memory');
      return new Uint8Array(32);
    };
    const parts = { clock: manualClock(0), random: seededRandom('less'), derive };
    const { header } = await makeArchiveKeys({ password: 'correct horse battery' }, parts);
    const chosen = { name: 'argon2id', memoryKib: 32 * 1024, passes: 5 };
    expect(tried.slice(1)).toEqual([
      { name: 'argon2id', memoryKib: 64 * 1024, passes: 3 },
      { name: 'argon2id', memoryKib: 46 * 1024, passes: 4 },
      chosen,
    ]);
    expect(decodeHeader(header).kdf).toEqual(chosen);
    const lessAndLess: ArchiveKdf[] = [];
    for (let kdf = withLessMemory(tried[1]!); kdf; kdf = withLessMemory(kdf)) lessAndLess.push(kdf);
    expect(lessAndLess.at(-2)).toEqual({ name: 'argon2id', memoryKib: headerBounds.minMemoryKib, passes: 8 });
    expect(lessAndLess.at(-1)).toEqual({ name: 'pbkdf2-sha-256', iterations: 600_000 });
  });
});

describe('the cost of a new archive', () => {
  it('is within the bounds, however fast or slow the device', () => {
    for (const msPerKib of [0, 1e-9, 1e-4, 1e-3, 1e-2, 1, 1000]) {
      const kdf = argon2For(msPerKib);
      if (kdf.name !== 'argon2id') throw new Error('another derivation');
      expect(kdf.memoryKib).toBeGreaterThanOrEqual(headerBounds.minMemoryKib);
      expect(kdf.memoryKib).toBeLessThanOrEqual(64 * 1024);
      expect(kdf.passes).toBeGreaterThanOrEqual(2);
      expect(kdf.passes).toBeLessThanOrEqual(headerBounds.maxPasses);
    }
    for (const msPerIteration of [0, 1e-9, 1e-4, 1]) {
      const kdf = pbkdf2For(msPerIteration);
      if (kdf.name === 'argon2id') throw new Error('another derivation');
      expect(kdf.iterations).toBeGreaterThanOrEqual(headerBounds.minIterations);
      expect(kdf.iterations).toBeLessThanOrEqual(headerBounds.maxIterations);
    }
  });

  it('is more on a fast device than on a slow one', () => {
    // A pass over 19 MiB in 10 ms, and in 250 ms.
    expect(argon2For(10 / 19_456)).toEqual({ name: 'argon2id', memoryKib: 65_536, passes: 10 });
    expect(argon2For(250 / 19_456)).toEqual({ name: 'argon2id', memoryKib: 19_456, passes: 2 });
  });

  it('is what is recommended where the clock stands still', async () => {
    const derive = async () => new Uint8Array(32);
    const kdf = await chooseKdf('password', { clock: manualClock(0), derive });
    expect(kdf).toEqual({ name: 'argon2id', memoryKib: 65_536, passes: 3 });
  });

  it('of a recovery key, which nobody guesses, is the least', async () => {
    const never = () => Promise.reject(new Error('measured'));
    const kdf = await chooseKdf('recovery-key', { clock: systemClock, derive: never });
    expect(kdf).toEqual({ name: 'pbkdf2-sha-256', iterations: 600_000 });
  });
});

describe('a worker of its own', () => {
  const job = { password, salt, memoryKib: 64, passes: 2, derivedBytes: 32, maxMemoryBytes: 2 ** 20 };
  let folder: string;
  let file: URL;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sotto-argon2-'));
    file = pathToFileURL(join(folder, 'argon2-worker.mjs'));
    const source = fileURLToPath(new URL('../../src/backup/argon2-worker.ts', import.meta.url));
    const entryPoints = [source];
    await build({ entryPoints, outfile: fileURLToPath(file), bundle: true, format: 'esm', platform: 'node' });
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('derives the same', async () => {
    const derived = argon2id(password, salt, { t: 2, m: 64, p: 1, dkLen: 32 });
    expect(await argon2InWorker(job, { file })).toEqual(derived);
    expect(new TextDecoder().decode(password)).toBe('correct horse battery');
  });

  it('says where memory is missing, as the array cannot be made', async () => {
    const greedy = { ...job, memoryKib: 2 ** 32 - 1, maxMemoryBytes: 2 ** 52 };
    expect(await argon2InWorker(greedy, { file })).toBe('no-memory');
  });

  it('ends with a signal, and is done without where there is none', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const slow = argon2InWorker({ ...job, passes: 2 ** 20 }, { file, signal: stop.signal });
    setTimeout(() => {
      stop.abort(reason);
    }, 100);
    await expect(slow).rejects.toBe(reason);
    expect(await argon2InWorker(job, { file: new URL('nowhere.mjs', file) })).toBe('no-worker');
  });
});

describe('a derivation', () => {
  it('stops on a signal, and the one after it goes on', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const slow: ArchiveKdf = { name: 'argon2id', memoryKib: 19 * 1024, passes: 10 };
    const stopped = platformDerivation(stop.signal)(slow, password, salt);
    const next = platformDerivation()(least, password, salt);
    setTimeout(() => {
      stop.abort(reason);
    }, 1);
    await expect(stopped).rejects.toBe(reason);
    expect(await next).toHaveLength(32);
  });
});
