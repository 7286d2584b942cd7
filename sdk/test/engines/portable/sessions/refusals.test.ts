import { describe, expect, it } from 'vitest';
import { equalBytes } from '../../../../src/bytes.js';
import { parsePreKeySignalMessage } from '../../../../src/engines/portable/messages/pre-key-signal-message.js';
import { messageKeys } from '../../../../src/engines/portable/double-ratchet/kdf.js';
import { sendingStep } from '../../../../src/engines/portable/double-ratchet/ratchet.js';
import {
  serializeSignalMessage,
  signalMessageMac,
} from '../../../../src/engines/portable/messages/signal-message.js';
import { aesCbcEncrypt } from '../../../../src/engines/portable/primitives/aes.js';
import { noblePrimitives } from '../../../../src/engines/portable/primitives/noble.js';
import { decodeSessionRecord } from '../../../../src/engines/portable/session-record/codec.js';
import { spqrSend } from '../../../../src/engines/portable/spqr/ratchet.js';
import { flipBit, type Sent, type TestDevice } from '../../../../src/testing/engine-conformance-kit.js';
import { seededRandom } from '../../../../src/testing/index.js';
import { devices } from '../support.js';

const seed = process.env['SOTTO_SEED'] ?? '1';

const primitives = noblePrimitives(seededRandom('refusals'));

function withVersion(message: Sent, version: number): Sent {
  const ciphertext = message.ciphertext.slice();
  ciphertext[0] = (version << 4) | 4;
  return { ...message, ciphertext };
}

/** A first message whose inner message says another version. */
function withInnerVersion(message: Sent, version: number): Sent {
  const { messageBytes } = parsePreKeySignalMessage(message.ciphertext);
  const at = message.ciphertext.findIndex((_, index) =>
    equalBytes(message.ciphertext.subarray(index, index + messageBytes.length), messageBytes),
  );
  const ciphertext = message.ciphertext.slice();
  ciphertext[at] = (version << 4) | 4;
  return { ...message, ciphertext };
}

/** The next message, which only its sender can make: with a MAC that fits, whatever else is wrong in it. */
async function asItsSender(
  from: TestDevice,
  to: TestDevice,
  spoil: (ciphertext: Uint8Array) => Uint8Array,
  version = 4,
): Promise<Pick<Sent, 'kind' | 'ciphertext'>> {
  const key = `session/${to.address.accountId}.${to.address.deviceId}/current`;
  const { ratchet } = decodeSessionRecord(from.records.get(key)!).current!;
  const { ourIdentity, theirIdentity } = ratchet;
  const pq = spqrSend(ratchet.spqr, primitives.random);
  const { seed: messageSeed, ...step } = await sendingStep(primitives.curve, ratchet.doubleRatchet);
  const { cipherKey, iv, macKey } = messageKeys(messageSeed, pq.key);
  const ciphertext = spoil(aesCbcEncrypt(cipherKey, iv, new Uint8Array(20)));
  const fields = { ...step, ciphertext, pqRatchet: pq.message };
  const bytes = await serializeSignalMessage(fields, macKey, ourIdentity, theirIdentity);
  bytes[0] = (version << 4) | 4;
  const mac = await signalMessageMac(macKey, ourIdentity, theirIdentity, bytes.subarray(0, -8));
  bytes.set(mac, bytes.length - 8);
  return { kind: 'message', ciphertext: bytes };
}

async function conversation(recipient: string): Promise<[TestDevice, TestDevice]> {
  const [alice, bob] = await devices('portable', recipient);
  await alice.startSession(bob, { ec: 11, kem: 21 });
  await bob.decrypt(alice, await alice.encrypt(bob, 'first'));
  await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
  return [alice, bob];
}

