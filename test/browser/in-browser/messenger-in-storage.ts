/** A page with a whole messenger on IndexedDB, for tests that look at what it leaves: on the disk and in the page. */
import type { StorageAdapter } from '@sotto/sdk';
import { Secret, SottoError } from '@sotto/sdk';
import { deviceKey, encryptedStorage, removeDeviceKey } from '@sotto/sdk/storage/encrypted';
import { indexedDbStorage } from '@sotto/sdk/storage/indexeddb';
import { createTestNetwork, type TestUser } from '@sotto/sdk/testing';
import { databasesOfOrigin } from './web-place.js';

/** Under which key: none, the device's own, or 32 bytes that the application has. */
export type Wrap = 'bare' | 'device' | 'application';

/** What Node calls, as `stored`. */
export interface StoredPage {
  /** Registers somebody, who exchanges messages with these words in them. @returns secrets of hers, base64url */
  converse(wrap: Wrap, words: string): Promise<readonly string[]>;
  /** All bytes and texts that any script of this origin can read from storage, base64. */
  snapshot(): Promise<readonly string[]>;
  signOut(): Promise<void>;
  /** Commits until there is no room. @returns the code, and whether exactly the acknowledged commits are there */
  fill(): Promise<{ readonly code: string; readonly untouched: boolean; readonly state: string }>;
  /** One more, as an application would try again. @returns its code, or `done` */
  again(): Promise<string>;
}

const name = 'alice';
let alice: TestUser;

/** A key whose bytes this test, other than any page in earnest, knows: as the platform makes it but for that. */
async function deviceKeyInSight(): Promise<{ readonly key: CryptoKey; readonly bytes: Uint8Array }> {
  const subtle = crypto.subtle;
  const generateKey = subtle.generateKey.bind(subtle);
  let bytes = new Uint8Array();
  const seen = async (algorithm: AesKeyGenParams, extractable: boolean, usages: KeyUsage[]) => {
    const key = await generateKey(algorithm, true, usages);
    bytes = new Uint8Array(await subtle.exportKey('raw', key));
    return subtle.importKey('raw', bytes, algorithm, extractable, usages);
  };
  Object.defineProperty(subtle, 'generateKey', { value: seen, configurable: true });
  try {
    return { key: await deviceKey(name), bytes };
  } finally {
    Object.defineProperty(subtle, 'generateKey', { value: generateKey, configurable: true });
  }
}

async function keyInSight(wrap: 'device' | 'application') {
  if (wrap === 'device') return deviceKeyInSight();
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return { key: new Secret(bytes), bytes };
}

const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

async function secretsIn(storage: StorageAdapter): Promise<string[]> {
  const [account] = await storage.get(['account/self']);
  const { d } = JSON.parse(new TextDecoder().decode(account)) as { d: Record<string, string> };
  return [d['identityPrivateKey'] as string, d['deviceAuthSeed'] as string];
}

function answered<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error as DOMException);
  });
}

const utf8 = new TextEncoder();

/** Everything of a value that has bytes; a key that is not extractable has none. */
function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return utf8.encode(typeof value === 'string' ? value : JSON.stringify(value));
}

async function inDatabase({ factory, name }: { factory: IDBFactory; name: string }): Promise<Uint8Array[]> {
  const database = await answered(factory.open(name));
  const found: Uint8Array[] = [];
  for (const storeName of database.objectStoreNames) {
    const store = database.transaction(storeName).objectStore(storeName);
    const [keys, values] = await Promise.all([answered(store.getAllKeys()), answered(store.getAll())]);
    found.push(...[...keys, ...values].map(bytesOf));
  }
  database.close();
  return found;
}

let filled: { readonly storage: ReturnType<typeof indexedDbStorage>; readonly fence: never };

const changesOf = (seq: number) => [
  { key: `row/${seq}`, value: crypto.getRandomValues(new Uint8Array(60_000)) },
  { key: 'count', value: utf8.encode(String(seq)) },
];

const stored: StoredPage = {
  async converse(wrap, words) {
    const network = createTestNetwork();
    const bare = indexedDbStorage(name);
    const sight = wrap === 'bare' ? undefined : await keyInSight(wrap);
    const removeKey = () => removeDeviceKey(name);
    const storage = sight ? encryptedStorage(bare, sight.key, { removeKey }) : bare;
    alice = await network.user('alice', { storage: () => storage });
    const bob = await network.user('bob');
    await alice.messenger.contacts.add(bob.contactCode);
    await alice.messenger.messages.send(bob.id, { text: `to bob: ${words}` });
    await network.until(() => bob.texts.length === 1, 'bob has it');
    await bob.messenger.contacts.accept(alice.id);
    await bob.messenger.messages.send(alice.id, { text: `to alice: ${words}` });
    await network.until(() => alice.texts.length === 1, 'alice has it');
    const secrets = await secretsIn(storage);
    return sight ? [...secrets, base64url(sight.bytes)] : secrets;
  },
  async snapshot() {
    const found = await Promise.all((await databasesOfOrigin()).map(inDatabase));
    const texts = [...Object.entries(localStorage), ...Object.entries(sessionStorage), document.cookie];
    for (const cacheName of await caches.keys()) {
      const cache = await caches.open(cacheName);
      for (const request of await cache.keys()) {
        texts.push(request.url, (await (await cache.match(request))?.text()) ?? '');
      }
    }
    return [...found.flat(), ...texts.map(bytesOf)].map((bytes) => {
      let binary = '';
      for (const byte of bytes) binary += String.fromCharCode(byte);
      return btoa(binary);
    });
  },
  async signOut() {
    await alice.messenger.account.signOut();
  },
  async fill() {
    const storage = indexedDbStorage('full');
    const fence = (await storage.acquire()) as never;
    filled = { storage, fence };
    for (let seq = 1; ; seq += 1) {
      try {
        await storage.commit(changesOf(seq), { fence });
      } catch (error) {
        const [count, refused] = await storage.get(['count', `row/${seq}`]);
        const untouched = new TextDecoder().decode(count) === String(seq - 1) && refused === undefined;
        const code = error instanceof SottoError ? error.code : String(error);
        return { code, untouched: seq > 1 && untouched, state: (await storage.health()).state };
      }
    }
  },
  async again() {
    try {
      await filled.storage.commit(changesOf(1_000_000), { fence: filled.fence });
      return 'done';
    } catch (error) {
      return error instanceof SottoError ? error.code : String(error);
    }
  },
};
Object.assign(globalThis, { stored });
