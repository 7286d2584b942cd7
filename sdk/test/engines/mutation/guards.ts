/**
 * What must be refused, one attack per check of the portable engine: each guard throws where the attack
 * succeeds. Bundled together with the engine, whole or with one check removed.
 */
import assert from 'node:assert/strict';
import { ed25519 } from '@noble/curves/ed25519.js';
import { utf8 } from '../../../src/bytes.js';
import { portableEngine } from '../../../src/engines/portable/index.js';
import { publicKeyFromCoordinate, type PrivateKey } from '../../../src/engines/portable/primitives/keys.js';
import { portableCurve } from '../../../src/engines/portable/primitives/curve.js';
import { nodeHost, type NodeHost } from '../../../src/engines/portable/primitives/node/crypto.js';
import { nodeCurve } from '../../../src/engines/portable/primitives/node/curve.js';
import { initialSpqrState, spqrReceive, spqrSend } from '../../../src/engines/portable/spqr/ratchet.js';
import { noSkippedKeys, SkippedKeys } from '../../../src/engines/portable/records/skipped-keys.js';
import { contentHints, type SealedContent } from '../../../src/ports/index.js';
import { Secret } from '../../../src/secret.js';
import {
  flipBit,
  startTime,
  testAddress,
  TestDevice,
  type Sent,
} from '../../../src/testing/engine-conformance-kit.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';
import { edwardsOf, toInteger } from '../../../../test-vectors/generate/xeddsa-sign.js';
import { sealWithStrangeKey } from './strange-seal.js';

const random = seededRandom('guards');
const distributionId = '7b0bd3a4-0d3c-4a52-8d38-6f6d2f5f2a11';

function makeDevice(account: number, deviceId = 1): Promise<TestDevice> {
  return TestDevice.create(
    portableEngine({ random: random.fork(`${account}.${deviceId}`) }),
    account,
    deviceId,
  );
}

async function pair(): Promise<[TestDevice, TestDevice]> {
  const [alice, bob] = [await makeDevice(1), await makeDevice(2)];
  await alice.startSession(bob, { ec: 11, kem: 21 });
  return [alice, bob];
}

async function talking(): Promise<[TestDevice, TestDevice]> {
  const [alice, bob] = await pair();
  await bob.decrypt(alice, await alice.encrypt(bob, 'first'));
  await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
  return [alice, bob];
}

/** Throws unless an attack is refused. */
async function refused(attack: () => Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(attack, { code });
}

/** What a sealed message needs. */
async function sealing() {
  const [alice, bob] = await talking();
  const { engine } = alice;
  const [root, server] = [await engine.generateIdentity(), await engine.generateIdentity()];
  const issue = async (issuer = server, under = root, identityKey = alice.our.identity.publicKey) =>
    engine.issueSenderCertificate({
      serverCertificate: await engine.issueServerCertificate({
        id: 1,
        publicKey: server.publicKey,
        trustRoot: under.privateKey,
      }),
      signingKey: new Secret(issuer.privateKey.expose()),
      sender: alice.address,
      identityKey,
      expiresAt: startTime,
    });
  const content: SealedContent = {
    kind: 'message',
    message: utf8('inside'),
    contentHint: contentHints.default,
  };
  const trust = { trustRoots: [root.publicKey], now: startTime };
  return { alice, bob, root, server, issue, content, trust };
}

async function sealedFor(
  { alice, bob, content }: Awaited<ReturnType<typeof sealing>>,
  certificate: Uint8Array,
) {
  const theirIdentityKey = bob.our.identity.publicKey;
  const first = await alice.engine.seal({ our: alice.our, certificate, content, theirIdentityKey });
  const recipients = [{ address: bob.address, identityKey: theirIdentityKey }];
  const sent = await alice.engine.sealForMany(alice.view, {
    our: alice.our,
    certificate,
    content,
    recipients,
  });
  return { first, second: await bob.engine.splitSealed(sent, bob.address.accountId) };
}

