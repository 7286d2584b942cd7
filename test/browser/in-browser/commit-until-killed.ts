/**
 * What a page does whose browser is killed: looks at what the one before has left in some storages, then commits to
 * all of them and says so.
 */
import { Secret, type StorageAdapter } from '@sotto/sdk';
import { encryptedStorage } from '@sotto/sdk/storage/encrypted';
import { indexedDbStorage } from '@sotto/sdk/storage/indexeddb';

/** What Node calls, as `killable`. */
export interface KillablePage {
  /**
   * Opens storages, which must be whole, and goes on committing to each until the page is gone.
   * @param names - those that begin with `encrypted` are
   * @returns the newest commit found in each, once it is the writer
   */
  start(names: readonly string[]): Promise<readonly { readonly found: number; readonly fence: number }[]>;
}

const groupCount = 5;
const keysPerGroup = 8;
const maxFillerBytes = 24 * 1024;
const hashBytes = 32;

type Bytes = Uint8Array<ArrayBuffer>;

function opened(name: string): StorageAdapter {
  const bare = indexedDbStorage(`killed-${name}`);
  if (!name.startsWith('encrypted')) return bare;
  return encryptedStorage(bare, new Secret(new Uint8Array(32).fill(7)));
}

/** The commit's number, random bytes, and a SHA-256 over both. */
async function valueOf(number: number): Promise<Bytes> {
  const length = 4 + Math.floor(Math.random() * maxFillerBytes);
  const body = crypto.getRandomValues(new Uint8Array(length));
  new DataView(body.buffer).setUint32(0, number);
  const value = new Uint8Array(length + hashBytes);
  value.set(body);
  value.set(new Uint8Array(await crypto.subtle.digest('SHA-256', body)), length);
  return value;
}

async function numberIn(value: Uint8Array): Promise<number> {
  const body = Uint8Array.from(value.subarray(0, value.length - hashBytes));
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  if (hash.some((byte, index) => byte !== value[body.length + index])) throw new Error('a torn value');
  return new DataView(body.buffer).getUint32(0);
}

async function changesOf(number: number) {
  const group = `group/${number % groupCount}`;
  const keys = Array.from({ length: keysPerGroup }, (_, index) => `${group}/${index}`);
  const puts = [...keys, `marker/${number}`].map(async (key) => ({ key, value: await valueOf(number) }));
  return [{ key: `marker/${number - 1}`, value: undefined }, ...(await Promise.all(puts))];
}

/** The newest commit, when everything is as it must be after it. */
async function findNewest(storage: StorageAdapter): Promise<number> {
  const markers: number[] = [];
  for await (const { value } of storage.list('marker/')) markers.push(await numberIn(value));
  const [newest = 0] = markers;
  if (markers.length > 1) throw new Error(`${markers.length} markers`);
  let count = 0;
  for await (const { key, value } of storage.list('group/')) {
    count += 1;
    const behind = (((newest - Number(key.split('/')[1])) % groupCount) + groupCount) % groupCount;
    const number = await numberIn(value);
    if (number !== newest - behind) throw new Error(`${key} is of ${number}, the newest of ${newest}`);
  }
  const expected = Math.min(newest, groupCount) * keysPerGroup;
  if (count !== expected) throw new Error(`${count} values instead of ${expected}`);
  return newest;
}

interface Opened {
  readonly name: string;
  readonly storage: StorageAdapter;
  readonly found: number;
  readonly fence: number;
}

async function open(name: string): Promise<Opened> {
  const storage = opened(name);
  const fence = await storage.acquire();
  return { name, storage, fence, found: await findNewest(storage) };
}

async function commitForEver({ name, storage, found, fence }: Opened): Promise<never> {
  for (let number = found + 1; ; number += 1) {
    await storage.commit(await changesOf(number), { fence: fence as never });
    console.log(`done ${name} ${number}`);
  }
}

const killable: KillablePage = {
  async start(names) {
    const all = await Promise.all(names.map(open));
    for (const one of all) {
      commitForEver(one).catch((error: unknown) => {
        console.log(`failed ${one.name} ${String(error)}`);
      });
    }
    return all.map(({ found, fence }) => ({ found, fence }));
  },
};
Object.assign(globalThis, { killable });
