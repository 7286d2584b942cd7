/** Contacts and what can be done with them. Knows no message. */
import type {
  AccountId,
  Contact,
  ContactShare,
  ContactShareOptions,
  Fingerprint,
  SafetyNumberComparison,
} from '@sotto/sdk';
import type { ShallowRef } from 'vue';
import { useMessengerState } from './messenger-state.js';

/** See {@link useContacts}. Each fails as the method of the same name of `messenger.contacts`. */
export interface ContactActions {
  readonly contacts: Readonly<ShallowRef<ReadonlyMap<AccountId, Contact>>>;
  /** Adds whom a contact code, a link or the text of a QR code is of. */
  readonly add: (text: string) => Promise<Contact>;
  readonly accept: (account: AccountId) => Promise<void>;
  readonly block: (account: AccountId) => Promise<void>;
  readonly unblock: (account: AccountId) => Promise<void>;
  readonly remove: (account: AccountId) => Promise<void>;
  readonly acceptIdentity: (account: AccountId) => Promise<void>;
  readonly recheckIdentity: (account: AccountId) => Promise<void>;
  readonly verify: (account: AccountId, comparison: SafetyNumberComparison) => Promise<void>;
  readonly safetyNumber: (account: AccountId) => Promise<Fingerprint>;
  readonly share: (options?: ContactShareOptions) => Promise<ContactShare>;
}

/** What stands in every contact link, and in no contact code. */
const linkMark = '#sotto-';

/** All contacts, message requests and blocked ones included. */
export function useContacts(): ContactActions {
  const { messenger, contacts, refresh } = useMessengerState();
  const api = messenger.contacts;
  /** The list is read again after each, whatever came of it: a refusal can change a contact too. */
  const then = async <Result>(work: Promise<Result>): Promise<Result> => {
    try {
      return await work;
    } finally {
      await refresh();
    }
  };
  const quietly = (work: Promise<unknown>) => then(work).then(() => undefined);
  return {
    contacts,
    add: (text) => then(text.includes(linkMark) ? api.addByLink(text.trim()) : api.add(text)),
    accept: (account) => quietly(api.accept(account)),
    block: (account) => quietly(api.block(account)),
    unblock: (account) => quietly(api.unblock(account)),
    remove: (account) => quietly(api.remove(account)),
    acceptIdentity: (account) => quietly(api.acceptIdentity(account)),
    recheckIdentity: (account) => quietly(api.recheckIdentity(account)),
    verify: (account, comparison) => quietly(api.verify(account, comparison)),
    safetyNumber: (account) => api.safetyNumber(account),
    share: (options) => api.share(options),
  };
}