/** One table for both engines: what is refused, and how. */
describe.each(['portable', 'libsignal'])('%s refuses', (recipient) => {
  it(`a message with anything changed in it (seed ${seed})`, async () => {
    const [alice, bob] = await conversation(recipient);
    const random = seededRandom(seed);
    const message = await alice.encrypt(bob, new Uint8Array(200));
    for (let round = 0; round < 60; round += 1) {
      const at = 1 + random.integer(message.ciphertext.length - 1);
      const changed = { ...message, ciphertext: flipBit(message.ciphertext, at, random.integer(8)) };
      await bob.assertRefuses(alice, changed, 'invalid-message', `byte ${at} changed`);
    }
    await bob.decrypt(alice, message);
  });

  it('versions that are not spoken', async () => {
    const [alice, bob] = await conversation(recipient);
    const message = await alice.encrypt(bob, 'x');
    for (const version of [0, 2, 3, 5, 15]) {
      await bob.assertRefuses(alice, withVersion(message, version), 'invalid-message', `version ${version}`);
    }
    await alice.startSession(bob, { ec: 12, kem: 22 });
    const [first, second] = [await alice.encrypt(bob, 'first'), await alice.encrypt(bob, 'second')];
    const changes = (sent: Sent) => [2, 3, 5].map((version) => withVersion(sent, version));
    const inside = (sent: Sent) => [2, 3, 5].map((version) => withInnerVersion(sent, version));
    for (const changed of [...changes(first), ...inside(first)])
      await bob.assertRefuses(alice, changed, 'invalid-message', 'a first message');
    await bob.decrypt(alice, first);
    for (const changed of [...changes(second), ...inside(second)])
      await bob.assertRefuses(alice, changed, 'invalid-message', 'a repeated first message');
    await bob.decrypt(alice, second);
  });

  it('a version that is not the session’s, even from its sender', async () => {
    const [alice, bob] = await conversation(recipient);
    const genuine = await asItsSender(alice, bob, (ciphertext) => ciphertext);
    const older = await asItsSender(alice, bob, (ciphertext) => ciphertext, 3);
    await bob.assertRefuses(alice, older, 'invalid-message', 'version 3 with a MAC that fits');
    expect((await bob.tryDecrypt(alice, genuine)).result.plaintext).toEqual(new Uint8Array(20));
  });

  it('a ciphertext that does not decrypt, even from its sender', async () => {
    const [alice, bob] = await conversation(recipient);
    const spoilt = {
      empty: () => new Uint8Array(),
      'not in whole blocks': (ciphertext: Uint8Array) => ciphertext.slice(0, -1),
      // 20 bytes and 12 of padding: the first block alone ends in none.
      'without its padding': (ciphertext: Uint8Array) => ciphertext.slice(0, 16),
    };
    for (const [what, spoil] of Object.entries(spoilt)) {
      await bob.assertRefuses(alice, await asItsSender(alice, bob, spoil), 'invalid-message', what);
    }
  });

  it('messages where there is no session, after looking at them', async () => {
    const [alice, bob] = await conversation(recipient);
    const message = await alice.encrypt(bob, 'x');
    bob.apply(await bob.engine.removeSession(bob.view, alice.address));
    await bob.assertRefuses(alice, message, 'no-session', 'a message of a session that is gone');
    const garbage = { ...message, ciphertext: message.ciphertext.slice(0, 8) };
    await bob.assertRefuses(alice, garbage, 'invalid-message', 'garbage');
  });

  it('another identity key before it says anything else', async () => {
    const [alice, bob] = await devices('portable', recipient);
    const [stranger] = await devices('portable', recipient);
    const pin = stranger.our.identity.publicKey;
    await alice.startSession(bob, { ec: 11, kem: 21 });
    const first = await alice.encrypt(bob, 'first');
    const code = (sent: Sent) =>
      bob.tryDecrypt(alice, sent, pin).then(
        () => 'accepted',
        (error: { code: string }) => error.code,
      );
    expect(await code(withInnerVersion(first, 3))).toBe('identity-changed');
    expect(await code(withVersion(first, 3))).toBe('identity-changed');
    await bob.decrypt(alice, first);
    // A repeated first message says who it is from; a later one has to be decrypted for that.
    expect(await code(first)).toBe('identity-changed');
    await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
    const later = await alice.encrypt(bob, 'later');
    expect(await code(later)).toBe('identity-changed');
    expect(await code({ ...later, ciphertext: flipBit(later.ciphertext, later.ciphertext.length - 1) })).toBe(
      'invalid-message',
    );
    await bob.decrypt(alice, later);
    expect(await code(later)).toBe('duplicate-message');
  });
});