/** Where a message of the post-quantum ratchet has its type, and the number of its chunk. */
const typeAt = 3;
const chunkNumberAt = 4;
const chunkLength = 32;

/** Turns the lowest bit of the first thing that one type of chunk carries; a number there stays in range. */
function spoil(message: Uint8Array, type: number): Uint8Array {
  const hit = message[typeAt] === type && message[chunkNumberAt] === 0;
  return hit ? flipBit(message, message.length - chunkLength) : message;
}

/** Both sides talk, with one chunk spoiled, until somebody notices or the first epoch is over. */
async function spoiledBraid(type: number): Promise<void> {
  const authKey = new Uint8Array(32).fill(1);
  let left = initialSpqrState({ role: 'initiator', authKey, maxJump: 100 });
  let right = initialSpqrState({ role: 'responder', authKey, maxJump: 100 });
  const skipped = { of: () => new SkippedKeys(noSkippedKeys, async () => undefined) };
  while (left.braid.epoch === 1) {
    const there = spqrSend(left, random);
    left = there.state;
    right = (await spqrReceive(right, spoil(there.message, type), skipped)).state;
    const back = spqrSend(right, random);
    right = back.state;
    left = (await spqrReceive(left, spoil(back.message, type), skipped)).state;
  }
}

async function refusedBy(reason: string, attack: () => Promise<unknown>): Promise<void> {
  await assert.rejects(attack, (error: Error) => {
    const { cause } = error as { cause?: unknown };
    assert.match(String((cause as Error | undefined)?.message ?? cause), new RegExp(reason));
    return true;
  });
}

