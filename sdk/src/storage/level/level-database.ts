/**
 * The LevelDB database under a level storage: opens it, knows its layout and translates its errors.
 * Knows no fence rules.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import type { ClassicLevel } from 'classic-level';
import { fromUtf8, utf8 } from '../../bytes.js';
import { SottoError } from '../../errors.js';
import type { StorageEntry } from '../../ports/storage.js';

/** Outside of the user's keys: `!` is in none of them and sorts before all. */
const metaKey = '!sotto';
/** Raised when the layout below changes. */
const formatVersion = 1;
/** The smallest character of a key, and the one after the greatest. */
const firstUserKey = '-';
const afterUserKeys = '\x7f';

/** One write inside a batch. */
export type LevelWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string };

/** See the header. */
export class LevelDatabase {
  readonly #level: ClassicLevel<string, Uint8Array>;
  readonly #sync: boolean;
  /** The last fence given out, 0 before the first. */
  fence: number;

  private constructor(level: ClassicLevel<string, Uint8Array>, sync: boolean, fence: number) {
    this.#level = level;
    this.#sync = sync;
    this.fence = fence;
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

  /** Gives out the next fence once it is written. */
  async nextFence(): Promise<number> {
    const fence = this.fence + 1;
    await this.write([{ type: 'put', key: metaKey, value: writeMeta(fence) }]);
    this.fence = fence;
    return fence;
  }

  /** All writes or none: one record of LevelDB's log, checked by its checksum after a crash. */
  async write(writes: readonly LevelWrite[]): Promise<void> {
    await translated(() => this.#level.batch([...writes], { sync: this.#sync }));
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

  async close(): Promise<void> {
    await translated(() => this.#level.close());
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

function removedPath(path: string): string {
  return `${path.replace(/[/\\]+$/, '')}.removed`;
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

async function translated<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SottoError) throw error;
    throw new SottoError(isLocked(error) ? 'storage-locked' : 'storage-failed', { cause: error });
  }
}

/** LevelDB's own reason is one or two causes down. */
function isLocked(error: unknown): boolean {
  for (let reason = error; reason instanceof Error; reason = reason.cause) {
    if ((reason as { code?: unknown }).code === 'LEVEL_LOCKED') return true;
  }
  return false;
}
