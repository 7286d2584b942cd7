/** What this engine writes is, byte for byte, what libsignal writes. */
import {
  DecryptionErrorMessage,
  PlaintextContent,
  PreKeySignalMessage,
  type PublicKey,
  SenderCertificate,
  SenderKeyDistributionMessage,
  SenderKeyMessage,
  ServerCertificate,
  SignalMessage,
  UnidentifiedSenderMessageContent,
} from '@signalapp/libsignal-client';
import { describe, expect, it } from 'vitest';
import { createDecryptionError } from '../../../../src/engines/portable/decryption-errors.js';
import {
  parsePreKeySignalMessage,
  serializePreKeySignalMessage,
} from '../../../../src/engines/portable/messages/pre-key-signal-message.js';
import {
  parseSenderKeyDistributionMessage,
  parseSenderKeyMessage,
  serializeSenderKeyDistributionMessage,
  serializeSenderKeyMessage,
} from '../../../../src/engines/portable/messages/sender-key-messages.js';
import {
  parseSignalMessage,
  serializeSignalMessage,
  signalMessageMac,
} from '../../../../src/engines/portable/messages/signal-message.js';
import { uuidBytes } from '../../../../src/engines/portable/messages/uuid.js';
import { parsePublicKey, type PublicKey as Key } from '../../../../src/engines/portable/primitives/keys.js';
import {
  senderCertificateContent,
  serializeCertificate,
  serverCertificateContent,
} from '../../../../src/engines/portable/sealed-sender/certificates.js';
import { parseContent, serializeContent } from '../../../../src/engines/portable/sealed-sender/content.js';
import type { SealedKind } from '../../../../src/ports/index.js';
import { seededRandom } from '../../../../src/testing/index.js';
import {
  nativeDistribution,
  nativePlaintextContent,
  nativeSenderKeyMessage,
  nativeSignalMessage,
  plain,
  privateKey,
  someUuid,
  uint32,
} from './formats.js';

const seed = process.env['SOTTO_SEED'] ?? '1';
const runs = process.env['SLOW'] === '1' ? 2_000 : 60;

/** Bytes as the assertion shows them well. */
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function ourKey<Role extends string>(key: PublicKey): Key<Role> {
  return parsePublicKey<Role>(key.serialize());
}

