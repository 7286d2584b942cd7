/**
 * A program of a user of the packages. `npm run verify` copies it into an empty folder, installs the
 * packed packages there, compiles it strictly and runs it: two people exchange a message.
 */
import {
  createMessenger,
  isSottoError,
  type Message,
  type Messenger,
  type MessengerOptions,
  type SottoErrorCode,
} from '@sotto/sdk';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { memoryStorage } from '@sotto/sdk/storage/memory';
import { createTestNetwork } from '@sotto/sdk/testing';

const network = createTestNetwork();

async function open(username: string, onMessage?: MessengerOptions['onMessage']): Promise<Messenger> {
  const messenger = await createMessenger({
    engine: libsignalEngine(),
    storage: memoryStorage(),
    transport: network.transport(),
    messageRequests: 'accept',
    ...(onMessage ? { onMessage } : {}),
  });
  await messenger.account.register({ username, password: `the long password of ${username}` });
  return messenger;
}

function textOf(message: Message): string {
  return message.body.kind === 'text' ? message.body.text : '';
}

const alice = await open('alice');
const bob = await open('bob', async (message, unit) => {
  await unit.send(message.conversationId, { text: `you said: ${textOf(message)}` });
});
const answered = new Promise<string>((resolve) => {
  alice.on('message', ({ message }) => resolve(textOf(message)));
});
await alice.connect();
await bob.connect();

const profile = await bob.account.profile();
if (!profile) throw new Error('bob has no profile');
const contact = await alice.contacts.add(profile.contactCode);
await alice.messages.send(contact.accountId, { text: 'hello' });
const answer = await answered;
if (answer !== 'you said: hello') throw new Error(`bob answered ${JSON.stringify(answer)}`);

const refused: SottoErrorCode | undefined = await alice.contacts.add('@bob#no').then(
  () => undefined,
  (error: unknown) => (isSottoError(error, 'invalid-contact-code') ? error.code : undefined),
);
if (refused !== 'invalid-contact-code') throw new Error('a wrong contact code was not refused as such');

await alice.close();
await bob.close();
console.log('exchanged a message');