/** The attacks by the name of the check they meet. */
export const guards: Readonly<Record<string, () => Promise<void>>> = {
  'signature of the signed pre-key': async () => {
    const [alice, bob, mallory] = [await makeDevice(1), await makeDevice(2), await makeDevice(3)];
    const bundle = bob.bundle();
    const signedPreKey = { ...bundle.signedPreKey, publicKey: mallory.bundle().signedPreKey.publicKey };
    const input = { ...alice.input(bob.address), bundle: { ...bundle, signedPreKey } };
    await refused(() => alice.engine.startSession(alice.view, input), 'invalid-bundle');
  },

  'signature of the KEM pre-key': async () => {
    const [alice, bob, mallory] = [await makeDevice(1), await makeDevice(2), await makeDevice(3)];
    const bundle = bob.bundle();
    const kemPreKey = { ...bundle.kemPreKey, publicKey: mallory.bundle().kemPreKey.publicKey };
    const input = { ...alice.input(bob.address), bundle: { ...bundle, kemPreKey } };
    await refused(() => alice.engine.startSession(alice.view, input), 'invalid-bundle');
  },

  'keys of low order': async () => {
    const zero = publicKeyFromCoordinate(new Uint8Array(32));
    const privateKey = new Uint8Array(32).fill(8) as PrivateKey;
    await refused(async () => portableCurve(random).agree(privateKey, zero), 'invalid-key');
  },

  'keys of low order, by the platform': async () => {
    const zero = publicKeyFromCoordinate(new Uint8Array(32));
    const privateKey = new Uint8Array(32).fill(8) as PrivateKey;
    await refused(async () => nodeCurve(nodeHost() as NodeHost).agree(privateKey, zero), 'invalid-key');
  },

  'subgroup of a base key': async () => {
    const [alice, bob] = await pair();
    const first = await alice.encrypt(bob, 'first');
    // A point of order 8 on top of the key, which no agreement looks at either.
    const at = indexOfBaseKey(first) + 1;
    const ciphertext = first.ciphertext.slice();
    ciphertext.set(withTorsion(ciphertext.slice(at, at + 32)), at);
    await refused(() => bob.tryDecrypt(alice, { ...first, ciphertext }), 'invalid-message');
  },

  'spelling of a base key': async () => {
    const [alice, bob] = await pair();
    const first = await alice.encrypt(bob, 'first');
    // The top bit of the coordinate, which no agreement looks at: the same key under another name.
    const at = indexOfBaseKey(first) + 32;
    await refused(
      () => bob.tryDecrypt(alice, { ...first, ciphertext: flipBit(first.ciphertext, at, 7) }),
      'invalid-message',
    );
  },

  'identity key of a repeated first message': async () => {
    const [alice, bob] = await pair();
    await bob.decrypt(alice, await alice.encrypt(bob, 'first'));
    const again = await alice.encrypt(bob, 'a first message still');
    const mallory = await makeDevice(3);
    const at = indexOfBaseKey(again) + 33 + 2;
    const ciphertext = again.ciphertext.slice();
    ciphertext.set(mallory.our.identity.publicKey, at);
    await refused(() => bob.tryDecrypt(alice, { ...again, ciphertext }), 'invalid-message');
  },

  'pinned identity key': async () => {
    const [alice, bob] = await pair();
    const mallory = await makeDevice(3);
    const first = await alice.encrypt(bob, 'first');
    await refused(() => bob.tryDecrypt(alice, first, mallory.our.identity.publicKey), 'identity-changed');
  },

  'memory of last-resort keys': async () => {
    const [alice, bob] = [await makeDevice(1), await makeDevice(2)];
    await alice.startSession(bob);
    const first = await alice.encrypt(bob, 'first');
    await bob.decrypt(alice, first);
    bob.apply(await bob.engine.removeSession(bob.view, alice.address));
    await refused(() => bob.tryDecrypt(alice, first), 'pre-key-replayed');
  },

  'MAC of a message': async () => {
    const [alice, bob] = await talking();
    const message = await alice.encrypt(bob, 'text');
    const ciphertext = flipBit(message.ciphertext, message.ciphertext.length - 1);
    await refused(() => bob.tryDecrypt(alice, { ...message, ciphertext }), 'invalid-message');
  },

  'addresses in a message': async () => {
    const [alice, bob] = await pair();
    const { kind, ciphertext } = await alice.encrypt(bob, 'to the first device');
    const input = bob.input(alice.address);
    const our = { ...input.our, address: testAddress(2, 9) };
    await refused(() => bob.engine.decrypt(bob.view, { ...input, our, kind, ciphertext }), 'invalid-message');
  },

  'jumps of others': async () => {
    const [alice, bob] = await talking();
    let last = await alice.encrypt(bob, 'lost');
    for (let index = 0; index < 25_001; index += 1) last = await alice.encrypt(bob, '');
    await refused(() => bob.tryDecrypt(alice, last), 'invalid-message');
  },

  'signature of a group message': async () => {
    const [alice, bob] = [await makeDevice(1), await makeDevice(2)];
    const key = { sender: alice.address, distributionId };
    const distribution = alice.apply(await alice.engine.createSenderKeyDistribution(alice.view, key));
    const taken = { sender: alice.address, distribution };
    bob.apply(await bob.engine.processSenderKeyDistribution(bob.view, taken));
    const step = await alice.engine.encryptToGroup(alice.view, { ...key, plaintext: utf8('to all') });
    const ciphertext = flipBit(step.result, step.result.length - 33);
    const input = { sender: alice.address, ciphertext };
    await refused(() => bob.engine.decryptFromGroup(bob.view, input), 'invalid-message');
  },

  'signature of a server certificate': async () => {
    const { alice, server, issue, trust } = await sealing();
    const certificate = await issue(server, server);
    await refused(() => alice.engine.verifySenderCertificate(certificate, trust), 'invalid-certificate');
  },

  'signature of a sender certificate': async () => {
    const { alice, root, issue, trust } = await sealing();
    const certificate = await issue(root);
    await refused(() => alice.engine.verifySenderCertificate(certificate, trust), 'invalid-certificate');
  },

  'end of a certificate': async () => {
    const { alice, issue, trust } = await sealing();
    const late = { ...trust, now: startTime + 1 };
    const certificate = await issue();
    await refused(() => alice.engine.verifySenderCertificate(certificate, late), 'certificate-expired');
  },

  'MACs of sealed sender, version 1': async () => {
    const setting = await sealing();
    const { first } = await sealedFor(setting, await setting.issue());
    const { bob, trust } = setting;
    const sealed = flipBit(first, first.length - 1);
    await refused(() => bob.engine.unseal({ our: bob.our, sealed, ...trust }), 'invalid-message');
  },

  'sealer of version 1': async () => {
    const setting = await sealing();
    const mallory = await makeDevice(3);
    const certificate = await setting.issue(undefined, undefined, mallory.our.identity.publicKey);
    const { first } = await sealedFor(setting, certificate);
    const { bob, trust } = setting;
    await refused(() => bob.engine.unseal({ our: bob.our, sealed: first, ...trust }), 'invalid-message');
  },

  'sealer of version 2': async () => {
    const setting = await sealing();
    const mallory = await makeDevice(3);
    const certificate = await setting.issue(undefined, undefined, mallory.our.identity.publicKey);
    const { second } = await sealedFor(setting, certificate);
    const { bob, trust } = setting;
    await refused(() => bob.engine.unseal({ our: bob.our, sealed: second, ...trust }), 'invalid-message');
  },

  'ephemeral key of version 2': async () => {
    const { alice, bob, issue, content, trust } = await sealing();
    const certificate = await issue();
    const sealed = await sealWithStrangeKey(alice.our, bob.our.identity.publicKey, certificate, content);
    await refused(() => bob.engine.unseal({ our: bob.our, sealed, ...trust }), 'invalid-message');
  },

  'own sealed messages': async () => {
    const { alice, issue, content, trust } = await sealing();
    const theirIdentityKey = alice.our.identity.publicKey;
    const certificate = await issue();
    const sealed = await alice.engine.seal({ our: alice.our, certificate, content, theirIdentityKey });
    await refused(() => alice.engine.unseal({ our: alice.our, sealed, ...trust }), 'sealed-by-self');
  },

  'our half of a safety number': async () => comparison(10),

  'their half of a safety number': async () => comparison(50),

  'ratchet key of a decryption error': async () => {
    const [alice, bob] = await talking();
    const other = bob.our.identity.publicKey;
    assert.equal(await alice.engine.currentRatchetKeyMatches(alice.view, bob.address, other), false);
  },

  'MAC of a header': () => refusedBy('MacVerifyFailed', () => spoiledBraid(1)),

  'vector of a header': () => refusedBy('ErroneousDataReceived', () => spoiledBraid(2)),

  'MAC of a KEM ciphertext': () => refusedBy('MacVerifyFailed', () => spoiledBraid(6)),
};

