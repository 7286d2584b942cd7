/**
 * The LevelDB database under a level storage: opens it, knows its layout and translates its errors. Knows no rules
 * of the port but the fence.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import type { ClassicLevel } from 'classic-level';
import { fromUtf8, utf8 } from '../../bytes.js';
import { SottoError } from '../../errors.js';
import type { StorageChange, StorageEntry } from '../../ports/storage.js';
import type { StorageDatabase } from '../database-storage.js';
import { lookAtFolder, removedPath } from './level-folder.js';

/** Outside of the user's keys: `!` is in none of them and sorts before all. */
const metaKey = '!sotto';
/** Raised when the layout below changes. */
const formatVersion = 1;
/** What the operating system says through LevelDB, which has no code of its own for it. */
const noSpace = /No space left on device|Disk quota exceeded|File too large/;
/** What LevelDB says of files that it needs and that are gone. */
const missingFile = /No such file or directory/;
/** The smallest character of a key, and the one after the greatest. */
const firstUserKey = '-';
const afterUserKeys = '\x7f';

/** See the header. */
export class LevelDatabase implements StorageDatabase {
  readonly #level: ClassicLevel<string, Uint8Array>;
  readonly #sync: boolean;
  /** The last fence given out, 0 before the first. */
  #fence: number;

  private constructor(level: ClassicLevel<string, Uint8Array>, sync: boolean, fence: number) {
    this.#level = level;
    this.#sync = sync;
    this.#fence = fence;
  }

  /**
   * Opens the database in a folder, which is made if it is missing. What an interrupted removal left
   * beside it is removed.
   * @param sync - whether each write waits until the medium has it
   * @throws SottoError `storage-locked`, `storage-failed`, `storage-corrupt`
   */
  static async open(path: string, sync: boolean): Promise<LevelDatabase> {
    const { ClassicLevel } = await loadPeer();
    return translated(async () => {
      await rm(removedPath(path), { recursive: true, force: true });
      // Private keys are inside: nobody else on the machine may read them.
      await mkdir(path, { recursive: true, mode: 0o700 });
      // LevelDB would make a new database over what is left of one.
      if ((await lookAtFolder(path)).isHeadless) throw new SottoError('storage-corrupt');
      const level = new ClassicLevel<string, Uint8Array>(path, {
        keyEncoding: 'utf8',
        valueEncoding: 'view',
      });
      await level.open();
      try {
        return new LevelDatabase(level, sync, readMeta(await level.get(metaKey)));
      } catch (error) {
        await level.close();
        throw error;
      }
    });
  }

  async nextFence(): Promise<number> {
    const fence = this.#fence + 1;
    await this.#batch([{ type: 'put', key: metaKey, value: writeMeta(fence) }]);
    this.#fence = fence;
    return fence;
  }

  /** One record of LevelDB's log, checked by its checksum after a crash. Nobody else has the folder. */
  async write(writes: readonly StorageChange[], fence: number): Promise<void> {
    this.#assertWriter(fence);
    if (writes.length > 0) await this.#batch(writes.map(toOperation));
  }

  #assertWriter(fence: number): void {
    if (fence !== this.#fence) throw new SottoError('fenced');
  }

  async #batch(operations: LevelOperation[]): Promise<void> {
    await translated(() => this.#level.batch(operations, { sync: this.#sync }));
  }

  async get(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const values = await translated(() => this.#level.getMany([...keys]));
    return values.map((value) => value && new Uint8Array(value));
  }

  async *list(prefix: string): AsyncIterable<StorageEntry> {
    // `0` is the character after `/`, in which every prefix but the empty one ends.
    const end = prefix === '' ? afterUserKeys : `${prefix.slice(0, -1)}0`;
    const iterator = this.#level.iterator({ gte: prefix === '' ? firstUserKey : prefix, lt: end });
    try {
      for (;;) {
        const entry = await translated(() => iterator.next());
        if (!entry) return;
        const [key, value] = entry;
        yield { key, value: new Uint8Array(value) };
      }
    } finally {
      await iterator.close();
    }
  }

  async look(): Promise<{ readonly isUsed: boolean; readonly lastCommitAt: number | undefined }> {
    const [first] = await translated(() => this.#level.keys({ gte: firstUserKey, limit: 1 }).all());
    const { lastWriteAt } = await translated(() => lookAtFolder(this.#level.location));
    return { isUsed: first !== undefined, lastCommitAt: lastWriteAt };
  }

  async close(): Promise<void> {
    await translated(() => this.#level.close());
  }

  async clear(fence: number): Promise<void> {
    this.#assertWriter(fence);
  }

  /** Closes and removes the folder. Renamed first, so that what a crash leaves is never opened half removed. */
  async remove(): Promise<void> {
    const path = this.#level.location;
    await this.close();
    await translated(async () => {
      await rename(path, removedPath(path));
      await rm(removedPath(path), { recursive: true, force: true });
    });
  }
}

type LevelOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string };

function toOperation({ key, value }: StorageChange): LevelOperation {
  return value === undefined ? { type: 'del', key } : { type: 'put', key, value };
}

async function loadPeer() {
  try {
    return await import('classic-level');
  } catch (error) {
    const cause = new Error('levelStorage needs the package classic-level: npm install classic-level', {
      cause: error,
    });
    throw new SottoError('storage-failed', { cause });
  }
}

function readMeta(bytes: Uint8Array | undefined): number {
  if (!bytes) return 0;
  const { format, fence } = parseMeta(bytes);
  if (format !== formatVersion || !Number.isSafeInteger(fence)) throw new SottoError('storage-corrupt');
  return fence as number;
}

function parseMeta(bytes: Uint8Array): { format?: unknown; fence?: unknown } {
  try {
    return JSON.parse(fromUtf8(bytes)) as { format?: unknown; fence?: unknown };
  } catch {
    throw new SottoError('storage-corrupt');
  }
}

function writeMeta(fence: number): Uint8Array {
  return utf8(JSON.stringify({ format: formatVersion, fence }));
}

/** What LevelDB or the operating system fails with as a failure of the port. */
export async function translated<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SottoError) throw error;
    throw new SottoError(codeOf(error), { cause: error });
  }
}

type StorageCode = 'storage-locked' | 'storage-full' | 'storage-corrupt' | 'storage-failed';

/** LevelDB's own reason is one or two causes down. */
function codeOf(error: unknown): StorageCode {
  for (let reason = error; reason instanceof Error; reason = reason.cause) {
    const { code } = reason as { readonly code?: unknown };
    if (code === 'LEVEL_LOCKED') return 'storage-locked';
    if (code === 'LEVEL_IO_ERROR' && missingFile.test(reason.message)) return 'storage-corrupt';
    if (code === 'LEVEL_CORRUPTION') return 'storage-corrupt';
    if (code === 'ENOSPC' || code === 'EDQUOT' || noSpace.test(reason.message)) return 'storage-full';
  }
  return 'storage-failed';
}
