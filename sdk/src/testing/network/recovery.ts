/**
 * Recovers accounts on a test network from what a device's storage held, without the file that would carry it: the
 * format has tests of its own, and its key derivation takes real time.
 */
import { AccountService, ownAccountKey, ownAccountRecord, RelayClient } from '../../account/index.js';
import { recoverAccount, type ArchiveSection } from '../../backup/index.js';
import { contactPrefix, contactRecord } from '../../contacts/index.js';
import { continuityKey, continuityRecord, noContinuity } from '../../continuity/index.js';
import { silentLogger } from '../../host.js';
import {
  applicationSpace,
  conversationPrefix,
  conversationRecord,
  messageRecord,
} from '../../messages/index.js';
import type { ProtocolEngine } from '../../ports/engine.js';
import type { Clock, Random } from '../../ports/host.js';
import type { StorageAdapter } from '../../ports/storage.js';
import type { Transport } from '../../ports/transport.js';
import { Secret } from '../../secret.js';
import { memoryStorage, type MemoryMedium } from '../../storage/memory/index.js';
import { Writer } from '../../unit/index.js';
import type { AccountId } from '../../wire/index.js';

/** What a backup of a device holds. Made anew at every call: whoever reads the sections wipes their secrets. */
export type TestBackup = () => ArchiveSection[];

const order = ['contact', 'conversation', 'message', 'applicationRecord'];

/**
 * Backs up a device as it is in its storage at this moment.
 * @param createdAt - milliseconds since the Unix epoch
 */
export async function backUpMedium(medium: MemoryMedium, createdAt: number): Promise<TestBackup> {
  const stored = new Map<string, Uint8Array>();
  for await (const { key, value } of memoryStorage({ medium }).list('')) stored.set(key, value.slice());
  return () => sectionsOf(stored, createdAt);
}

function sectionsOf(stored: ReadonlyMap<string, Uint8Array>, createdAt: number): ArchiveSection[] {
  const content = [...stored].flatMap(([key, value]) => contentSection(key, value));
  content.sort((left, right) => order.indexOf(left.type) - order.indexOf(right.type));
  const count = (type: ArchiveSection['type']) => content.filter((section) => section.type === type).length;
  const totals = {
    contacts: count('contact'),
    conversations: count('conversation'),
    messages: count('message'),
    applicationRecords: count('applicationRecord'),
  };
  return [
    { type: 'begin', begin: { createdAt, storeSeq: 0, messages: totals.messages } },
    identitySection(stored),
    ...content,
    { type: 'end', totals: { ...totals, tombstones: 0, settings: 0, unknown: 0 } },
  ];
}

function identitySection(stored: ReadonlyMap<string, Uint8Array>): ArchiveSection {
  const account = stored.get(ownAccountKey);
  if (!account) throw new TypeError('there is no account to back up');
  const { state: _, deviceAuthSeed: __, engine, ...identity } = ownAccountRecord.decode(account);
  const continuity = stored.get(continuityKey);
  const { generation } = continuity ? continuityRecord.decode(continuity) : noContinuity;
  const identityPrivateKey = new Secret(identity.identityPrivateKey.expose().slice());
  const name = engine?.name ?? 'libsignal';
  return { type: 'identity', identity: { ...identity, identityPrivateKey, generation, engine: name } };
}

function contentSection(key: string, value: Uint8Array): ArchiveSection[] {
  if (key.startsWith(contactPrefix)) return [{ type: 'contact', contact: contactRecord.decode(value) }];
  if (key.startsWith(conversationPrefix)) {
    const conversationId = key.slice(conversationPrefix.length) as AccountId;
    return [{ type: 'conversation', conversation: { conversationId, ...conversationRecord.decode(value) } }];
  }
  if (key.startsWith('message/')) {
    return [{ type: 'message', message: messageRecord.decode(value), expiresAt: null }];
  }
  if (!key.startsWith(applicationSpace)) return [];
  return [{ type: 'applicationRecord', key: key.slice(applicationSpace.length), value }];
}

/** Where and with what an account is recovered. */
export interface RecoveryHost {
  readonly storage: StorageAdapter;
  /** Closed in the end. */
  readonly transport: Transport;
  readonly engine: ProtocolEngine;
  readonly clock: Clock;
  /** Another one at every call. */
  readonly random: Random;
  /** As of `backup.restore`. */
  readonly signal?: AbortSignal;
}

/** Recovers an account, as a messenger does. @throws SottoError as `backup.restore` */
export async function recoverFrom(backup: TestBackup, host: RecoveryHost): Promise<void> {
  const { storage, transport, engine, clock, random, signal } = host;
  const writer = await Writer.open(storage, () => undefined);
  const parts = { clock, random, logger: silentLogger };
  const relay = new RelayClient({ transport, writer, host: parts, onLoginEnded: () => undefined });
  const account = new AccountService({ writer, engine, relay, host: parts });
  try {
    await recoverAccount(
      { writer, engine, relay, account, host: parts },
      each(backup()),
      signal && { signal },
    );
  } finally {
    await writer.close();
    await transport.close();
  }
}

async function* each<Item>(items: Iterable<Item>): AsyncGenerator<Item> {
  yield* items;
}
