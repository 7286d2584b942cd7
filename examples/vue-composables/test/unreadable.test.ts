import type {
  AccountId,
  Contact,
  DeviceId,
  Messenger,
  MessengerEvents,
  UndecryptableReason,
} from '@sotto/sdk';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watch } from 'vue';
import { createMessengerState, mostCounted, type MessengerState } from '../src/index.js';

const [bob, carol, stranger] = ['bob', 'carol', 'stranger'] as unknown as [AccountId, AccountId, AccountId];
const nothing = { 'asked-for': 0, 'tried-again': 0, lost: 0 };

let contacts: Contact[];
let emit: (event: 'undecryptable' | 'contact', value: unknown) => void;
let seq = 0;
let state: MessengerState;

const contactOf = (accountId: AccountId, relation: Contact['relation'] = 'accepted') =>
  ({ accountId, relation }) as Contact;

/** Only what the state asks of a messenger. */
function fakeMessenger(): Messenger {
  const listeners = new Map<string, (value: unknown) => void>();
  emit = (event, value) => listeners.get(event)!(value);
  const fake = {
    connection: { kind: 'closed' },
    account: { profile: () => Promise.resolve(undefined) },
    contacts: { list: () => Promise.resolve(contacts) },
    messages: { conversations: () => Promise.resolve([]) },
    on: (event: string, listener: (value: unknown) => void) => listeners.set(event, listener),
  };
  return fake as unknown as Messenger;
}

function fail(
  accountId: AccountId,
  reason: UndecryptableReason = 'invalid-message',
  number = (seq += 1),
): void {
  const sender = { accountId, deviceId: 1 as DeviceId };
  emit('undecryptable', { seq: number, sender, reason } satisfies MessengerEvents['undecryptable']);
}

/** Longer than anything gathers. */
const pause = () => vi.advanceTimersByTimeAsync(1_000);
const countsOf = (account: AccountId) => state.unreadable.counts.value.get(account);

beforeEach(async () => {
  vi.useFakeTimers();
  contacts = [contactOf(bob), contactOf(carol)];
  seq = 0;
  state = await createMessengerState(fakeMessenger());
});
afterEach(() => vi.useRealTimers());

it('counts what of a contact could not be read, by what becomes of it', async () => {
  const asked = ['invalid-message', 'no-session', 'pre-key-missing'] as const;
  for (const reason of [...asked, 'decryption-deferred', 'quarantine-expired', 'invalid-content'] as const) {
    fail(bob, reason);
  }
  fail(carol);
  await pause();
  expect(countsOf(bob)).toEqual({ 'asked-for': 3, 'tried-again': 1, lost: 2 });
  expect(countsOf(carol)).toEqual({ ...nothing, 'asked-for': 1 });
});

it('leaves what waits under a changed key to the warning about the key', async () => {
  fail(bob, 'identity-changed');
  await pause();
  expect(countsOf(bob)).toBeUndefined();
});

it('counts an event that comes again once', async () => {
  fail(bob, 'invalid-message', 7);
  fail(bob, 'invalid-message', 7);
  await pause();
  fail(bob, 'invalid-message', 7);
  await pause();
  expect(countsOf(bob)?.['asked-for']).toBe(1);
});

it('is quiet about who is no accepted contact, 100,000 of them too', async () => {
  contacts = [...contacts, contactOf(stranger, 'request')];
  emit('contact', {});
  await pause();
  for (let event = 0; event < 100_000; event += 1) fail(`nobody ${event}` as AccountId);
  fail(stranger);
  await pause();
  expect([...state.unreadable.counts.value]).toEqual([]);
  fail(bob);
  await pause();
  expect([...state.unreadable.counts.value.keys()]).toEqual([bob]);
});

it('forgets what was dismissed, and counts from 1 again', async () => {
  fail(bob);
  fail(bob);
  fail(carol);
  await pause();
  state.unreadable.dismiss(bob);
  expect(countsOf(bob)).toBeUndefined();
  expect(countsOf(carol)?.['asked-for']).toBe(1);
  fail(bob);
  await pause();
  expect(countsOf(bob)?.['asked-for']).toBe(1);
});

it('has nothing more to say of a contact that was removed', async () => {
  fail(bob);
  await pause();
  contacts = [contactOf(carol)];
  emit('contact', {});
  await pause();
  fail(carol);
  await pause();
  expect([...state.unreadable.counts.value.keys()]).toEqual([carol]);
});

it('is some numbers in a flood of 100,000, and is drawn anew no more than it counts', async () => {
  let changes = 0;
  watch(state.unreadable.counts, () => (changes += 1), { flush: 'sync' });
  for (let event = 0; event < 2 * mostCounted; event += 1) {
    fail(bob);
    await pause();
  }
  for (let batch = 0; batch < 100; batch += 1) {
    for (let event = 0; event < 1_000; event += 1) fail(bob);
    await pause();
  }
  expect(countsOf(bob)).toEqual({ ...nothing, 'asked-for': mostCounted });
  expect(state.unreadable.counts.value.size).toBe(1);
  expect(changes).toBe(mostCounted);
});
