/**
 * Every message that both this engine and libsignal read by itself: how to make some, and how each of them
 * says what it read. For comparing the two.
 */
import {
  CiphertextMessage,
  DecryptionErrorMessage,
  PlaintextContent,
  PreKeySignalMessage,
  PrivateKey,
  SenderCertificate,
  SenderKeyDistributionMessage,
  SenderKeyMessage,
  ServerCertificate,
  SignalMessage,
  UnidentifiedSenderMessageContent,
} from '@signalapp/libsignal-client';
import { concatBytes } from '../../../../src/bytes.js';
import { parseDecryptionError } from '../../../../src/engines/portable/decryption-errors.js';
import {
  parsePreKeySignalMessage,
  serializePreKeySignalMessage,
} from '../../../../src/engines/portable/messages/pre-key-signal-message.js';
import {
  parseSenderKeyDistributionMessage,
  parseSenderKeyMessage,
} from '../../../../src/engines/portable/messages/sender-key-messages.js';
import { parseSignalMessage } from '../../../../src/engines/portable/messages/signal-message.js';
import { uuidText } from '../../../../src/engines/portable/messages/uuid.js';
import { parsePublicKey } from '../../../../src/engines/portable/primitives/keys.js';
import {
  parseSenderCertificate,
  parseServerCertificate,
  type ParsedSenderCertificate,
} from '../../../../src/engines/portable/sealed-sender/certificates.js';
import { parseContent } from '../../../../src/engines/portable/sealed-sender/content.js';
import type { SottoErrorCode } from '../../../../src/errors.js';
import type { SeededRandom } from '../../../../src/testing/index.js';
import { sizedField, varintField, type Envelope } from './mutate.js';

type Bytes = Uint8Array<ArrayBuffer>;

/** What was read, as plain values; bytes as hexadecimal. */
export type Reading = Readonly<Record<string, string | number | null>>;

