/**
 * How many messages of each contact could not be read: a few numbers per contact, whatever comes in. What is no
 * contact's is not counted. Knows no component.
 */
import type { AccountId, Contact, MessengerEvents, UndecryptableReason } from '@sotto/sdk';
import { shallowRef, type ShallowRef } from 'vue';
import { coalesced } from './coalesced.js';

/** What becomes of a message that could not be read. */
export type UnreadableFate = 'asked-for' | 'tried-again' | 'lost';

/** Of one contact, since they were last dismissed. Each counts to {@link mostCounted} and stays there. */
export type UnreadableCounts = Readonly<Record<UnreadableFate, number>>;

/** Counting on would change what is shown all through a flood, and tell nobody more. */
export const mostCounted = 100;

const none: UnreadableCounts = { 'asked-for': 0, 'tried-again': 0, lost: 0 };

/** Nothing for what waits under a changed key: the warning about the key says it. */
const fates: Readonly<Record<UndecryptableReason, UnreadableFate | undefined>> = {
  'no-session': 'asked-for',
  'invalid-message': 'asked-for',
  'pre-key-missing': 'asked-for',
  'decryption-deferred': 'tried-again',
  'identity-changed': undefined,
  'pre-key-replayed': 'lost',
  'invalid-content': 'lost',
  'sender-mismatch': 'lost',
  'statement-mismatch': 'lost',
  'manifest-rollback': 'lost',
  'envelope-id-reused': 'lost',
  'envelope-time-out-of-range': 'lost',
  'limit-exceeded': 'lost',
  'quarantine-expired': 'lost',
};

function sumOf(before: UnreadableCounts, more: UnreadableCounts): UnreadableCounts {
  const capped = (fate: UnreadableFate) => Math.min(before[fate] + more[fate], mostCounted);
  return { 'asked-for': capped('asked-for'), 'tried-again': capped('tried-again'), lost: capped('lost') };
}

/** See the header. Kept while the page lives: what was told once is not told at the next start. */
export class UnreadableTally {
  /** Contacts of whom there is something to say. */
  readonly counts: ShallowRef<ReadonlyMap<AccountId, UnreadableCounts>> = shallowRef(new Map());
  readonly #contacts: Readonly<ShallowRef<ReadonlyMap<AccountId, Contact>>>;
  /** What came since the last look: by sender, contact or not. Emptied with every look. */
  #gathered = new Map<AccountId, UnreadableCounts>();
  #lastSeq = 0;
  readonly #look: () => Promise<void>;

  /** @param ready - resolves when the contacts have been read for the first time */
  constructor(contacts: Readonly<ShallowRef<ReadonlyMap<AccountId, Contact>>>, ready: Promise<unknown>) {
    this.#contacts = contacts;
    this.#look = coalesced(() => ready.then(() => this.#publish()));
  }

  /** Counts an event; one that comes again, after a crash, counts once. */
  note({ seq, sender: { accountId }, reason }: MessengerEvents['undecryptable']): void {
    const fate = fates[reason];
    if (seq <= this.#lastSeq || !fate) return;
    this.#lastSeq = seq;
    const before = this.#gathered.get(accountId) ?? none;
    if (before[fate] === mostCounted) return;
    this.#gathered.set(accountId, sumOf(before, { ...none, [fate]: 1 }));
    // Where the contacts cannot be read there is nothing to show.
    void this.#look().catch(() => undefined);
  }

  /** Forgets what was counted of a contact. */
  dismiss(account: AccountId): void {
    if (!this.counts.value.has(account)) return;
    this.counts.value = new Map([...this.counts.value].filter(([id]) => id !== account));
  }

  #publish(): void {
    const [shown, gathered] = [this.counts.value, this.#gathered];
    this.#gathered = new Map();
    const next = new Map([...shown].filter(([id]) => this.#isAccepted(id)));
    for (const [id, more] of gathered) {
      if (this.#isAccepted(id)) next.set(id, sumOf(next.get(id) ?? none, more));
    }
    if (!isEqual(shown, next)) this.counts.value = next;
  }

  #isAccepted(account: AccountId): boolean {
    return this.#contacts.value.get(account)?.relation === 'accepted';
  }
}

/** Nothing is drawn anew for a flood that goes on. */
function isEqual(
  one: ReadonlyMap<AccountId, UnreadableCounts>,
  other: ReadonlyMap<AccountId, UnreadableCounts>,
): boolean {
  const isSame = (left: UnreadableCounts, right: UnreadableCounts | undefined) =>
    (Object.keys(none) as UnreadableFate[]).every((fate) => left[fate] === right?.[fate]);
  return one.size === other.size && [...one].every(([id, counts]) => isSame(counts, other.get(id)));
}
