/** Cases: ciphertexts that were changed on the way, invented or sent to somebody else. */
import { equalBytes } from '../bytes.js';
import { isSottoError } from '../errors.js';
import { assert, assertEqual } from './assert.js';
import {
  type EnginePair,
  flipBit,
  hostileMessageCodes,
  makeConversation,
  makePair,
  RecordSnapshot,
  type Sent,
  TestDevice,
} from './engine-conformance-kit.js';
import { assertKeepsSecrets, spellings } from './engine-conformance-secrets.js';
import type { ConformanceRunner } from './runner.js';
import { seededRandom, type SeededRandom } from './seeded-random.js';

/** Declares them. */
export function messageCases({ describe, it }: ConformanceRunner, pair: EnginePair, seed: number): void {
  describe('hostile messages', () => {
    it('first message: bytes flipped, nothing changes', () => flipsOfFirst(pair));
    it('next message of a chain: every byte flipped, nothing changes', () => flipsInChain(pair));
    it('message that turns the ratchet: every byte flipped, nothing changes', () => flipsOfTurn(pair));
    it('cut and lengthened, nothing changes', () => lengths(pair));
    it(`invented ones are refused (seed ${seed})`, () => invented(pair, seed));
    it(`changed in several places are refused (seed ${seed})`, () => scrambled(pair, seed));
    it('of the wrong kind are refused', () => kinds(pair));
    it('under another sender’s name are refused', () => otherSender(pair));
    it('to another device or account are refused', () => otherRecipient(pair));
    it('show no secret in their errors', () => errorsAreClean(pair));
  });
}

/**
 * Delivers a changed copy: it is refused by one of the codes, or it decrypts to the same plaintext
 * (some bytes of the framing mean nothing and are not authenticated). Nothing else is allowed.
 */
async function deliverChanged(
  bob: TestDevice,
  alice: TestDevice,
  message: Sent,
  ciphertext: Uint8Array,
  what: string,
): Promise<boolean> {
  try {
    const { result } = await bob.tryDecrypt(alice, { kind: message.kind, ciphertext });
    assertEqual(result.plaintext, message.plaintext, `${what}: plaintext`);
    assertEqual(result.identityKey, alice.our.identity.publicKey, `${what}: identity key`);
    return false;
  } catch (error) {
    const refused = isSottoError(error) && hostileMessageCodes.includes(error.code);
    if (!refused) throw new Error(`${what}: failed in an unexpected way`, { cause: error });
    return true;
  }
}

/** A changed first message may cost a whole handshake: of its long KEM ciphertext every so many bytes do. */
const middleStep = 11;
const edgeLength = 200;

