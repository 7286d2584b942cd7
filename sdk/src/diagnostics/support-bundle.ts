/**
 * What a user may show to whoever helps: states, numbers and versions of this device. No content, name, key or
 * token is in it, and no id: other accounts are told apart by hashes that are others in every bundle. Reads
 * what other features keep, and keeps nothing.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { AccountService } from '../account/index.js';
import { utf8 } from '../bytes.js';
import {
  contactEntries,
  contactView,
  type ContactEntry,
  type ContactRelation,
  type ContactTrust,
} from '../contacts/index.js';
import { readContinuity } from '../continuity/index.js';
import { isSottoError, type SottoErrorCode } from '../errors.js';
import type { Host } from '../host.js';
import { limits } from '../limits.js';
import {
  listQuarantine,
  outboxEntries,
  type OutboxEntry,
  type Sender,
  type SenderState,
} from '../messages/index.js';
import type { ProtocolEngine } from '../ports/engine.js';
import type { StorageHealth } from '../ports/storage-health.js';
import type { StorageAdapter } from '../ports/storage.js';
import type { ConnectionState } from '../ports/transport.js';
import { readHeldKeys } from '../prekeys/index.js';
import type { Unit, Writer } from '../unit/index.js';
import { sdkVersion } from '../version.js';
import { toBase64Url, type AccountId } from '../wire/index.js';
import { readCounters, type LimitName, type MessengerCounters } from './counters.js';

/** Records of a space that are counted; from there on a number says "at least". */
const maxCountedRecords = 10_000;
/** Accounts that a bundle says something of, those with most that waits first. */
const maxPeers = 100;
/** Bytes of a reference: enough that two accounts of one bundle have two. */
const referenceLength = 9;

/** Spaces whose records are counted. Messages and what the application keeps are not: they may be millions. */
const countedSpaces = ['deferred', 'engine', 'journal', 'quarantine', 'receipt', 'seen', 'send-log'] as const;
/** A space of the storage. */
export type CountedSpace = (typeof countedSpaces)[number];

/** A part of a bundle. */
export type SupportBundlePart = 'device' | 'outbox' | 'counters' | 'peers' | 'limits' | 'records' | 'storage';

/** What can be said of another account without saying which. */
export interface SupportBundlePeer {
  /** 12 characters: a hash under a key that is thrown away with the making of the bundle. */
  readonly reference: string;
  readonly relation: ContactRelation;
  readonly trust: ContactTrust;
  /** Devices of its list. */
  readonly deviceCount: number;
  /** Entries of the outbox for it. */
  readonly outboxCount: number;
  /** Envelopes of it that wait until the user accepts a key. */
  readonly quarantinedCount: number;
  /** Its devices with whom a session was begun anew because a message could not be decrypted, and when last. */
  readonly renewedCount: number;
  readonly lastRenewalAt: number | null;
}

/**
 * A description of this device for whoever helps its user; plain JSON. A part that cannot be read is `null`, and
 * `failures` says why. Times are milliseconds since the Unix epoch by this device's clock.
 */
export interface SupportBundle {
  readonly v: 1;
  readonly madeAt: number;
  readonly versions: { readonly sdk: string; readonly engine: string; readonly engineRecords: number };
  readonly connection: ConnectionState;
  readonly sender: SenderState;
  readonly device: {
    readonly isRegistered: boolean;
    /** Commits so far, and how often the device has begun anew, from 1. */
    readonly storeSeq: number;
    readonly generation: number;
  } | null;
  readonly outbox: {
    readonly count: number;
    /** Of these, how many are encrypted and wait for the relay; the others wait for sessions. */
    readonly attemptCount: number;
    readonly recipientCount: number;
    readonly oldestAt: number | null;
  } | null;
  readonly counters: MessengerCounters | null;
  readonly peers: readonly SupportBundlePeer[] | null;
  /** How much of some limits is used up now. */
  readonly limits:
    | readonly {
        readonly name: LimitName;
        readonly used: number;
        readonly max: number;
      }[]
    | null;
  /** Records by space, 10,000 at most of each. */
  readonly records: Readonly<Record<CountedSpace, number>> | null;
  readonly storage: {
    readonly durability: StorageAdapter['durability'];
    /** Absent where the adapter has none. */
    readonly health?: StorageHealth | undefined;
  } | null;
  readonly failures: readonly {
    readonly part: SupportBundlePart;
    readonly code: SottoErrorCode | 'unexpected';
  }[];
}

/** What a bundle is made from. */
export interface DiagnosticsParts {
  readonly account: AccountService;
  readonly connection: ConnectionState;
  readonly engine: ProtocolEngine;
  readonly host: Host;
  readonly sender: Sender;
  readonly storage: StorageAdapter;
  readonly writer: Writer;
}