/** A message as both know it. */
export interface Format {
  readonly name: string;
  readonly envelope: Envelope;
  /** How the portable engine refuses. */
  readonly refusal: SottoErrorCode;
  readonly make: (random: SeededRandom) => Uint8Array;
  readonly parse: (bytes: Uint8Array) => unknown;
  readonly ours: (bytes: Uint8Array) => Reading;
  readonly theirs: (bytes: Bytes) => Reading;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Bytes in memory of their own, as libsignal's types want them. */
export function plain(bytes: Uint8Array): Bytes {
  return Uint8Array.from(bytes);
}

export function privateKey(random: SeededRandom): PrivateKey {
  return PrivateKey.deserialize(plain(random.bytes(32)));
}

export const someUuid = (random: SeededRandom): string => uuidText(random.bytes(16));

export const uint32 = (random: SeededRandom): number =>
  random.pick([0, 1, 127, 128, 0x7fffffff, 0x80000000, 0xffffffff, random.integer(2 ** 32)]);

const someBytes = (random: SeededRandom): Bytes =>
  plain(random.bytes(random.pick([0, 1, 16, 32, 100, 160, 1_000])));

export function nativeSignalMessage(random: SeededRandom, version = 4): SignalMessage {
  const [ratchet, sender, receiver] = [privateKey(random), privateKey(random), privateKey(random)];
  return SignalMessage._new(
    version,
    plain(random.bytes(32)),
    ratchet.getPublicKey(),
    uint32(random),
    uint32(random),
    someBytes(random),
    sender.getPublicKey(),
    receiver.getPublicKey(),
    random.chance(0.5) ? plain(random.bytes(40)) : new Uint8Array(),
  );
}

function preKeySignalMessage(random: SeededRandom): Uint8Array {
  return serializePreKeySignalMessage({
    preKeyId: random.chance(0.5) ? uint32(random) : undefined,
    baseKey: parsePublicKey(privateKey(random).getPublicKey().serialize()),
    identityKey: parsePublicKey(privateKey(random).getPublicKey().serialize()),
    messageBytes: nativeSignalMessage(random).serialize(),
    registrationId: uint32(random),
    signedPreKeyId: uint32(random),
    kem: { id: uint32(random), ciphertext: random.bytes(60) },
  });
}

export function nativeDistribution(random: SeededRandom): SenderKeyDistributionMessage {
  const signing = privateKey(random).getPublicKey();
  const [chainId, iteration] = [uint32(random), uint32(random)];
  return SenderKeyDistributionMessage._new(
    3,
    someUuid(random),
    chainId,
    iteration,
    plain(random.bytes(32)),
    signing,
  );
}

export function nativeSenderKeyMessage(random: SeededRandom, signing = privateKey(random)): SenderKeyMessage {
  return SenderKeyMessage._new(
    3,
    someUuid(random),
    uint32(random),
    uint32(random),
    someBytes(random),
    signing,
  );
}

/** Certificates by hand: with each way of naming the signer and the sender. */
function senderCertificate(random: SeededRandom): Uint8Array {
  const server = privateKey(random);
  const signer = ServerCertificate.new(uint32(random), server.getPublicKey(), privateKey(random));
  const uuid = someUuid(random);
  const content = concatBytes(
    ...(random.chance(0.3) ? [sizedField(1, Buffer.from('+14155550101'))] : []),
    varintField(2, 1 + random.integer(127)),
    concatBytes(Uint8Array.of(0x19), random.bytes(6), new Uint8Array(2)),
    sizedField(4, privateKey(random).getPublicKey().serialize()),
    random.chance(0.8) ? sizedField(5, signer.serialize()) : varintField(8, uint32(random)),
    random.chance(0.7) ? sizedField(6, Buffer.from(uuid)) : sizedField(7, random.bytes(16)),
  );
  return concatBytes(sizedField(1, content), sizedField(2, random.bytes(64)));
}

export function nativePlaintextContent(random: SeededRandom): PlaintextContent {
  const original = nativeSignalMessage(random).serialize();
  const [type, bytes] = random.chance(0.5) ? [2, original] : [7, nativeSenderKeyMessage(random).serialize()];
  const sentAt = random.pick([0, 1, 1_800_000_000_000, Number.MAX_SAFE_INTEGER]);
  return PlaintextContent.from(DecryptionErrorMessage.forOriginal(bytes, type, sentAt, uint32(random)));
}

function content(random: SeededRandom): Uint8Array {
  return UnidentifiedSenderMessageContent.new(
    random.chance(0.5)
      ? CiphertextMessage.from(nativePlaintextContent(random))
      : nativePlaintextContent(random).asCiphertextMessage(),
    SenderCertificate.deserialize(plain(senderCertificate(random))),
    uint32(random),
    random.chance(0.5) ? someBytes(random) : null,
  ).serialize();
}

/** libsignal’s JavaScript has no number for a time; this engine believes no certificate with one. */
export class TimeBeyond extends Error {}

function readCertificate(certificate: ParsedSenderCertificate): Reading {
  if (certificate.expires > BigInt(Number.MAX_SAFE_INTEGER)) throw new TimeBeyond();
  return {
    certificate: hex(certificate.certificate),
    signature: hex(certificate.signature),
    uuid: certificate.uuid,
    deviceId: certificate.deviceId,
    expires: Number(certificate.expires),
    identityKey: hex(certificate.identityKey),
  };
}

function readNativeCertificate(certificate: SenderCertificate): Reading {
  return {
    certificate: hex(certificate.certificate()),
    signature: hex(certificate.signature()),
    uuid: certificate.senderUuid(),
    deviceId: certificate.senderDeviceId(),
    expires: certificate.expiration(),
    identityKey: hex(certificate.key().serialize()),
  };
}

const typeOf = { prekey: 3, message: 2, 'sender-key': 7, plaintext: 8 } as const;

const signalMessage: Format = {
  name: 'SignalMessage',
  envelope: { before: 1, after: 8 },
  refusal: 'invalid-message',
  make: (random) => nativeSignalMessage(random, random.pick([3, 4])).serialize(),
  parse: parseSignalMessage,
  ours: (bytes) => {
    const { version, counter, ciphertext, pqRatchet } = parseSignalMessage(bytes);
    return { version, counter, ciphertext: hex(ciphertext), pqRatchet: hex(pqRatchet) };
  },
  theirs: (bytes) => {
    const message = SignalMessage.deserialize(bytes);
    return {
      version: message.messageVersion(),
      counter: message.counter(),
      ciphertext: hex(message.body()),
      pqRatchet: hex(message.pqRatchet()),
    };
  },
};

const preKeyMessage: Format = {
  name: 'PreKeySignalMessage',
  envelope: { before: 1, after: 0 },
  refusal: 'invalid-message',
  make: preKeySignalMessage,
  parse: parsePreKeySignalMessage,
  ours: (bytes) => {
    const { version, preKeyId, registrationId, signedPreKeyId } = parsePreKeySignalMessage(bytes);
    return { version, preKeyId: preKeyId ?? null, registrationId, signedPreKeyId };
  },
  theirs: (bytes) => {
    const message = PreKeySignalMessage.deserialize(bytes);
    return {
      version: message.version(),
      preKeyId: message.preKeyId(),
      registrationId: message.registrationId(),
      signedPreKeyId: message.signedPreKeyId(),
    };
  },
};

const distribution: Format = {
  name: 'SenderKeyDistributionMessage',
  envelope: { before: 1, after: 0 },
  refusal: 'invalid-message',
  make: (random) => nativeDistribution(random).serialize(),
  parse: parseSenderKeyDistributionMessage,
  ours: (bytes) => {
    const { distributionId, chainId, iteration, chainKey } = parseSenderKeyDistributionMessage(bytes);
    return { distributionId: uuidText(distributionId), chainId, iteration, chainKey: hex(chainKey) };
  },
  theirs: (bytes) => {
    const message = SenderKeyDistributionMessage.deserialize(bytes);
    return {
      distributionId: message.distributionId(),
      chainId: message.chainId(),
      iteration: message.iteration(),
      chainKey: hex(message.chainKey()),
    };
  },
};

const groupMessage: Format = {
  name: 'SenderKeyMessage',
  envelope: { before: 1, after: 64 },
  refusal: 'invalid-message',
  make: (random) => nativeSenderKeyMessage(random).serialize(),
  parse: parseSenderKeyMessage,
  ours: (bytes) => {
    const { distributionId, chainId, iteration, ciphertext } = parseSenderKeyMessage(bytes);
    return { distributionId: uuidText(distributionId), chainId, iteration, ciphertext: hex(ciphertext) };
  },
  theirs: (bytes) => {
    const message = SenderKeyMessage.deserialize(bytes);
    return {
      distributionId: message.distributionId(),
      chainId: message.chainId(),
      iteration: message.iteration(),
      ciphertext: hex(message.ciphertext()),
    };
  },
};

const decryptionError: Format = {
  name: 'PlaintextContent with a DecryptionErrorMessage',
  envelope: { before: 1, after: 1 },
  refusal: 'invalid-message',
  make: (random) => nativePlaintextContent(random).serialize(),
  parse: parseDecryptionError,
  ours: (bytes) => {
    const { ratchetKey, sentAt, deviceId } = parseDecryptionError(bytes);
    return { ratchetKey: ratchetKey ? hex(ratchetKey) : null, sentAt, deviceId };
  },
  theirs: (bytes) => {
    const body = PlaintextContent.deserialize(bytes).body();
    const message = DecryptionErrorMessage.extractFromSerializedBody(body);
    const key = message.ratchetKey();
    return {
      ratchetKey: key ? hex(key.serialize()) : null,
      sentAt: message.timestamp(),
      deviceId: message.deviceId(),
    };
  },
};

const serverCertificateFormat: Format = {
  name: 'ServerCertificate',
  envelope: { before: 0, after: 0 },
  refusal: 'invalid-certificate',
  make: (random) => {
    const [server, root] = [privateKey(random), privateKey(random)];
    return ServerCertificate.new(uint32(random), server.getPublicKey(), root).serialize();
  },
  parse: parseServerCertificate,
  ours: (bytes) => {
    const { id, key, certificate, signature } = parseServerCertificate(bytes);
    return { id, key: hex(key), certificate: hex(certificate), signature: hex(signature) };
  },
  theirs: (bytes) => {
    const certificate = ServerCertificate.deserialize(bytes);
    return {
      id: certificate.keyId(),
      key: hex(certificate.key().serialize()),
      certificate: hex(certificate.certificateData()),
      signature: hex(certificate.signature()),
    };
  },
};

const senderCertificateFormat: Format = {
  name: 'SenderCertificate',
  envelope: { before: 0, after: 0 },
  refusal: 'invalid-certificate',
  make: senderCertificate,
  parse: parseSenderCertificate,
  ours: (bytes) => readCertificate(parseSenderCertificate(bytes)),
  theirs: (bytes) => readNativeCertificate(SenderCertificate.deserialize(bytes)),
};

const contentFormat: Format = {
  name: 'UnidentifiedSenderMessageContent',
  envelope: { before: 0, after: 0 },
  refusal: 'invalid-message',
  make: content,
  parse: parseContent,
  ours: (bytes) => {
    const { certificate, content: inside } = parseContent(bytes);
    return {
      ...readCertificate(certificate),
      type: typeOf[inside.kind],
      message: hex(inside.message),
      contentHint: inside.contentHint,
      groupId: inside.groupId ? hex(inside.groupId) : null,
    };
  },
  theirs: (bytes) => {
    const message = UnidentifiedSenderMessageContent.deserialize(bytes);
    const groupId = message.groupId();
    return {
      ...readNativeCertificate(message.senderCertificate()),
      type: message.msgType(),
      message: hex(message.contents()),
      contentHint: message.contentHint(),
      groupId: groupId ? hex(groupId) : null,
    };
  },
};

/** All of them. */
export const formats: readonly Format[] = [
  signalMessage,
  preKeyMessage,
  distribution,
  groupMessage,
  decryptionError,
  serverCertificateFormat,
  senderCertificateFormat,
  contentFormat,
];
