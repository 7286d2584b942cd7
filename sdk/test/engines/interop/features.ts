/** Every feature that two engines can show each other, as one small play each. Knows no particular engine. */
import { expect } from 'vitest';
import { utf8 } from '../../../src/bytes.js';
import { contentHints, type ProtocolEngine, type SealedContent } from '../../../src/ports/index.js';
import { Secret } from '../../../src/secret.js';
import {
  startTime,
  testAddress,
  TestDevice,
  type Sent,
} from '../../../src/testing/engine-conformance-kit.js';

/** Two engines: who acts first and who answers. */
export interface Players {
  readonly left: ProtocolEngine;
  readonly right: ProtocolEngine;
}

type Play = (players: Players) => Promise<void>;

const distributionId = '7b0bd3a4-0d3c-4a52-8d38-6f6d2f5f2a11';

async function pair({ left, right }: Players): Promise<[TestDevice, TestDevice]> {
  return [await TestDevice.create(left, 1), await TestDevice.create(right, 2)];
}

async function talk(from: TestDevice, to: TestDevice, count = 3): Promise<void> {
  for (let round = 0; round < count; round += 1) {
    await to.decrypt(from, await from.encrypt(to, `there ${round}`));
    await from.decrypt(to, await to.encrypt(from, `and back ${round}`));
  }
}

async function conversation(players: Players): Promise<[TestDevice, TestDevice]> {
  const [left, right] = await pair(players);
  await left.startSession(right, { ec: 11, kem: 21 });
  await talk(left, right);
  return [left, right];
}

async function withOneTimeKeys(players: Players): Promise<void> {
  const [left, right] = await pair(players);
  await left.startSession(right, { ec: 11, kem: 21 });
  const first = await left.encrypt(right, 'first');
  const { usedPreKeys } = await right.decrypt(left, first);
  expect(usedPreKeys).toEqual({ oneTimeId: 11, kemOneTimeId: 21 });
  await right.decrypt(left, await left.encrypt(right, 'again a first message'));
  await right.assertRefuses(left, first, 'duplicate-message', 'the first message again');
  await talk(left, right);
}

async function withoutOneTimeKeys(players: Players): Promise<void> {
  const [left, right] = await pair(players);
  await left.startSession(right);
  const first = await left.encrypt(right, 'first');
  expect((await right.decrypt(left, first)).usedPreKeys).toEqual({});
  await talk(left, right);
  right.apply(await right.engine.removeSession(right.view, left.address));
  await right.assertRefuses(left, first, 'pre-key-replayed', 'the first message after its session is gone');
}

async function outOfOrder(players: Players): Promise<void> {
  const [left, right] = await conversation(players);
  const sent: Sent[] = [];
  for (let index = 0; index < 120; index += 1) sent.push(await left.encrypt(right, `number ${index}`));
  await left.decrypt(right, await right.encrypt(left, 'meanwhile'));
  for (let index = 0; index < 5; index += 1) sent.push(await left.encrypt(right, `later ${index}`));
  for (const message of sent.toReversed()) await right.decrypt(left, message);
  await right.assertRefuses(left, sent[60] as Sent, 'duplicate-message', 'one of them again');
  await talk(left, right);
}

async function archivedAndPromoted(players: Players): Promise<void> {
  const [left, right] = await conversation(players);
  const late = await left.encrypt(right, 'under the old session');
  left.apply(await left.engine.archiveSession(left.view, right.address));
  await left.startSession(right, { ec: 12, kem: 22 });
  await right.decrypt(left, await left.encrypt(right, 'under the new one'));
  await right.decrypt(left, late);
  await left.decrypt(right, await right.encrypt(left, 'whichever is current'));
  await talk(left, right);
}

async function simultaneous(players: Players): Promise<void> {
  const [left, right] = await pair(players);
  await left.startSession(right, { ec: 11, kem: 21 });
  await right.startSession(left, { ec: 11, kem: 21 });
  const there = await left.encrypt(right, 'at once');
  const back = await right.encrypt(left, 'at once too');
  await right.decrypt(left, there);
  await left.decrypt(right, back);
  await talk(left, right);
  await talk(right, left);
}

async function betweenOwnDevices({ left, right }: Players): Promise<void> {
  const phone = await TestDevice.create(left, 1, 1);
  const laptop = await TestDevice.create(right, 1, 2, phone.our.identity);
  await phone.startSession(laptop, { ec: 11, kem: 21 });
  await talk(phone, laptop);
  // Farther than any message of somebody else's may be ahead.
  const ahead = 25_200;
  let last = await phone.encrypt(laptop, 'lost');
  for (let index = 0; index < ahead; index += 1) last = await phone.encrypt(laptop, 'far ahead');
  await laptop.decrypt(phone, last);
  await talk(phone, laptop);
}

async function changedIdentity(players: Players): Promise<void> {
  const [left, right] = await pair(players);
  await left.startSession(right, { ec: 11, kem: 21 });
  const first = await left.encrypt(right, 'first');
  const other = right.our.identity.publicKey;
  await expect(right.tryDecrypt(left, first, other)).rejects.toMatchObject({ code: 'identity-changed' });
  await right.decrypt(left, first);
}

