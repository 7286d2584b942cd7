/**
 * Mutated and cut inputs of every kind but messages of sessions, given to both engines: both take them or
 * both refuse them with the same code, and a refusal leaves every record as it was. 11,000 in all; half a
 * million with `SLOW=1`. `SEED` repeats a run.
 */
import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/bytes.js';
import type { SealedContent, SealedKind, SessionBundle } from '../../../src/ports/index.js';
import { Secret } from '../../../src/secret.js';
import { startTime, testAddress, TestDevice } from '../../../src/testing/engine-conformance-kit.js';
import { seededRandom, type SeededRandom } from '../../../src/testing/index.js';
import { engineNamed } from '../../support/engines.js';
import { mutated, type Envelope } from '../portable/messages/mutate.js';
import { Outcomes, outcomeOf, twins, type Both } from './negatives-kit.js';

const slow = process.env['SLOW'] === '1';
const seed = process.env['SEED'] ?? (slow ? String(randomInt(2 ** 31)) : '1');
const factor = slow ? 50 : 1;

const preKeyEnvelope: Envelope = { before: 1, after: 0 };
const groupEnvelope: Envelope = { before: 1, after: 64 };
const bareEnvelope: Envelope = { before: 0, after: 0 };
const distributionId = '7b0bd3a4-0d3c-4a52-8d38-6f6d2f5f2a11';

const labelOf = (what: string, round: number) => `${what}, seed ${seed}, round ${round}`;

function report(what: string, outcomes: Outcomes, atLeast: number): void {
  console.log(`${what} (seed ${seed}): ${outcomes.toString()}`);
  expect(outcomes.total).toBeGreaterThanOrEqual(atLeast);
}

/** Gives mutations of one of some inputs to two devices. */
async function fuzz(
  what: string,
  count: number,
  inputs: (round: number) => { readonly bytes: Uint8Array; readonly envelope: Envelope },
  [first, second]: Both<TestDevice>,
  attempt: (device: TestDevice, bytes: Uint8Array) => Promise<unknown>,
): Promise<void> {
  const random = seededRandom(`${seed}/${what}`);
  const outcomes = new Outcomes();
  for (let round = 0; round < count; round += 1) {
    const { bytes, envelope } = inputs(round);
    const input = mutated(random, bytes, envelope);
    const results: Both<string> = [
      await outcomeOf(first, () => attempt(first, input)),
      await outcomeOf(second, () => attempt(second, input)),
    ];
    outcomes.note(results, `${labelOf(what, round)}: ${Buffer.from(input).toString('hex')}`);
  }
  report(what, outcomes, count);
}

const roundRobin = (inputs: readonly Uint8Array[], envelope: Envelope) => (round: number) => ({
  bytes: inputs[round % inputs.length] as Uint8Array,
  envelope,
});

async function certified(sender: TestDevice) {
  const { engine } = sender;
  const [root, server] = [await engine.generateIdentity(), await engine.generateIdentity()];
  const serverCertificate = await engine.issueServerCertificate({
    id: 7,
    publicKey: server.publicKey,
    trustRoot: root.privateKey,
  });
  const certificate = await engine.issueSenderCertificate({
    serverCertificate,
    signingKey: new Secret(server.privateKey.expose()),
    sender: sender.address,
    identityKey: sender.our.identity.publicKey,
    expiresAt: startTime + 1000,
  });
  return { certificate, trust: { trustRoots: [root.publicKey], now: startTime } };
}

function bundleTricks(random: SeededRandom, bundle: SessionBundle): SessionBundle {
  const spoil = (bytes: Uint8Array) => mutated(random, bytes, bareEnvelope) as Uint8Array<ArrayBuffer>;
  const { signedPreKey, kemPreKey, oneTimePreKey } = bundle;
  switch (random.integer(7)) {
    case 0:
      return { ...bundle, identityKey: spoil(bundle.identityKey) };
    case 1:
      return { ...bundle, signedPreKey: { ...signedPreKey, publicKey: spoil(signedPreKey.publicKey) } };
    case 2:
      return { ...bundle, signedPreKey: { ...signedPreKey, signature: spoil(signedPreKey.signature) } };
    case 3:
      return { ...bundle, kemPreKey: { ...kemPreKey, publicKey: spoil(kemPreKey.publicKey) } };
    case 4:
      return { ...bundle, kemPreKey: { ...kemPreKey, signature: spoil(kemPreKey.signature) } };
    case 5:
      return { ...bundle, kemPreKey: { ...kemPreKey, signature: signedPreKey.signature } };
    default:
      return oneTimePreKey
        ? { ...bundle, oneTimePreKey: { ...oneTimePreKey, publicKey: spoil(oneTimePreKey.publicKey) } }
        : bundle;
  }
}