/** The base key is the first field with a length in a first message. */
/** Another key with which everybody agrees on the same as with this one. */
function withTorsion(u: Uint8Array): Uint8Array {
  const { Point } = ed25519;
  const torsion = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
  return ed25519.utils.toMontgomery(
    Point.fromBytes(edwardsOf(toInteger(u)))
      .add(torsion)
      .toBytes(),
  );
}

function indexOfBaseKey({ ciphertext }: Sent): number {
  const tag = (2 << 3) | 2;
  const at = ciphertext.findIndex((byte, index) => byte === tag && ciphertext[index + 1] === 33);
  assert(at > 0);
  return at + 2;
}

async function comparison(spoiledAt: number): Promise<void> {
  const engine = portableEngine({ random });
  const [ours, theirs] = [await engine.generateIdentity(), await engine.generateIdentity()];
  const ids = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)] as const;
  const mine = await engine.fingerprint({
    ourId: ids[0],
    ourIdentityKey: ours.publicKey,
    theirId: ids[1],
    theirIdentityKey: theirs.publicKey,
  });
  const scanned = await engine.fingerprint({
    ourId: ids[1],
    ourIdentityKey: theirs.publicKey,
    theirId: ids[0],
    theirIdentityKey: ours.publicKey,
  });
  await engine.compareScannable(mine.scannable, scanned.scannable);
  const spoiled = flipBit(scanned.scannable, spoiledAt);
  await refused(() => engine.compareScannable(mine.scannable, spoiled), 'safety-number-mismatch');
}
