/**
 * A program of a user who wants one that runs anywhere: two people on the portable engine exchange messages,
 * and vectors come out right. `npm run verify` compiles it against the packed packages, bundles it with
 * several bundlers and runs it in a browser and in several runtimes. It says in one line how it ended, and
 * waits for nothing at its top level: not every form of a bundle can.
 */
import { createMessenger, isSottoError, Secret, type Message, type Messenger } from '@sotto/sdk';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { memoryStorage } from '@sotto/sdk/storage/memory';
import { createTestNetwork } from '@sotto/sdk/testing';
import { verifySignature } from '@sotto/sdk/verification';
import { deviceAddress } from '@sotto/sdk/wire';
import { vectors, type VectorTest } from './vectors.js';

const engine = portableEngine();
const network = createTestNetwork();

async function open(username: string): Promise<Messenger> {
  const messenger = await createMessenger({
    engine,
    storage: memoryStorage(),
    transport: network.transport(),
    messageRequests: 'accept',
    onMessage: async (message, unit) => {
      const text = textOf(message);
      if (!text.startsWith('you said'))
        await unit.send(message.conversationId, { text: `you said: ${text}` });
    },
  });
  await messenger.account.register({ username, password: `the long password of ${username}` });
  await messenger.connect();
  return messenger;
}

function textOf(message: Message): string {
  return message.body.kind === 'text' ? message.body.text : '';
}

/** Alice's messages come back from Bob. */
async function exchangeMessages(count: number): Promise<void> {
  const [alice, bob] = [await open('alice'), await open('bob')];
  const profile = await bob.account.profile();
  if (!profile) throw new Error('bob has no profile');
  const contact = await alice.contacts.add(profile.contactCode);
  const answers = new Set<string>();
  const answered = new Promise<void>((resolve) => {
    alice.on('message', ({ message }) => {
      if (answers.add(textOf(message)).size === count) resolve();
    });
  });
  for (let index = 0; index < count; index += 1) {
    await alice.messages.send(contact.accountId, { text: `message ${index}` });
  }
  await answered;
  for (let index = 0; index < count; index += 1) {
    if (!answers.has(`you said: message ${index}`)) throw new Error(`no answer to message ${index}`);
  }
  await Promise.all([alice.close(), bob.close()]);
}

function fromHex(hex: string | undefined): Uint8Array {
  return Uint8Array.from(hex?.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

type Fields = Readonly<Record<string, string>>;

async function fingerprint(input: object): Promise<object> {
  const { ourId, ourIdentityKey, theirId, theirIdentityKey } = input as Fields;
  const made = await engine.fingerprint({
    ourId: fromHex(ourId),
    ourIdentityKey: fromHex(ourIdentityKey),
    theirId: fromHex(theirId),
    theirIdentityKey: fromHex(theirIdentityKey),
  });
  return { displayable: made.displayable, scannable: toHex(made.scannable) };
}

async function verify(input: object): Promise<undefined> {
  const { publicKey, message, signature } = input as Fields;
  verifySignature(fromHex(publicKey), fromHex(message), fromHex(signature));
}

interface SealedInput {
  readonly our: {
    readonly accountId: string;
    readonly deviceId: number;
    readonly identityKey: string;
    readonly privateKey: string;
  };
  readonly trustRoots: readonly string[];
  readonly now: number;
  readonly sealed: string;
}

async function unseal(input: object): Promise<object> {
  const { our, trustRoots, now, sealed } = input as SealedInput;
  const identity = {
    publicKey: fromHex(our.identityKey),
    privateKey: new Secret(fromHex(our.privateKey)),
  };
  const address = deviceAddress.parse({ accountId: our.accountId, deviceId: our.deviceId });
  const { sender, content } = await engine.unseal({
    our: { address, identity, registrationId: 1 },
    trustRoots: trustRoots.map(fromHex),
    now,
    sealed: fromHex(sealed),
  });
  const { sender: from, identityKey, expiresAt } = sender;
  const { kind, message, contentHint, groupId } = content;
  return {
    sender: from,
    identityKey: toHex(identityKey),
    expiresAt,
    kind,
    message: toHex(message),
    contentHint,
    groupId: groupId && toHex(groupId),
  };
}

const operations: Readonly<Record<string, (input: object) => Promise<object | undefined>>> = {
  fingerprint,
  unseal,
  'xeddsa-verify': verify,
};

/** @returns what differs from the vector; nothing when nothing does */
async function difference(operation: string, { input, output, failure }: VectorTest): Promise<unknown> {
  const made = await operations[operation]?.(input).catch((error: unknown) => {
    if (!isSottoError(error)) throw error;
    return error.code;
  });
  const expected = failure ?? output;
  return JSON.stringify(made) === JSON.stringify(expected) ? undefined : (made ?? 'nothing');
}

async function checkVectors(): Promise<number> {
  let count = 0;
  for (const [operation, tests] of Object.entries(vectors)) {
    for (const test of tests) {
      const made = await difference(operation, test);
      if (made !== undefined) throw new Error(`${operation} ${test.id} gave ${JSON.stringify(made)}`);
      count += 1;
    }
  }
  return count;
}

async function run(): Promise<string> {
  await exchangeMessages(5);
  return `exchanged messages, and ${await checkVectors()} vectors are right`;
}

run().then(
  (outcome) => console.log(`sotto: ${outcome}`),
  (error: unknown) => console.log(`sotto failed: ${error instanceof Error ? error.stack : String(error)}`),
);