async function groups(players: Players): Promise<void> {
  const [left, right] = await pair(players);
  const sender = left.address;
  const key = { sender, distributionId };
  const distribution = left.apply(await left.engine.createSenderKeyDistribution(left.view, key));
  const taken = await right.engine.processSenderKeyDistribution(right.view, { sender, distribution });
  expect(right.apply(taken)).toBe(distributionId);
  const sent: Uint8Array[] = [];
  for (let index = 0; index < 40; index += 1) {
    const plaintext = utf8(`to all ${index}`);
    sent.push(left.apply(await left.engine.encryptToGroup(left.view, { ...key, plaintext })));
  }
  const order = [...sent.keys()].map((index) => (index * 17) % sent.length);
  for (const index of order) {
    const ciphertext = sent[index] as Uint8Array;
    const step = await right.engine.decryptFromGroup(right.view, { sender, ciphertext });
    expect(right.apply(step)).toEqual({ distributionId, plaintext: utf8(`to all ${index}`) });
  }
  const again = right.engine.decryptFromGroup(right.view, { sender, ciphertext: sent[3] as Uint8Array });
  await expect(again).rejects.toMatchObject({ code: 'duplicate-message' });
}

/** A trust root, and a certificate under it for a device. */
async function certify(issuer: ProtocolEngine, device: TestDevice) {
  const root = await issuer.generateIdentity();
  const server = await issuer.generateIdentity();
  const serverCertificate = await issuer.issueServerCertificate({
    id: 7,
    publicKey: server.publicKey,
    trustRoot: root.privateKey,
  });
  const certificate = await issuer.issueSenderCertificate({
    serverCertificate,
    signingKey: new Secret(server.privateKey.expose()),
    sender: device.address,
    identityKey: device.our.identity.publicKey,
    expiresAt: startTime + 1000,
  });
  return { certificate, trust: { trustRoots: [root.publicKey], now: startTime } };
}

async function sealed(players: Players): Promise<void> {
  const [left, right] = await conversation(players);
  const { certificate, trust } = await certify(left.engine, left);
  const inside = await left.encrypt(right, 'sealed');
  const content: SealedContent = {
    kind: inside.kind,
    message: inside.ciphertext,
    contentHint: contentHints.resendable,
    groupId: utf8('group'),
  };
  const theirIdentityKey = right.our.identity.publicKey;
  const message = await left.engine.seal({ our: left.our, certificate, content, theirIdentityKey });
  const opened = await right.engine.unseal({ our: right.our, sealed: message, ...trust });
  expect(opened.sender.sender).toEqual(left.address);
  expect(opened.content).toEqual(content);
  await right.decrypt(left, { ...inside, ciphertext: opened.content.message });
  const late = { our: right.our, sealed: message, ...trust, now: startTime + 1001 };
  await expect(right.engine.unseal(late)).rejects.toMatchObject({ code: 'certificate-expired' });
}

async function sealedForMany(players: Players): Promise<void> {
  const [left, right] = await conversation(players);
  const third = await TestDevice.create(players.right, 3);
  await left.startSession(third, { ec: 11, kem: 21 });
  const { certificate, trust } = await certify(players.right, left);
  const content: SealedContent = { kind: 'sender-key', message: utf8('for many'), contentHint: 0 };
  const sent = await left.engine.sealForMany(left.view, {
    our: left.our,
    certificate,
    content,
    recipients: [right, third].map(({ address, our }) => ({
      address,
      identityKey: our.identity.publicKey,
    })),
    excluded: [testAddress(4, 1).accountId],
  });
  for (const { engine, our, address } of [right, third]) {
    const mine = await engine.splitSealed(sent, address.accountId);
    // The relay's part can be done by either engine.
    expect(await left.engine.splitSealed(sent, address.accountId)).toEqual(mine);
    expect((await engine.unseal({ our, sealed: mine, ...trust })).content).toEqual(content);
  }
}

async function decryptionErrors(players: Players): Promise<void> {
  const [left, right] = await conversation(players);
  const lost = await left.encrypt(right, 'lost');
  const report = await right.engine.createDecryptionError({
    kind: lost.kind,
    message: lost.ciphertext,
    sentAt: startTime,
    deviceId: 1,
  });
  const read = await left.engine.parseDecryptionError(report);
  expect(read).toMatchObject({ sentAt: startTime, deviceId: 1 });
  const matches = await left.engine.currentRatchetKeyMatches(
    left.view,
    right.address,
    read.ratchetKey as Uint8Array,
  );
  expect(matches).toBe(true);
}

async function fingerprints(players: Players): Promise<void> {
  const [left, right] = await pair(players);
  const [ourId, theirId] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)];
  const [ourIdentityKey, theirIdentityKey] = [left.our.identity.publicKey, right.our.identity.publicKey];
  const ours = await left.engine.fingerprint({ ourId, ourIdentityKey, theirId, theirIdentityKey });
  const theirs = await right.engine.fingerprint({
    ourId: theirId,
    ourIdentityKey: theirIdentityKey,
    theirId: ourId,
    theirIdentityKey: ourIdentityKey,
  });
  expect(theirs.displayable).toBe(ours.displayable);
  await left.engine.compareScannable(ours.scannable, theirs.scannable);
  await right.engine.compareScannable(theirs.scannable, ours.scannable);
}

/** The rows of the table. */
export const features: Readonly<Record<string, Play>> = {
  'sessions with one-time keys': withOneTimeKeys,
  'sessions without one-time keys': withoutOneTimeKeys,
  'messages out of order': outOfOrder,
  'archive and promotion': archivedAndPromoted,
  'simultaneous initiation': simultaneous,
  'own devices, far ahead': betweenOwnDevices,
  'changed identity': changedIdentity,
  'sender keys': groups,
  'sealed sender v1': sealed,
  'sealed sender v2': sealedForMany,
  'decryption errors': decryptionErrors,
  fingerprints,
};
