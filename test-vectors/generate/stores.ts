/**
 * Makes stores as this release writes them, for this and every later one to open: two people in the middle of a
 * conversation, on each engine, and one of them in every kind of storage. Run once per layout, never again over
 * what is there: `node --conditions=@sotto/source --import tsx test-vectors/generate/stores.ts FOLDER`. With
 * `encrypted v1` behind it, where only the encryption has a new layout: what v1 has, encrypted anew.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Secret, type StorageAdapter, type StorageEntry } from '@sotto/sdk';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { encryptedStorage, passphraseKey } from '@sotto/sdk/storage/encrypted';
import { levelStorage } from '@sotto/sdk/storage/level';
import { createMemoryMedium, memoryStorage } from '@sotto/sdk/storage/memory';
import { createTestNetwork, type TestEngine } from '@sotto/sdk/testing';
import { sqliteStorage } from '../../examples/custom-storage/src/sqlite-storage.js';

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

async function entriesOf(storage: StorageAdapter): Promise<StorageEntry[]> {
  const entries: StorageEntry[] = [];
  for await (const entry of storage.list('')) entries.push(entry);
  return entries.sort((left, right) => (left.key < right.key ? -1 : 1));
}

const asJson = (entries: readonly StorageEntry[]) =>
  Object.fromEntries(entries.map(({ key, value }) => [key, base64(value)]));

/** Two people who know each other, and what the relay was told of them. */
async function converse(engine: TestEngine | undefined) {
  const network = createTestNetwork({ seed: 'frozen stores', ...(engine ? { engine } : {}) });
  const registrations: unknown[] = [];
  network.relay.tamper = {
    delay: ({ operation, request }) => {
      if (operation === 'accounts.register') {
        registrations.push({ ...request, loginKey: base64((request as { loginKey: Uint8Array }).loginKey) });
      }
      return undefined;
    },
  };
  const media = [createMemoryMedium(), createMemoryMedium()] as const;
  const options = (index: 0 | 1) => ({
    storage: () => memoryStorage({ medium: media[index] }),
    preKeyBatch: 1,
  });
  const alice = await network.user('alice', options(0));
  const bob = await network.user('bob', options(1));
  await alice.messenger.contacts.add(bob.contactCode);
  await alice.messenger.messages.send(bob.id, { text: 'the first' });
  await network.until(() => bob.texts.length === 1);
  await bob.messenger.contacts.accept(alice.id);
  await bob.messenger.messages.send(alice.id, { text: 'the second' });
  await network.until(() => alice.texts.length === 1);
  await alice.messenger.messages.send(bob.id, { text: 'the third' });
  await network.until(() => bob.texts.length === 2);
  await network.settle();
  const stores = await Promise.all(media.map((medium) => entriesOf(memoryStorage({ medium }))));
  await Promise.all([alice.messenger.close(), bob.messenger.close()]);
  const { relayId } = network.relay;
  return {
    relayId,
    registrations,
    people: [alice, bob].map(({ id, contactCode }) => ({ id, contactCode })),
    stores,
  };
}

async function copyTo(storage: StorageAdapter, entries: readonly StorageEntry[]): Promise<void> {
  // In two commits, so that a log and a table of LevelDB are there.
  const middle = entries.length >> 1;
  const fence = await storage.acquire();
  for (const part of [entries.slice(0, middle), entries.slice(middle)]) await storage.commit(part, { fence });
}

async function inFolder<Result>(work: (path: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'sotto-frozen-'));
  try {
    return await work(join(folder, 'data'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The files of a folder that a database is in; its lock and its diary say nothing. */
const levelFiles = (entries: readonly StorageEntry[]) =>
  inFolder(async (path) => {
    const first = levelStorage(path);
    await copyTo(first, entries);
    await first.close();
    // What was in the log is in a table after this.
    const second = levelStorage(path);
    await second.acquire();
    await second.close();
    const names = (await readdir(path)).filter((name) => !/^(LOCK|LOG(\.old)?)$/.test(name));
    const files = names.map(async (name) => [name, base64(await readFile(join(path, name)))] as const);
    return Object.fromEntries(await Promise.all(files));
  });

const sqliteFile = (entries: readonly StorageEntry[]) =>
  inFolder(async (path) => {
    const storage = sqliteStorage(path);
    await copyTo(storage, entries);
    await storage.close();
    return base64(await readFile(path));
  });

/** What lies under an encryption. */
async function sealed(entries: readonly StorageEntry[], key: Parameters<typeof encryptedStorage>[1]) {
  const medium = createMemoryMedium();
  await copyTo(encryptedStorage(memoryStorage({ medium }), key), entries);
  return asJson(await entriesOf(memoryStorage({ medium })));
}

/** Some of what a device keeps: an encryption says nothing about what is in it. */
const fewOf = (entries: readonly StorageEntry[]) => entries.filter(({ key }) => key.startsWith('account/'));

async function underEncryption(entries: readonly StorageEntry[]) {
  return {
    secret: await sealed(entries, new Secret(new Uint8Array(32).fill(7))),
    passphrase: await sealed(fewOf(entries), passphraseKey('frozen for good', { logN: 14, p: 1 })),
  };
}

/** The first person's pairs, as an earlier layout has them. */
async function frozenEntries(folder: string): Promise<StorageEntry[]> {
  const { stores } = JSON.parse(await readFile(join(folder, 'portable.json'), 'utf8')) as {
    stores: Record<string, string>[];
  };
  const pairs = Object.entries(stores[0] as Record<string, string>);
  return pairs.map(([key, value]) => ({ key, value: Uint8Array.from(Buffer.from(value, 'base64')) }));
}

async function main(folder: string, part?: string, of = 'v1'): Promise<void> {
  if (existsSync(folder)) throw new Error(`${folder} is frozen: give another one`);
  await mkdir(folder, { recursive: true });
  const write = (name: string, value: unknown) =>
    writeFile(join(folder, `${name}.json`), `${JSON.stringify(value)}\n`);
  if (part === 'encrypted') {
    const entries = await frozenEntries(join(folder, '..', of));
    await write('encrypted', { of, ...(await underEncryption(entries)) });
    return;
  }
  for (const [name, engine] of [
    ['portable', undefined],
    ['libsignal', libsignalEngine()],
  ] as const) {
    const { stores, ...rest } = await converse(engine);
    await write(name, { ...rest, stores: stores.map(asJson) });
    if (name !== 'portable') continue;
    const entries = stores[0] as StorageEntry[];
    await write('level', await levelFiles(entries));
    await write('sqlite', { file: await sqliteFile(entries) });
    // The pairs of an IndexedDB database are those of `portable.json`, as they are.
    await write('indexeddb', {
      version: 1,
      store: 'pairs',
      meta: ['!sotto', { fence: 3, committedAt: 1_750_000_000_000 }],
    });
    await write('encrypted', await underEncryption(entries));
  }
}

const [, , folder = fileURLToPath(new URL('../stores/v1', import.meta.url)), ...partOf] = process.argv;
await main(folder, ...partOf);