describe(`serialized messages (seed ${seed})`, () => {
  const random = seededRandom(`${seed} serialize`);
  const cases = Array.from({ length: runs }, (_, run) => run);

  it('SignalMessage, with its MAC', async () => {
    for (const run of cases) {
      const [ratchet, sender, receiver] = [privateKey(random), privateKey(random), privateKey(random)].map(
        (key) => key.getPublicKey(),
      ) as [PublicKey, PublicKey, PublicKey];
      const macKey = random.bytes(32);
      const [counter, previousCounter] = [uint32(random), uint32(random)];
      const [ciphertext, pqRatchet] = [
        random.bytes(random.integer(300)),
        random.bytes(random.integer(2) * 40),
      ];
      const ours = await serializeSignalMessage(
        { ratchetKey: ourKey<'ratchet'>(ratchet), counter, previousCounter, ciphertext, pqRatchet },
        macKey,
        ourKey(sender),
        ourKey(receiver),
      );
      const [mac, text, pq] = [plain(macKey), plain(ciphertext), plain(pqRatchet)];
      const native = SignalMessage._new(
        4,
        mac,
        ratchet,
        counter,
        previousCounter,
        text,
        sender,
        receiver,
        pq,
      );
      expect(hex(ours), `run ${run}`).toBe(hex(native.serialize()));
    }
  });

  it('the MAC is over all but itself', async () => {
    const [sender, receiver] = [privateKey(random), privateKey(random)].map((key) =>
      ourKey<'identity'>(key.getPublicKey()),
    );
    const message = parseSignalMessage(nativeSignalMessage(random).serialize());
    const mac = await signalMessageMac(new Uint8Array(32), sender!, receiver!, message.authenticated);
    expect(mac).toHaveLength(8);
    const reversed = await signalMessageMac(new Uint8Array(32), receiver!, sender!, message.authenticated);
    expect(reversed).not.toEqual(mac);
  });

  it('PreKeySignalMessage', () => {
    for (const run of cases) {
      const message = nativeSignalMessage(random);
      const [base, identity] = [privateKey(random).getPublicKey(), privateKey(random).getPublicKey()];
      const [registrationId, signedPreKeyId] = [uint32(random), uint32(random)];
      const preKeyId = random.chance(0.5) ? uint32(random) : undefined;
      const fields = {
        preKeyId,
        baseKey: ourKey<'base'>(base),
        identityKey: ourKey<'identity'>(identity),
        messageBytes: message.serialize(),
        registrationId,
        signedPreKeyId,
      };
      const id = preKeyId ?? null;
      const native = PreKeySignalMessage._new(4, registrationId, id, signedPreKeyId, base, identity, message);
      expect(hex(serializePreKeySignalMessage(fields)), `run ${run}`).toBe(hex(native.serialize()));
    }
  });

  it('PreKeySignalMessage with a KEM ciphertext comes back as it was', () => {
    const fields = {
      preKeyId: undefined,
      baseKey: ourKey<'base'>(privateKey(random).getPublicKey()),
      identityKey: ourKey<'identity'>(privateKey(random).getPublicKey()),
      messageBytes: nativeSignalMessage(random).serialize(),
      registrationId: 0,
      signedPreKeyId: 0,
      kem: { id: 0, ciphertext: random.bytes(1569) },
    };
    const bytes = serializePreKeySignalMessage(fields);
    expect(parsePreKeySignalMessage(bytes)).toMatchObject({ version: 4, ...fields });
    expect(hex(PreKeySignalMessage.deserialize(plain(bytes)).serialize())).toBe(hex(bytes));
  });

  it('SenderKeyDistributionMessage', () => {
    for (const run of cases) {
      const native = nativeDistribution(random).serialize();
      const ours = serializeSenderKeyDistributionMessage(parseSenderKeyDistributionMessage(native));
      expect(hex(ours), `run ${run}`).toBe(hex(native));
    }
    const [chainKey, signing] = [random.bytes(32), privateKey(random).getPublicKey()];
    const distributionId = someUuid(random);
    const ours = serializeSenderKeyDistributionMessage({
      distributionId: uuidBytes(distributionId)!,
      chainId: 0,
      iteration: 0,
      chainKey,
      signingKey: ourKey<'sender-signing'>(signing),
    });
    const native = SenderKeyDistributionMessage._new(3, distributionId, 0, 0, plain(chainKey), signing);
    expect(hex(ours)).toBe(hex(native.serialize()));
  });

  it('SenderKeyMessage, but for the signature', () => {
    const signing = privateKey(random);
    for (const run of cases) {
      const native = nativeSenderKeyMessage(random, signing).serialize();
      const ours = serializeSenderKeyMessage(parseSenderKeyMessage(native), (signed) =>
        signing.sign(plain(signed)),
      );
      expect(hex(ours.subarray(0, -64)), `run ${run}`).toBe(hex(native.subarray(0, -64)));
      const theirs = SenderKeyMessage.deserialize(plain(ours));
      expect(theirs.verifySignature(signing.getPublicKey())).toBe(true);
    }
  });

  it('certificates, but for the signature', () => {
    const [root, server] = [privateKey(random), privateKey(random)];
    for (const run of cases.slice(0, 100)) {
      const id = uint32(random);
      const signer = ServerCertificate.new(id, server.getPublicKey(), root);
      expect(hex(serverCertificateContent(id, ourKey(server.getPublicKey())))).toBe(
        hex(signer.certificateData()),
      );
      expect(hex(serializeCertificate(signer.certificateData(), signer.signature()))).toBe(
        hex(signer.serialize()),
      );
      const identity = privateKey(random).getPublicKey();
      const fields = {
        uuid: someUuid(random),
        deviceId: 1 + random.integer(127),
        expires: BigInt(random.pick([0, 1, 1_800_000_000_000, Number.MAX_SAFE_INTEGER])),
        identityKey: ourKey<'identity'>(identity),
        signer: signer.serialize(),
      };
      const { uuid, deviceId, expires } = fields;
      const native = SenderCertificate.new(uuid, null, deviceId, identity, Number(expires), signer, server);
      expect(hex(senderCertificateContent(fields)), `run ${run}`).toBe(hex(native.certificate()));
    }
  });

  it('UnidentifiedSenderMessageContent, of every kind, with every hint', () => {
    const server = privateKey(random);
    const signer = ServerCertificate.new(1, server.getPublicKey(), privateKey(random));
    const identity = privateKey(random).getPublicKey();
    const certificate = SenderCertificate.new(someUuid(random), null, 7, identity, 99, signer, server);
    const kinds = new Set<SealedKind>();
    for (const run of cases) {
      const groupId = random.pick([null, plain(random.bytes(16)), new Uint8Array()]);
      const inside = nativePlaintextContent(random).asCiphertextMessage();
      const native = UnidentifiedSenderMessageContent.new(inside, certificate, uint32(random), groupId);
      const { content } = parseContent(native.serialize());
      const ours = serializeContent(content, certificate.serialize());
      expect(hex(ours), `run ${run}`).toBe(hex(native.serialize()));
      const kind = random.pick(['prekey', 'message', 'sender-key', 'plaintext'] as const);
      kinds.add(kind);
      const other = serializeContent({ ...content, kind }, certificate.serialize());
      expect(UnidentifiedSenderMessageContent.deserialize(plain(other)).msgType()).toBe(
        { prekey: 3, message: 2, 'sender-key': 7, plaintext: 8 }[kind],
      );
      expect(parseContent(other).content).toEqual({ ...content, kind });
    }
    expect(kinds.size).toBe(4);
  });

  it('DecryptionErrorMessage in PlaintextContent', () => {
    const group = nativeSenderKeyMessage(random).serialize();
    for (const run of cases) {
      const message = nativeSignalMessage(random).serialize();
      const sentAt = random.pick([0, 1_800_000_000_000, Number.MAX_SAFE_INTEGER]);
      const deviceId = uint32(random);
      for (const [kind, type, lost] of [
        ['message', 2, message],
        ['sender-key', 7, group],
      ] as const) {
        const error = DecryptionErrorMessage.forOriginal(lost, type, sentAt, deviceId);
        const ours = createDecryptionError({ kind, message: lost, sentAt, deviceId });
        expect(hex(ours), `run ${run}`).toBe(hex(PlaintextContent.from(error).serialize()));
      }
    }
  });
});