/** Makes a bundle. What fails is said in it. @throws SottoError `messenger-closed` */
export async function makeSupportBundle(parts: DiagnosticsParts): Promise<SupportBundle> {
  const { engine, host, sender, writer, storage } = parts;
  writer.assertOpen();
  const failures: SupportBundle['failures'][number][] = [];
  const part = async <Value>(name: SupportBundlePart, read: () => Promise<Value>) =>
    read().catch((error: unknown) => {
      failures.push({ part: name, code: isSottoError(error) ? error.code : 'unexpected' });
      return null;
    });
  const inUnit = <Value>(name: SupportBundlePart, read: (unit: Unit) => Promise<Value>) =>
    part(name, () => writer.run(read));
  return {
    v: 1,
    madeAt: host.clock.now(),
    versions: { sdk: sdkVersion, engine: engine.name, engineRecords: engine.recordVersion },
    connection: parts.connection,
    sender: sender.state,
    device: await inUnit('device', (unit) => describeDevice(parts, unit)),
    outbox: await inUnit('outbox', async (unit) => describeOutbox(await outboxEntries(unit))),
    counters: await part('counters', () => readCounters(writer)),
    peers: await inUnit('peers', (unit) => describePeers(unit, host.random.bytes(32))),
    limits: await inUnit('limits', describeLimits),
    records: await part('records', () => countRecords(writer)),
    storage: await part('storage', () => describeStorage(storage)),
    failures,
  };
}

async function describeDevice({ account, writer }: DiagnosticsParts, unit: Unit) {
  const { generation } = await readContinuity(unit);
  const isRegistered = (await account.profile()) !== undefined;
  return { isRegistered, storeSeq: writer.storeSeq, generation };
}

function describeOutbox(entries: readonly OutboxEntry[]) {
  return {
    count: entries.length,
    attemptCount: entries.filter(({ attempt }) => attempt).length,
    recipientCount: new Set(entries.map(({ recipient }) => recipient)).size,
    oldestAt: entries.reduce<number | null>(
      (oldest, { createdAt }) => (oldest === null || createdAt < oldest ? createdAt : oldest),
      null,
    ),
  };
}

async function describePeers(unit: Unit, key: Uint8Array): Promise<SupportBundlePeer[]> {
  const outbox = countBy(await outboxEntries(unit), ({ recipient }) => recipient);
  const quarantined = countBy(await listQuarantine(unit), ({ envelope }) => envelope.sender.accountId);
  const peers = (await contactEntries(unit)).map((entry) => {
    const { accountId } = entry.statement;
    const counts = {
      outboxCount: outbox.get(accountId) ?? 0,
      quarantinedCount: quarantined.get(accountId) ?? 0,
    };
    return { reference: referenceOf(accountId, key), ...describePeer(entry), ...counts };
  });
  // The order of the storage would be the one of the ids.
  const waiting = (peer: SupportBundlePeer) => peer.outboxCount + peer.quarantinedCount + peer.renewedCount;
  const byReference = (left: SupportBundlePeer, right: SupportBundlePeer) =>
    left.reference < right.reference ? -1 : 1;
  return peers
    .sort((left, right) => waiting(right) - waiting(left) || byReference(left, right))
    .slice(0, maxPeers);
}

function describePeer(entry: ContactEntry) {
  const { relation, trust } = contactView(entry);
  const renewals = entry.renewals ?? [];
  return {
    ...{ relation, trust },
    deviceCount: entry.manifest.devices.length,
    renewedCount: renewals.length,
    lastRenewalAt: renewals.length > 0 ? Math.max(...renewals.map(({ at }) => at)) : null,
  };
}

function referenceOf(account: AccountId, key: Uint8Array): string {
  return toBase64Url(hmac(sha256, key, utf8(account)).slice(0, referenceLength));
}

async function describeLimits(unit: Unit): Promise<NonNullable<SupportBundle['limits']>> {
  const held = await readHeldKeys(unit);
  const requests = (await contactEntries(unit)).filter(({ relation }) => relation === 'request');
  const quarantined = countBy(await listQuarantine(unit), ({ envelope }) => envelope.sender.accountId);
  const used: Partial<Record<LimitName, number>> = {
    maxOutboxEntries: (await outboxEntries(unit)).length,
    maxMessageRequests: requests.length,
    maxQuarantinedPerAccount: Math.max(0, ...quarantined.values()),
    maxOneTimePreKeys: Math.max(held.oneTime, held.kemOneTime),
    maxContinuityRepairs: (await readContinuity(unit)).repairs.length,
  };
  return (Object.entries(used) as [LimitName, number][]).map(([name, value]) => ({
    name,
    used: value,
    max: limits[name],
  }));
}

async function countRecords(writer: Writer): Promise<Record<CountedSpace, number>> {
  const counts = {} as Record<CountedSpace, number>;
  for (const space of countedSpaces) {
    counts[space] = 0;
    for await (const _ of writer.list(`${space}/`)) {
      counts[space] += 1;
      if (counts[space] >= maxCountedRecords) break;
    }
  }
  return counts;
}

async function describeStorage(storage: StorageAdapter): Promise<NonNullable<SupportBundle['storage']>> {
  const health = await storage.health?.();
  return { durability: storage.durability, ...(health && { health: onlyNamed(health) }) };
}

/** An adapter of somebody else may say more of itself than the port has names for. */
function onlyNamed(health: StorageHealth): StorageHealth {
  const { state, action, missing, warnings, durability, persistence } = health;
  const { usageBytes, quotaBytes, lastCommitAt } = health;
  return { state, action, missing, warnings, durability, persistence, usageBytes, quotaBytes, lastCommitAt };
}

function countBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, number> {
  const counts = new Map<Key, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
