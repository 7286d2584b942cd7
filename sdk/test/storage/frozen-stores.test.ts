/**
 * Stores as earlier releases wrote them (`test-vectors/stores`): each opens, with its identity, its contact and its
 * conversation, and the conversation goes on. What is there is never made again; a new layout gets a new folder.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { libsignalEngine } from '../../src/engines/libsignal/index.js';
import { portableEngine } from '../../src/engines/portable/index.js';
import { createMessenger, Secret, type Messenger, type StorageAdapter } from '../../src/index.js';
import { encryptedStorage, passphraseKey } from '../../src/storage/encrypted/index.js';
import { levelStorage } from '../../src/storage/level/index.js';
import { createMemoryMedium, memoryStorage } from '../../src/storage/memory/index.js';
import { createTestNetwork } from '../../src/testing/index.js';
import type { AccountId } from '../../src/wire/index.js';

const folder = fileURLToPath(new URL('../../../test-vectors/stores/', import.meta.url));
const versions = await readdir(folder);
/** A layout has files for what it changed; the first one has all. */
const versionsWith = (name: string) =>
  versions.filter((each) => existsSync(join(folder, each, `${name}.json`)));

type Pairs = Readonly<Record<string, string>>;

interface Frozen {
  readonly relayId: string;
  readonly registrations: readonly { readonly loginKey: string; readonly [name: string]: unknown }[];
  readonly people: readonly { readonly id: AccountId; readonly contactCode: string }[];
  readonly stores: readonly Pairs[];
}

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'base64'));

async function read<Content>(version: string, name: string): Promise<Content> {
  return JSON.parse(await readFile(join(folder, version, `${name}.json`), 'utf8')) as Content;
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A storage with pairs as they are. */
async function holding(pairs: Pairs): Promise<StorageAdapter> {
  const storage = memoryStorage({ medium: createMemoryMedium() });
  const changes = Object.entries(pairs).map(([key, value]) => ({ key, value: bytes(value) }));
  await storage.commit(changes, { fence: await storage.acquire() });
  return storage;
}

async function levelOf(version: string): Promise<StorageAdapter> {
  const files = await read<Pairs>(version, 'level');
  const path = join(await mkdtemp(join(tmpdir(), 'sotto-frozen-')), 'data');
  cleanups.push(() => rm(join(path, '..'), { recursive: true, force: true }));
  await mkdir(path);
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), bytes(content));
  return levelStorage(path);
}

const secret = () => new Secret(new Uint8Array(32).fill(7));
const password = (username: string) => `${username}'s long password`;

/** A relay that knows the people, and a way to open one of them. */
async function relayFor({ relayId, registrations, people }: Frozen, engineName: string) {
  const network = createTestNetwork({ seed: 'thawed' });
  network.relay.tamper = { responses: { 'relay.info': (info) => ({ ...info, relayId }) } };
  const visitor = network.transport();
  for (const { loginKey, ...rest } of registrations) {
    const registration = { ...rest, loginKey: bytes(loginKey) } as never;
    await visitor.request('accounts.register', revived(registration));
  }
  const open = async (index: 0 | 1, storage: StorageAdapter): Promise<Messenger> => {
    const engine = engineName === 'portable' ? portableEngine() : libsignalEngine();
    const messenger = await createMessenger({
      engine,
      storage,
      transport: network.transport(),
      clock: network.clock,
    });
    cleanups.push(() => messenger.close());
    const profile = await messenger.account.profile();
    expect(profile).toMatchObject({ accountId: people[index]?.id, contactCode: people[index]?.contactCode });
    return messenger;
  };
  return { network, open };
}

/** Byte strings as they were before JSON. */
function revived<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value), (_, each: unknown) => {
    const isBytes = typeof each === 'object' && each !== null && '0' in each && !Array.isArray(each);
    return isBytes ? Uint8Array.from(Object.values(each as Record<string, number>)) : each;
  }) as Value;
}

const textsOf = async (messenger: Messenger, other: AccountId) =>
  (await messenger.messages.list(other)).map(({ body }) => (body.kind === 'text' ? body.text : body.kind));

const texts = ['the first', 'the second', 'the third'];

/** Logs in at a relay that has forgotten all tokens. */
async function goOnline(messenger: Messenger, username: string) {
  await messenger.account.login(password(username));
  await messenger.connect();
}

describe.each(versionsWith('portable'))('stores of layout %s', (version) => {
  it.each(['portable', 'libsignal'])('open on %s, and the conversation goes on', async (engineName) => {
    const frozen = await read<Frozen>(version, engineName);
    const [alice, bob] = frozen.people as [Frozen['people'][0], Frozen['people'][0]];
    const { network, open } = await relayFor(frozen, engineName);
    const hers = await open(0, await holding(frozen.stores[0] as Pairs));
    const his = await open(1, await holding(frozen.stores[1] as Pairs));
    expect((await textsOf(hers, bob.id)).sort()).toEqual(texts);
    expect((await textsOf(his, alice.id)).sort()).toEqual(texts);
    expect(await hers.contacts.get(bob.id)).toMatchObject({ trust: 'code-checked' });
    await goOnline(hers, 'alice');
    await goOnline(his, 'bob');
    await hers.contacts.add(bob.contactCode);
    const undecryptable: unknown[] = [];
    for (const messenger of [hers, his])
      messenger.on('undecryptable', (event) => void undecryptable.push(event));
    await hers.messages.send(bob.id, { text: 'the fourth' });
    await network.until(async () => (await textsOf(his, alice.id)).includes('the fourth'));
    await his.messages.send(alice.id, { text: 'the fifth' });
    await network.until(async () => (await textsOf(hers, bob.id)).includes('the fifth'));
    expect(undecryptable).toEqual([]);
  });

  it('are the same in a folder of LevelDB', async () => {
    const frozen = await read<Frozen>(version, 'portable');
    const { open } = await relayFor(frozen, 'portable');
    const storage = await levelOf(version);
    const pairs: Record<string, string> = {};
    for await (const { key, value } of storage.list('')) pairs[key] = Buffer.from(value).toString('base64');
    expect(pairs).toEqual(frozen.stores[0]);
    const hers = await open(0, storage);
    expect(await textsOf(hers, frozen.people[1]?.id as AccountId)).toHaveLength(3);
  });
});

/** The same under an encryption: whose pairs they are, and what lies under a secret and a passphrase. */
interface FrozenEncrypted {
  readonly of?: string;
  readonly secret: Pairs;
  readonly passphrase: Pairs;
}

describe.each(versionsWith('encrypted'))('encrypted stores of layout %s', (version) => {
  it('have the same in them', async () => {
    const sealed = await read<FrozenEncrypted>(version, 'encrypted');
    const frozen = await read<Frozen>(sealed.of ?? version, 'portable');
    const { open } = await relayFor(frozen, 'portable');
    const storage = encryptedStorage(await holding(sealed.secret), secret());
    const pairs: Record<string, string> = {};
    for await (const { key, value } of storage.list('')) pairs[key] = Buffer.from(value).toString('base64');
    expect(pairs).toEqual(frozen.stores[0]);
    const hers = await open(0, storage);
    expect((await textsOf(hers, frozen.people[1]?.id as AccountId)).sort()).toEqual(texts);
    const typed = encryptedStorage(await holding(sealed.passphrase), passphraseKey('frozen for good'));
    const [account] = await typed.get(['account/self']);
    expect(account).toEqual(bytes((frozen.stores[0] as Pairs)['account/self'] as string));
  });
});
