/** Two messengers with a durable storage each, who have found each other. */
import { join } from 'node:path';
import { createMessenger, type AccountId, type Message, type Messenger } from '@sotto/sdk';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { levelStorage } from '@sotto/sdk/storage/level';
import { socketIoTransport } from '@sotto/sdk/transport/socket-io';

/** One side: an account and a way to wait for what it receives. */
export interface Person {
  readonly messenger: Messenger;
  readonly id: AccountId;
  /** Resolves after so many more messages have come in. */
  received(count: number): Promise<void>;
  /** Called for every message that comes in. */
  onMessage(listener: (message: Message) => void): void;
}

async function register(url: string, folder: string, username: string): Promise<Person> {
  const messenger = await createMessenger({
    engine: libsignalEngine(),
    storage: levelStorage(join(folder, username)),
    transport: socketIoTransport({ url }),
    messageRequests: 'accept',
  });
  const { accountId } = await messenger.account.register({ username, password: 'bench bench bench' });
  await messenger.connect();
  let waiting = { left: 0, done: () => {} };
  let listener: (message: Message) => void = () => {};
  messenger.on('message', ({ message }) => {
    listener(message);
    waiting.left -= 1;
    if (waiting.left === 0) waiting.done();
  });
  return {
    messenger,
    id: accountId,
    received: (count) => new Promise((done) => (waiting = { left: count, done })),
    onMessage: (next) => (listener = next),
  };
}

/** Registers two people and lets each hear from the other once. */
export async function openPair(url: string, folder: string): Promise<readonly [Person, Person]> {
  const alice = await register(url, folder, 'alice');
  const bob = await register(url, folder, 'bob');
  const profile = await bob.messenger.account.profile();
  await alice.messenger.contacts.add(profile?.contactCode ?? '');
  const first = bob.received(1);
  await alice.messenger.messages.send(bob.id, { text: 'hello' });
  await first;
  const answer = alice.received(1);
  await bob.messenger.messages.send(alice.id, { text: 'hello' });
  await answer;
  return [alice, bob];
}
