import { describe, expect, it } from 'vitest';
import { initiate, respond, type NamedKeys } from '../../../src/engines/portable/pqxdh.js';
import type { BaseKey, IdentityKey, PublicKey } from '../../../src/engines/portable/primitives/keys.js';
import { noblePrimitives } from '../../../src/engines/portable/primitives/noble.js';
import { seededRandom } from '../../../src/testing/index.js';

const primitives = noblePrimitives(seededRandom('pqxdh'));
const { curve, kyber1024 } = primitives;

/** Keys of both sides, and what each learns of the other. */
async function handshake(withOneTimeKey: boolean) {
  const identity = await curve.generateKeyPair();
  const theirs = await curve.generateKeyPair();
  const signed = await curve.generateKeyPair();
  const oneTime = withOneTimeKey ? await curve.generateKeyPair() : undefined;
  const base = await curve.generateKeyPair();
  const kem = await kyber1024.generateKeyPair();
  const recipient = {
    identityKey: theirs.publicKey as IdentityKey,
    signedPreKey: signed.publicKey,
    oneTimePreKey: oneTime?.publicKey,
    kemPreKey: kem.publicKey,
  };
  const named: NamedKeys = {
    identityKey: theirs.privateKey,
    signedPreKey: signed,
    oneTimePreKey: oneTime,
    kemSecretKey: kem.secretKey,
  };
  const our = { identityKey: identity.privateKey, baseKey: base.privateKey };
  const { kemCiphertext, ...secrets } = await initiate(primitives, our, recipient);
  const initiator = {
    identityKey: identity.publicKey as IdentityKey,
    baseKey: base.publicKey as BaseKey,
    kemCiphertext,
  };
  return { our, recipient, named, initiator, secrets };
}

const zeros = new Uint8Array(32);
const keyOf = <Role extends string>(u: Uint8Array) => Uint8Array.of(5, ...u) as Uint8Array as PublicKey<Role>;

describe('PQXDH', () => {
  it.each([true, false])('gives both sides the same secrets (one-time key: %s)', async (withOneTimeKey) => {
    const { named, initiator, secrets } = await handshake(withOneTimeKey);
    expect(await respond(primitives, named, initiator)).toEqual(secrets);
    const parts = [secrets.rootKey, secrets.chainKey, secrets.pqKey];
    expect(parts.map(({ length }) => length)).toEqual([32, 32, 32]);
    expect(new Set(parts.map(String)).size).toBe(3);
  });

  it('depends on every key', async () => {
    const { named, initiator, secrets } = await handshake(true);
    const { named: other, initiator: others } = await handshake(true);
    for (const part of ['identityKey', 'signedPreKey', 'oneTimePreKey', 'kemSecretKey'] as const) {
      expect(await respond(primitives, { ...named, [part]: other[part] }, initiator)).not.toEqual(secrets);
    }
    for (const part of ['identityKey', 'baseKey', 'kemCiphertext'] as const) {
      expect(await respond(primitives, named, { ...initiator, [part]: others[part] })).not.toEqual(secrets);
    }
  });

  it('blames our record, not the message, for a KEM key of ours that is damaged', async () => {
    const { named, initiator } = await handshake(true);
    // In the hash of the public key, which stands near the end of the secret one.
    for (const at of [0, 3169 - 40]) {
      const kemSecretKey = named.kemSecretKey.slice();
      kemSecretKey[at] = kemSecretKey[at]! ^ 1;
      await expect(respond(primitives, { ...named, kemSecretKey }, initiator)).rejects.toMatchObject({
        code: 'engine-record-invalid',
      });
    }
    const kemCiphertext = initiator.kemCiphertext.subarray(1);
    await expect(respond(primitives, named, { ...initiator, kemCiphertext })).rejects.toMatchObject({
      code: 'invalid-message',
    });
  });

  it('refuses a base key that is not canonical', async () => {
    const { named, initiator } = await handshake(false);
    const highBit = initiator.baseKey.slice() as Uint8Array as BaseKey;
    highBit[32] = highBit[32]! | 0x80;
    for (const baseKey of [
      highBit,
      keyOf<'base'>(zeros),
      keyOf<'base'>(Uint8Array.of(2, ...zeros.slice(1))),
    ]) {
      await expect(respond(primitives, named, { ...initiator, baseKey })).rejects.toMatchObject({
        code: 'invalid-message',
      });
    }
  });

  it('refuses keys of low order on either side', async () => {
    const { our, recipient, named, initiator } = await handshake(true);
    for (const part of ['identityKey', 'signedPreKey', 'oneTimePreKey'] as const) {
      const broken = { ...recipient, [part]: keyOf(zeros) };
      await expect(initiate(primitives, our, broken), part).rejects.toMatchObject({ code: 'invalid-key' });
    }
    const broken = { ...initiator, identityKey: keyOf<'identity'>(zeros) };
    await expect(respond(primitives, named, broken)).rejects.toMatchObject({ code: 'invalid-key' });
  });

  it('refuses a KEM ciphertext of another length or type', async () => {
    const { named, initiator } = await handshake(false);
    const { kemCiphertext } = initiator;
    const otherType = Uint8Array.of(0x0a, ...kemCiphertext.subarray(1));
    for (const broken of [
      otherType,
      kemCiphertext.subarray(1),
      kemCiphertext.slice(0, -1),
      new Uint8Array(),
    ]) {
      await expect(respond(primitives, named, { ...initiator, kemCiphertext: broken })).rejects.toMatchObject(
        { code: 'invalid-message' },
      );
    }
  });
});