describe('both engines take and refuse the same', { timeout: 3_600_000 }, () => {
  it('sender-key messages and their distributions', async () => {
    const receivers = await twins(2);
    const sender = await TestDevice.create(engineNamed('portable', seededRandom('group')), 1);
    const key = { sender: sender.address, distributionId };
    const { engine, view } = sender;
    const distribution = sender.apply(await engine.createSenderKeyDistribution(view, key));
    const process = (device: TestDevice, bytes: Uint8Array) =>
      device.engine.processSenderKeyDistribution(device.view, {
        sender: sender.address,
        distribution: bytes,
      });
    for (const device of receivers) device.apply(await process(device, distribution));
    const sent: Uint8Array[] = [];
    for (let index = 0; index < 30; index += 1) {
      const step = await engine.encryptToGroup(view, { ...key, plaintext: utf8(`to all ${index}`) });
      sent.push(sender.apply(step));
    }
    const decrypt = (device: TestDevice, ciphertext: Uint8Array) =>
      device.engine.decryptFromGroup(device.view, { sender: sender.address, ciphertext });
    for (const device of receivers) {
      for (const index of [4, 20, 11]) device.apply(await decrypt(device, sent[index] as Uint8Array));
    }
    await fuzz('sender-key messages', 2_500 * factor, roundRobin(sent, groupEnvelope), receivers, decrypt);
    const inputs = roundRobin([distribution], preKeyEnvelope);
    await fuzz('distributions', 1_500 * factor, inputs, receivers, process);
  });

  it('sealed messages and certificates', async () => {
    const receivers = await twins(2);
    const sender = await TestDevice.create(engineNamed('portable', seededRandom('sealer')), 1);
    await sender.startSession(receivers[0], { ec: 11, kem: 21 });
    const { certificate, trust } = await certified(sender);
    const kinds: readonly SealedKind[] = ['prekey', 'message', 'sender-key', 'plaintext'];
    const contents = kinds.map((kind, index): SealedContent => ({
      kind,
      message: utf8(`some ${kind}`),
      contentHint: index,
      ...(index % 2 === 0 ? { groupId: utf8('group') } : {}),
    }));
    const { engine, our, view } = sender;
    const theirIdentityKey = receivers[0].our.identity.publicKey;
    const recipients = [{ address: receivers[0].address, identityKey: theirIdentityKey }];
    const first: Uint8Array[] = [];
    const sent: Uint8Array[] = [];
    for (const content of contents) {
      first.push(await engine.seal({ our, certificate, content, theirIdentityKey }));
      const excluded = [testAddress(4, 1).accountId];
      sent.push(await engine.sealForMany(view, { our, certificate, content, recipients, excluded }));
    }
    const account = receivers[0].address.accountId;
    const second = await Promise.all(sent.map((form) => engine.splitSealed(form, account)));
    const unseal = (device: TestDevice, sealed: Uint8Array) =>
      device.engine.unseal({ our: device.our, sealed, ...trust });
    const split = (device: TestDevice, form: Uint8Array) => device.engine.splitSealed(form, account);
    const verify = (device: TestDevice, bytes: Uint8Array) =>
      device.engine.verifySenderCertificate(bytes, trust);
    await fuzz('sealed, version 1', 1_400 * factor, roundRobin(first, preKeyEnvelope), receivers, unseal);
    await fuzz('sealed, version 2', 1_400 * factor, roundRobin(second, preKeyEnvelope), receivers, unseal);
    await fuzz('sealed, sent form', 1_200 * factor, roundRobin(sent, preKeyEnvelope), receivers, split);
    await fuzz('certificates', 1_200 * factor, roundRobin([certificate], bareEnvelope), receivers, verify);
  });

  it('bundles', async () => {
    const devices = await twins(2);
    const random = seededRandom(`${seed}/bundles`);
    const them = await TestDevice.create(engineNamed('libsignal'), 3);
    const outcomes = new Outcomes();
    const count = 500 * factor;
    for (let round = 0; round < count; round += 1) {
      const oneTime = random.chance(0.5) ? { ec: 11, kem: 21 } : {};
      const bundle = bundleTricks(random, them.bundle(oneTime));
      const start = (device: TestDevice) =>
        device.engine.startSession(device.view, { ...device.input(them.address), bundle });
      const results: Both<string> = [
        await outcomeOf(devices[0], () => start(devices[0])),
        await outcomeOf(devices[1], () => start(devices[1])),
      ];
      outcomes.note(results, labelOf('bundles', round));
    }
    report('bundles', outcomes, count);
  });

  it('decryption errors and safety numbers', async () => {
    const receivers = await twins(2);
    const sender = await TestDevice.create(engineNamed('portable', seededRandom('errors')), 1);
    await sender.startSession(receivers[0], { ec: 11, kem: 21 });
    const lost = await sender.encrypt(receivers[0], 'lost');
    const original = { kind: lost.kind, sentAt: startTime, deviceId: 1 } as const;
    const make = (device: TestDevice, message: Uint8Array) =>
      device.engine.createDecryptionError({ ...original, message });
    const parse = (device: TestDevice, bytes: Uint8Array) => device.engine.parseDecryptionError(bytes);
    const plain = await make(sender, lost.ciphertext);
    await fuzz('lost messages', 600 * factor, roundRobin([lost.ciphertext], preKeyEnvelope), receivers, make);
    await fuzz(
      'plaintext content',
      1_200 * factor,
      roundRobin([plain], { before: 1, after: 1 }),
      receivers,
      parse,
    );
    const ids = { ourId: new Uint8Array(16).fill(1), theirId: new Uint8Array(16).fill(2) };
    const keys = {
      ourIdentityKey: sender.our.identity.publicKey,
      theirIdentityKey: receivers[0].our.identity.publicKey,
    };
    const { scannable } = await sender.engine.fingerprint({ ...ids, ...keys });
    const swapped = await sender.engine.fingerprint({
      ourId: ids.theirId,
      theirId: ids.ourId,
      ourIdentityKey: keys.theirIdentityKey,
      theirIdentityKey: keys.ourIdentityKey,
    });
    const scan = (device: TestDevice, bytes: Uint8Array) =>
      device.engine.compareScannable(swapped.scannable, bytes);
    await fuzz(
      'scanned safety numbers',
      1_200 * factor,
      roundRobin([scannable], bareEnvelope),
      receivers,
      scan,
    );
  });
});
