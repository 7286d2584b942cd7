/** Storage case: random use, compared with a map after every step. */
import { utf8 } from '../bytes.js';
import type { StorageAdapter, StorageChange, StorageFence } from '../ports/storage.js';
import { assertEqual, assertRejects } from './assert.js';
import type { ConformanceRunner } from './runner.js';
import { seededRandom, type SeededRandom } from './seeded-random.js';
import { entriesOf, storageCases, type CreateMedium } from './storage-conformance-kit.js';

const stepCount = 300;
const prefixes = ['', 'a/', 'ab/', 'a/b/', 'c/'];
/** Few enough that steps meet. */
const keys = ['a', 'ab', 'a/1', 'a/2', 'a/b/1', 'a/b/2', 'ab/1', 'ab/b', 'c/1', 'c/2', 'c/3', 'd'];

/** Declares it. @param seed - repeats the steps */
export function modelCases(runner: ConformanceRunner, createMedium: CreateMedium, seed: number): void {
  const it = storageCases(runner, createMedium);

  it(`agrees with a map through ${stepCount} random steps (seed ${seed})`, async (context) => {
    const model = new StorageModel(seededRandom(`storage ${seed}`), context.storage, context.fence);
    for (let step = 0; step < stepCount; step += 1) {
      try {
        await model.step(context.reopen);
      } catch (error) {
        throw new Error(`step ${step} of seed ${seed}`, { cause: error });
      }
    }
  });
}

class StorageModel {
  readonly #random: SeededRandom;
  readonly #expected = new Map<string, string>();
  #storage: StorageAdapter;
  #fence: StorageFence;
  #olderFence: StorageFence | undefined;

  constructor(random: SeededRandom, storage: StorageAdapter, fence: StorageFence) {
    this.#random = random;
    this.#storage = storage;
    this.#fence = fence;
  }

  async step(reopen: () => Promise<StorageAdapter>): Promise<void> {
    const draw = this.#random.integer(100);
    if (draw < 50) await this.#commit();
    else if (draw < 70) await this.#get();
    else if (draw < 88) await this.#list();
    else if (draw < 92) await this.#staleCommit();
    else if (draw < 97) await this.#acquire();
    else {
      await this.#storage.close();
      this.#storage = await reopen();
      await this.#acquire();
    }
  }

  async #commit(): Promise<void> {
    const drawn = this.#drawChanges();
    await this.#storage.commit(drawn.map(toChange), { fence: this.#fence });
    for (const [key, text] of drawn) {
      if (text === undefined) this.#expected.delete(key);
      else this.#expected.set(key, text);
    }
  }

  async #staleCommit(): Promise<void> {
    const fence = this.#olderFence;
    if (fence === undefined) return;
    const stale = this.#drawChanges().map(toChange);
    await assertRejects(() => this.#storage.commit(stale, { fence }), 'fenced', 'an older writer');
  }

  async #acquire(): Promise<void> {
    this.#olderFence = this.#fence;
    this.#fence = await this.#storage.acquire();
  }

  async #get(): Promise<void> {
    const asked = this.#random.shuffle(keys).slice(0, this.#random.integer(keys.length));
    const got = (await this.#storage.get(asked)).map((value) => value && new TextDecoder().decode(value));
    assertEqual(
      got,
      asked.map((key) => this.#expected.get(key)),
      'values',
    );
  }

  async #list(): Promise<void> {
    const prefix = this.#random.pick(prefixes);
    const got = (await entriesOf(this.#storage, prefix)).map(
      ({ key, value }) => [key, new TextDecoder().decode(value)] as const,
    );
    const expected = [...this.#expected].filter(([key]) => key.startsWith(prefix));
    assertEqual(got.sort(byKey), expected.sort(byKey), `pairs under ${JSON.stringify(prefix)}`);
  }

  #drawChanges(): (readonly [key: string, text: string | undefined])[] {
    return Array.from({ length: this.#random.integer(6) }, () => {
      const text = this.#random.chance(0.3) ? undefined : 'v'.repeat(this.#random.integer(40));
      return [this.#random.pick(keys), text] as const;
    });
  }
}

function toChange([key, text]: readonly [string, string | undefined]): StorageChange {
  return { key, value: text === undefined ? undefined : utf8(text) };
}

function byKey([left]: readonly [string, string], [right]: readonly [string, string]): number {
  return left < right ? -1 : 1;
}
