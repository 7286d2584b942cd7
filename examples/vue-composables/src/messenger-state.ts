/**
 * What an application shows of a messenger, as reactive values that follow its events: the own profile, the
 * connection, contacts and conversations. One per messenger, shared by all composables. Holds no message but the
 * newest of each conversation, and knows no component.
 */
import {
  isSottoError,
  type AccountId,
  type ConnectionState,
  type Contact,
  type Conversation,
  type Messenger,
  type MessengerEvents,
  type OwnProfile,
} from '@sotto/sdk';
import { inject, provide, shallowRef, type InjectionKey, type ShallowRef } from 'vue';
import { coalesced } from './coalesced.js';
import { UnreadableTally } from './unreadable.js';

/** See the header. */
export interface MessengerState {
  readonly messenger: Messenger;
  /** Absent before registration. */
  readonly profile: ShallowRef<OwnProfile | undefined>;
  readonly connection: ShallowRef<ConnectionState>;
  readonly contacts: ShallowRef<ReadonlyMap<AccountId, Contact>>;
  /** The one that changed last first. */
  readonly conversations: ShallowRef<readonly Conversation[]>;
  /** The relay wants the password again. */
  readonly loginRequired: ShallowRef<boolean>;
  /** A restored backup or a reset has put another device in this one's place: it stays as it is, and is read only. */
  readonly deviceReplaced: ShallowRef<boolean>;
  /** Somebody with the password wants to begin this account anew, which can be stopped. */
  readonly resetPending: ShallowRef<MessengerEvents['reset-pending'] | undefined>;
  /** Another writer has taken over the storage: this messenger is finished. */
  readonly fenced: ShallowRef<boolean>;
  /** The last time this device began anew because its state was an old one or a copy. */
  readonly continuity: ShallowRef<MessengerEvents['continuity'] | undefined>;
  /** What of each contact could not be read. */
  readonly unreadable: UnreadableTally;
  /** Reads contacts and conversations again; for changes that no event tells of. */
  readonly refresh: () => Promise<void>;
  /** Goes online if there is an account. */
  readonly connect: () => Promise<void>;
}

const stateKey: InjectionKey<MessengerState> = Symbol('messenger');

function emptyState(messenger: Messenger): Omit<MessengerState, 'unreadable' | 'refresh' | 'connect'> {
  return {
    messenger,
    profile: shallowRef<OwnProfile>(),
    connection: shallowRef(messenger.connection),
    contacts: shallowRef<ReadonlyMap<AccountId, Contact>>(new Map()),
    conversations: shallowRef<readonly Conversation[]>([]),
    loginRequired: shallowRef(false),
    deviceReplaced: shallowRef(false),
    resetPending: shallowRef<MessengerEvents['reset-pending']>(),
    fenced: shallowRef(false),
    continuity: shallowRef<MessengerEvents['continuity']>(),
  };
}

/**
 * Reads what there is, and follows the messenger from then on.
 * @param messenger - not connected yet, so that no event is missed
 */
export async function createMessengerState(messenger: Messenger): Promise<MessengerState> {
  const values = emptyState(messenger);
  const readAll = async () => {
    const [profile, contacts, conversations] = await Promise.all([
      messenger.account.profile(),
      messenger.contacts.list(),
      messenger.messages.conversations(),
    ]);
    values.profile.value = profile;
    values.contacts.value = new Map(contacts.map((contact) => [contact.accountId, contact]));
    values.conversations.value = conversations;
  };
  const refresh = coalesced(readAll);
  // An event that comes while the messenger closes has nothing left to show.
  const follow = () => void refresh().catch(() => undefined);
  messenger.on('message', follow);
  messenger.on('message-status', follow);
  messenger.on('contact', follow);
  messenger.on('connection', (state) => void (values.connection.value = state));
  messenger.on('login-required', () => void (values.loginRequired.value = true));
  messenger.on('device-replaced', () => void (values.deviceReplaced.value = true));
  messenger.on('reset-pending', (event) => void (values.resetPending.value = event));
  messenger.on('fenced', () => void (values.fenced.value = true));
  messenger.on('continuity', (event) => void (values.continuity.value = event));
  const ready = readAll();
  const unreadable = new UnreadableTally(values.contacts, ready);
  messenger.on('undecryptable', (event) => unreadable.note(event));
  await ready;
  return { ...values, unreadable, refresh, connect: () => connectIfRegistered(messenger) };
}

async function connectIfRegistered(messenger: Messenger): Promise<void> {
  try {
    await messenger.connect();
  } catch (error) {
    if (!isSottoError(error, 'not-registered')) throw error;
  }
}

/** Gives a state to the component that calls this in its setup, and to everything below it. */
export function provideMessenger(state: MessengerState): void {
  provide(stateKey, state);
}

/** @throws Error outside of a component that has one above it */
export function useMessengerState(): MessengerState {
  const state = inject(stateKey);
  if (!state) throw new Error('no messenger is provided above this component');
  return state;
}
