/** A contact shows another identity key: the chat warns in plain words, and goes on only when told to. */
import { scrypt } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { createMessenger, type Messenger } from '@sotto/sdk';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { memoryStorage } from '@sotto/sdk/storage/memory';
import { createTestNetwork, seededRandom, type TestNetwork } from '@sotto/sdk/testing';
import { afterEach, expect, it } from 'vitest';
import { Chat } from '../src/chat.js';
import { obey } from '../src/commands.js';
import { showHappenings } from '../src/happenings.js';
import { openTerminal, type Terminal } from '../src/terminal.js';

const engine = libsignalEngine();
const messengers: Messenger[] = [];

afterEach(async () => {
  for (const messenger of messengers.splice(0)) await messenger.close();
});

/** Registers somebody; whoever has the same seed gets the same account id. */
async function person(network: TestNetwork, username: string, seed = username): Promise<Messenger> {
  const transport = network.transport();
  const random = seededRandom(seed);
  const messenger = await createMessenger({ engine, storage: memoryStorage(), transport, random });
  messengers.push(messenger);
  await messenger.account.register({ username, password: 'correct horse battery' });
  return messenger;
}

async function codeOf(messenger: Messenger): Promise<string> {
  return (await messenger.account.profile())!.contactCode;
}

/** A chat on pipes: what it prints, and a way to answer its questions. */
function chatOf(messenger: Messenger) {
  const input = new PassThrough();
  const output = new PassThrough();
  const terminal: Terminal = openTerminal({ input, output });
  const chat = new Chat({ messenger, terminal, ownName: 'alice' });
  showHappenings(chat, { loginRequired: () => undefined, finished: () => undefined });
  const printed = () => String(output.read() ?? '');
  return { chat, printed, answer: (line: string) => input.write(`${line}\n`) };
}

it('warns, blocks sending, and trusts the new key after a typed yes', async () => {
  const network = createTestNetwork({ scrypt: nativeScrypt });
  const alice = await person(network, 'alice');
  const bob = await person(network, 'bob');
  const { chat, printed, answer } = chatOf(alice);
  await alice.connect();
  await obey(chat, `/add ${await codeOf(bob)}`);
  expect(printed()).toContain('** Added: bob (checked by contact code)');
  await obey(chat, '/trust bob');
  expect(printed()).toBe('!! The key of bob has not changed.\n');

  const changed = new Promise((resolve) =>
    alice.on('contact', ({ change }) => {
      if (change === 'identity-changed') resolve(undefined);
    }),
  );
  // The same account under another key: a relay that forgot, or somebody who took its place.
  network.relay.forget('bob');
  const other = await person(network, 'bob');
  await obey(chat, `/add ${await codeOf(other)}`);
  await changed;
  const warning = printed();
  expect(warning).toContain('!! The key of bob has changed.');
  expect(warning).toContain('somebody pretends to be bob');
  await obey(chat, 'a secret');
  expect(printed()).toMatch(/^!! [^\n]*another identity key[^\n]*\n$/);
  await obey(chat, '/contacts');
  expect(printed()).toContain('bob (KEY CHANGED: see /trust)');

  answer('y');
  await obey(chat, '/trust bob');
  expect(printed()).toMatch(/will read what you write[^]*The old key stays; nothing is sent\.\n$/);
  answer('yes');
  await obey(chat, '/trust bob');
  expect(printed()).toContain('** The new key of bob is trusted, and not verified: see /verify bob');
  const arrived = new Promise((resolve) => other.on('message', ({ message }) => resolve(message.body)));
  await other.connect();
  await obey(chat, 'a secret');
  expect(await arrived).toEqual({ kind: 'text', text: 'a secret' });
});

function nativeScrypt(
  password: Uint8Array,
  salt: Uint8Array,
  { N, r, p, dkLen }: { N: number; r: number; p: number; dkLen: number },
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // Room for the 128 * N * r bytes that scrypt needs, and a little more.
    const options = { N, r, p, maxmem: 129 * N * r };
    scrypt(password, salt, dkLen, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
