/** One of several tabs that share an account: what Node lets it do, as `sharedTab`. */
import { createMessenger, type AccountId, type MessageId } from '@sotto/sdk';
import { shareMessenger, type SharedMessenger } from '@sotto/sdk/remote';
import { indexedDbStorage } from '@sotto/sdk/storage/indexeddb';
import { socketIoTransport } from '@sotto/sdk/transport/socket-io';
import { counted, countingHandler } from './counting-handler.js';
import { watchedEngine, type Report } from './watched-engine.js';

/** What Node calls. */
export interface SharedTab {
  start(options: { readonly relayUrl: string; readonly tab: string }): Promise<void>;
  /** Registers, connects and adds a contact. @returns the contact's account */
  begin(username: string, contactCode: string): Promise<AccountId>;
  send(to: AccountId, text: string, id: MessageId): Promise<string>;
  profile(): Promise<string | undefined>;
  counted(): Promise<Record<string, number>>;
  role(): string;
}

declare const report: Report;

let messenger: SharedMessenger;

async function start({ relayUrl, tab }: { relayUrl: string; tab: string }): Promise<void> {
  const { engine, watched } = watchedEngine(report);
  messenger = await shareMessenger({
    name: 'alice',
    open: () =>
      createMessenger({
        engine,
        storage: indexedDbStorage('alice'),
        transport: watched(socketIoTransport({ url: relayUrl })),
        onMessage: countingHandler,
      }),
  });
  // On a channel of its own: what the tab heard of whoever leads.
  let signedAt = performance.now();
  new BroadcastChannel('sotto-share/alice').addEventListener('message', ({ data }) => {
    if (['leading', 'opening'].includes((data as { type: string }).type)) signedAt = performance.now();
  });
  const say = (role: string, reason: string) =>
    void report(`role ${tab} ${role} ${reason} ${Math.round(performance.now() - signedAt)}`);
  messenger.share.on(({ role, reason }) => say(role, reason));
  say(messenger.share.role, 'began');
  messenger.on('undecryptable', ({ reason }) => void report(`undecryptable ${tab} ${reason}`));
  messenger.on('continuity', ({ verdict }) => void report(`continuity ${tab} ${verdict}`));
  messenger.on('message', ({ message }) => void report(`heard ${tab} ${message.id}`));
  // The first time there is no account to connect.
  await messenger.connect().catch(() => undefined);
}

const sharedTab: SharedTab = {
  start,
  begin: async (username, contactCode) => {
    await messenger.account.register({ username, password: 'a long password of alice' });
    await messenger.connect();
    return (await messenger.contacts.add(contactCode)).accountId;
  },
  send: async (to, text, id) => (await messenger.messages.send(to, { text }, { id })).status,
  profile: async () => (await messenger.account.profile())?.contactCode,
  counted: () => counted(messenger.records),
  role: () => messenger.share.role,
};
Object.assign(globalThis, { sharedTab });