function everyByte(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

function edgesAndSomeBetween(length: number): number[] {
  return everyByte(length).filter(
    (index) => index < edgeLength || index >= length - edgeLength || index % middleStep === 0,
  );
}

async function flipBytes(
  bob: TestDevice,
  alice: TestDevice,
  message: Sent,
  choose = everyByte,
): Promise<void> {
  const snapshot = new RecordSnapshot(bob.records);
  const original = message.ciphertext.slice();
  let refusals = 0;
  const chosen = choose(original.length);
  for (const index of chosen) {
    const changed = flipBit(original, index, index % 8);
    if (await deliverChanged(bob, alice, message, changed, `bit ${index % 8} of byte ${index}`))
      refusals += 1;
  }
  snapshot.assertUntouched('flipped bits');
  assert(refusals > chosen.length * 0.9, 'nearly every byte matters');
  assertEqual(message.ciphertext, original, 'the ciphertext itself');
  await bob.decrypt(alice, message);
}

async function flipsOfFirst(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await alice.startSession(bob, { ec: 11, kem: 21 });
  await flipBytes(bob, alice, await alice.encrypt(bob, 'first'), edgesAndSomeBetween);
}

async function flipsInChain(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  await bob.decrypt(alice, await alice.encrypt(bob, 'opens the chain'));
  await alice.encrypt(bob, 'lost, so that a key is skipped');
  await flipBytes(bob, alice, await alice.encrypt(bob, 'next in the chain'));
}

async function flipsOfTurn(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  await flipBytes(bob, alice, await alice.encrypt(bob, 'turns the ratchet'));
}

async function lengths(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const message = await alice.encrypt(bob, 'a message of some length');
  const snapshot = new RecordSnapshot(bob.records);
  for (let length = 0; length < message.ciphertext.length; length += 1) {
    const cut = message.ciphertext.slice(0, length);
    assert(
      await deliverChanged(bob, alice, message, cut, `cut to ${length}`),
      `a message cut to ${length} was accepted`,
    );
  }
  const longer = new Uint8Array(message.ciphertext.length + 1);
  longer.set(message.ciphertext);
  assert(
    await deliverChanged(bob, alice, message, longer, 'lengthened'),
    'a lengthened message was accepted',
  );
  snapshot.assertUntouched('cut messages');
  await bob.decrypt(alice, message);
}

async function invented(pair: EnginePair, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const { alice, bob } = await makeConversation(pair);
  const snapshot = new RecordSnapshot(bob.records);
  for (let round = 0; round < 400; round += 1) {
    const ciphertext = random.bytes(random.integer(300));
    // Half of them get past the first check, which is for the version.
    if (ciphertext.length > 0 && random.integer(2) === 0) ciphertext[0] = 0x44;
    const kind = random.integer(2) === 0 ? 'prekey' : 'message';
    const refused = await deliverChanged(
      bob,
      alice,
      { kind, ciphertext, plaintext: new Uint8Array(), registrationId: 0 },
      ciphertext,
      `round ${round}`,
    );
    assert(refused, `round ${round}: an invented message was accepted`);
  }
  snapshot.assertUntouched('invented messages');
}

async function scrambled(pair: EnginePair, seed: number): Promise<void> {
  const random = seededRandom(seed + 1);
  const { alice, bob } = await makePair(pair);
  await alice.startSession(bob, { ec: 11, kem: 21 });
  const message = await alice.encrypt(bob, 'first');
  const snapshot = new RecordSnapshot(bob.records);
  for (let round = 0; round < 300; round += 1) {
    const changed = scramble(message.ciphertext, random);
    if (equalBytes(changed, message.ciphertext)) continue;
    await deliverChanged(bob, alice, message, changed, `round ${round}`);
  }
  snapshot.assertUntouched('scrambled messages');
  await bob.decrypt(alice, message);
}

/** Overwrites, moves, repeats or drops a run of bytes. */
function scramble(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const at = random.integer(bytes.length);
  const run = bytes.slice(at, at + 1 + random.integer(40));
  const [head, tail] = [bytes.slice(0, at), bytes.slice(at + run.length)];
  switch (random.integer(4)) {
    case 0:
      return Uint8Array.of(...head, ...random.bytes(run.length), ...tail);
    case 1:
      return Uint8Array.of(...head, ...run, ...run, ...tail);
    case 2:
      return Uint8Array.of(...head, ...tail);
    default:
      return Uint8Array.of(...head, ...tail, ...run);
  }
}

async function kinds(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  await alice.startSession(bob, { ec: 11, kem: 21 });
  const first = await alice.encrypt(bob, 'first');
  await bob.assertRefuses(
    alice,
    { ...first, kind: 'message' },
    ['invalid-message', 'no-session'],
    'a first message as another',
  );
  await bob.decrypt(alice, first);
  const answer = await bob.encrypt(alice, 'answer');
  await alice.assertRefuses(
    bob,
    { ...answer, kind: 'prekey' },
    'invalid-message',
    'an answer as a first message',
  );
  await alice.decrypt(bob, answer);
}

async function otherSender(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  const mallory = await TestDevice.create(await pair.initiator(), 4);
  await alice.startSession(bob, { ec: 11, kem: 21 });
  const first = await alice.encrypt(bob, 'first');
  await bob.assertRefuses(mallory, first, 'invalid-message', 'a first message under another account’s name');
  const otherDevice = await TestDevice.create(await pair.initiator(), 1, 2, alice.our.identity);
  await bob.assertRefuses(
    otherDevice,
    first,
    'invalid-message',
    'a first message under another device’s name',
  );
  await bob.decrypt(alice, first);
  await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
  const later = await alice.encrypt(bob, 'later');
  await bob.assertRefuses(
    mallory,
    later,
    ['no-session', 'invalid-message'],
    'a later message under another name',
  );
  await bob.decrypt(alice, later);
}

async function otherRecipient(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  const carol = await TestDevice.create(await pair.recipient(), 5);
  await alice.startSession(bob, { ec: 11, kem: 21 });
  const first = await alice.encrypt(bob, 'for bob');
  await carol.assertRefuses(alice, first, 'invalid-message', 'a first message to somebody else');
  await alice.startSession(carol, { ec: 11, kem: 21 });
  await carol.decrypt(alice, await alice.encrypt(carol, 'for carol'));
  await carol.assertRefuses(
    alice,
    first,
    ['invalid-message', 'pre-key-missing'],
    'somebody else’s message beside a session',
  );
  await bob.decrypt(alice, first);
}

async function errorsAreClean(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const message = await alice.encrypt(bob, 'the secret plaintext');
  const last = message.ciphertext.length - 1;
  const secrets = [
    'the secret plaintext',
    ...spellings(bob.our.identity.privateKey.expose()),
    ...spellings(message.ciphertext),
  ];
  for (const ciphertext of [
    flipBit(message.ciphertext, last),
    message.ciphertext.slice(0, 5),
    new Uint8Array(),
  ]) {
    await assertKeepsSecrets(
      () => bob.tryDecrypt(alice, { ...message, ciphertext }),
      secrets,
      'a changed message',
    );
  }
}
