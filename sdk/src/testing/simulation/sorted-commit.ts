/** A device's commit, sorted by what its keys are about. Knows no commit before it, and no rule. */
import type { Message } from '../../messages/index.js';
import type { StorageChange } from '../../ports/storage.js';
import type { AccountId, EnvelopeId } from '../../wire/index.js';
import { readMessage, readRecord } from './stored.js';

/** What a ledger reads of an entry of the journal. */
export interface JournalFields {
  readonly type: string;
  readonly reason?: string;
  readonly messageSeq?: number;
  readonly conversationId?: string;
}

/** What a ledger reads of a contact. */
export interface ContactFields {
  readonly relation: string;
  readonly renewals?: readonly { readonly at: number; readonly requests?: number }[];
  readonly resends?: readonly { readonly at: number }[];
}

/** See the header. */
export interface SortedCommit {
  /** Envelopes that it marks as seen. */
  readonly seen: EnvelopeId[];
  readonly quarantined: EnvelopeId[];
  /** Let out of quarantine. */
  readonly released: EnvelopeId[];
  /** Messages that were not there before. */
  readonly received: Message[];
  /** Messages as they are now, by their keys. */
  readonly rows: Map<string, Message>;
  readonly contacts: Map<AccountId, ContactFields>;
  readonly journal: JournalFields[];
  /** The number of its last entry; 0 without one. */
  journalHead: number;
  readonly counted: Map<string, number>;
  /** What the device itself counts by now, by reason and limit. */
  counters: ReadonlyMap<string, number> | undefined;
  sessionMoved: boolean;
}

/** @param isThere - whether there was a message under a key before */
export function sortCommit(
  changes: readonly StorageChange[],
  isThere: (key: string) => boolean,
): SortedCommit {
  const sorted: SortedCommit = {
    seen: [],
    quarantined: [],
    released: [],
    received: [],
    rows: new Map(),
    contacts: new Map(),
    journal: [],
    journalHead: 0,
    counted: new Map(),
    counters: undefined,
    sessionMoved: false,
  };
  for (const { key, value } of changes) {
    const [space, ...rest] = key.split('/') as [string, ...string[]];
    if (!value) {
      if (space === 'quarantine' || space === 'deferred') sorted.released.push(rest[1] as EnvelopeId);
    } else if (space === 'message') {
      const message = readMessage(value);
      if (message.status === 'received' && !isThere(key)) sorted.received.push(message);
      sorted.rows.set(key, message);
    } else {
      sortPut(sorted, space, rest, value);
    }
  }
  return sorted;
}

function sortPut(sorted: SortedCommit, space: string, rest: readonly string[], value: Uint8Array): void {
  switch (space) {
    case 'seen':
      sorted.seen.push(rest[0] as EnvelopeId);
      return;
    case 'quarantine':
    case 'deferred':
      sorted.quarantined.push(rest[1] as EnvelopeId);
      return;
    case 'contact':
      sorted.contacts.set(rest[0] as AccountId, readRecord<ContactFields>(value));
      return;
    case 'journal':
      sorted.journalHead = Math.max(sorted.journalHead, Number(rest[0]));
      sorted.journal.push(readRecord<JournalFields>(value));
      return;
    case 'counters':
      sorted.counters = new Map(
        readRecord<{ name: string; count: number }[]>(value).map(({ name, count }) => [name, count]),
      );
      return;
    case 'engine':
      sorted.sessionMoved ||= rest[0] === 'session' || (rest[0] === 'epoch' && rest[2] === 'session');
      return;
    case 'app':
      if (rest[0] === 'count') sorted.counted.set(rest[1] as string, value[0] as number);
      return;
    default:
      return;
  }
}
