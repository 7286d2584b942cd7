/** Cases: pre-key bundles that must start nothing. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '../bytes.js';
import type { SessionBundle } from '../ports/index.js';
import { assert, assertRejects } from './assert.js';
import {
  type EnginePair,
  flipBit,
  makeConversation,
  makePair,
  RecordSnapshot,
  TestDevice,
} from './engine-conformance-kit.js';
import type { ConformanceRunner } from './runner.js';

/** Declares them. */
export function bundleCases({ describe, it }: ConformanceRunner, pair: EnginePair): void {
  describe('bundles', () => {
    it('with a bad signature start nothing', () => badSignatures(pair));
    it('that are malformed start nothing', () => malformedBundles(pair));
    it('of low order start nothing', () => lowOrder(pair));
  });
}

async function assertBundleRefused(
  alice: TestDevice,
  bob: TestDevice,
  bundle: SessionBundle,
  what: string,
): Promise<void> {
  const snapshot = new RecordSnapshot(alice.records);
  const start = () => alice.engine.startSession(alice.view, { ...alice.input(bob.address), bundle });
  await assertRejects(start, 'invalid-bundle', what);
  snapshot.assertUntouched(what);
}

async function badSignatures(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makeConversation(pair);
  const good = bob.bundle({ ec: 12, kem: 22 });
  const { signedPreKey, kemPreKey } = good;
  const stranger = await TestDevice.create(await pair.recipient(), 3);
  const broken: Record<string, Partial<SessionBundle>> = {
    'the signed pre-key’s signature': {
      signedPreKey: {
        ...signedPreKey,
        signature: flipBit(signedPreKey.signature, 9) as typeof signedPreKey.signature,
      },
    },
    'the KEM pre-key’s signature': {
      kemPreKey: { ...kemPreKey, signature: flipBit(kemPreKey.signature, 40) as typeof kemPreKey.signature },
    },
    'signatures swapped': {
      signedPreKey: { ...signedPreKey, signature: kemPreKey.signature },
      kemPreKey: { ...kemPreKey, signature: signedPreKey.signature },
    },
    'somebody else’s signed pre-key': { signedPreKey: stranger.bundle().signedPreKey },
    'somebody else’s KEM pre-key': { kemPreKey: stranger.bundle().kemPreKey },
    'another identity key': { identityKey: stranger.our.identity.publicKey },
    'signatures of nothing': {
      signedPreKey: { ...signedPreKey, signature: new Uint8Array(64) },
      kemPreKey: { ...kemPreKey, signature: new Uint8Array(64) },
    },
  };
  for (const [what, part] of Object.entries(broken))
    await assertBundleRefused(alice, bob, { ...good, ...part }, what);
  alice.apply(await alice.engine.startSession(alice.view, { ...alice.input(bob.address), bundle: good }));
  await bob.decrypt(alice, await alice.encrypt(bob, 'the good bundle still serves'));
}

async function malformedBundles(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  const good = bob.bundle({ ec: 12, kem: 22 });
  const { signedPreKey, kemPreKey, oneTimePreKey, identityKey } = good;
  assert(oneTimePreKey, 'a one-time key was asked for');
  const malformed = (key: Uint8Array) =>
    [
      new Uint8Array(),
      key.slice(0, -1),
      flipBit(key, 0),
      concatBytes(key, Uint8Array.of(0)),
    ] as Uint8Array<ArrayBuffer>[];
  for (const publicKey of malformed(signedPreKey.publicKey)) {
    await assertBundleRefused(
      alice,
      bob,
      { ...good, signedPreKey: { ...signedPreKey, publicKey } },
      'signed pre-key',
    );
    await assertBundleRefused(
      alice,
      bob,
      { ...good, oneTimePreKey: { ...oneTimePreKey, publicKey } },
      'one-time key',
    );
  }
  for (const publicKey of malformed(kemPreKey.publicKey)) {
    await assertBundleRefused(alice, bob, { ...good, kemPreKey: { ...kemPreKey, publicKey } }, 'KEM pre-key');
  }
  for (const key of malformed(identityKey))
    await assertBundleRefused(alice, bob, { ...good, identityKey: key }, 'identity key');
  for (const length of [0, 63, 65]) {
    const signature = new Uint8Array(length);
    await assertBundleRefused(
      alice,
      bob,
      { ...good, signedPreKey: { ...signedPreKey, signature } },
      `${length} byte signature`,
    );
    await assertBundleRefused(
      alice,
      bob,
      { ...good, kemPreKey: { ...kemPreKey, signature } },
      `${length} byte signature`,
    );
  }
}

/**
 * u-coordinates of low order on the curve and its twist, in every spelling of 32 bytes: an agreement with
 * any of them is zero whatever our key is (RFC 7748 section 6.1).
 */
function lowOrderKeys(): Uint8Array<ArrayBuffer>[] {
  const p = 2n ** 255n - 19n;
  const order8 = [
    325606250916557431795983626356110631294008115727848805560023387167927233504n,
    39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  ];
  const coordinates = [0n, 1n, p - 1n, p, p + 1n, ...order8];
  return coordinates
    .flatMap((u) => [u, u + 2n ** 255n])
    .map((u) => {
      const hex = u.toString(16).padStart(64, '0');
      const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)).reverse();
      return concatBytes(Uint8Array.of(5), bytes) as Uint8Array<ArrayBuffer>;
    });
}

async function lowOrder(pair: EnginePair): Promise<void> {
  const { alice, bob } = await makePair(pair);
  const good = bob.bundle({ ec: 11, kem: 21 });
  for (const publicKey of lowOrderKeys()) {
    const signature = (await bob.engine.sign(bob.our.identity, publicKey)) as Uint8Array<ArrayBuffer>;
    await assertBundleRefused(
      alice,
      bob,
      { ...good, signedPreKey: { id: 1, publicKey, signature } },
      'signed pre-key',
    );
    await assertBundleRefused(
      alice,
      bob,
      { ...good, oneTimePreKey: { id: 11, publicKey } },
      'one-time pre-key',
    );
  }
  const identityKey = concatBytes(Uint8Array.of(5), new Uint8Array(32));
  const sign = (key: Uint8Array) => forgeUnderZero(key) as Uint8Array<ArrayBuffer>;
  const { signedPreKey, kemPreKey } = good;
  const forged = {
    ...good,
    identityKey,
    signedPreKey: { ...signedPreKey, signature: sign(signedPreKey.publicKey) },
    kemPreKey: { ...kemPreKey, signature: sign(kemPreKey.publicKey) },
  };
  await assertBundleRefused(alice, bob, forged, 'an identity key of low order, with signatures that verify');
}

/** A signature that verifies under the identity key u = 0, which anybody can make: its point has order two. */
function forgeUnderZero(message: Uint8Array): Uint8Array {
  const { Point } = ed25519;
  const publicPoint = Point.fromAffine({ x: 0n, y: Point.Fp.ORDER - 1n }).toBytes();
  for (let s = 1n; s < 100n; s += 1n) {
    const commitment = Point.BASE.multiply(s).toBytes();
    const hash = sha512(concatBytes(commitment, publicPoint, message));
    const h = BigInt(
      `0x${[...hash]
        .reverse()
        .map((byte) => byte.toString(16).padStart(2, '0'))
        .join('')}`,
    );
    if (Point.Fn.create(h) % 2n === 0n)
      return concatBytes(commitment, Uint8Array.of(Number(s)), new Uint8Array(31));
  }
  throw new Error('not one of 99 hashes was even');
}
