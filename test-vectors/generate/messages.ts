/** Vectors of reading messages: libsignal says what is in them, or that nothing is. */
import {
  DecryptionErrorMessage,
  PlaintextContent,
  PreKeySignalMessage,
  SenderCertificate,
  SenderKeyDistributionMessage,
  SenderKeyMessage,
  ServerCertificate,
  SignalMessage,
  UnidentifiedSenderMessageContent,
} from '@signalapp/libsignal-client';
import { keyFrom, publicBytes, sign, verdict } from './keys.js';
import { bytesOf, fixed64, groups, number, sized, varint } from './protobuf.js';
import { counting, hex, type VectorFile, type VectorTest } from './vector-file.js';

type Bytes = Uint8Array<ArrayBuffer>;
type Reading = Readonly<Record<string, string | number>>;

/** How libsignal says what a message holds; an absent value is left out. */
const readers: Readonly<Record<string, (bytes: Bytes) => Reading>> = {
  'signal-message': (bytes) => {
    const message = SignalMessage.deserialize(bytes);
    const [ciphertext, pqRatchet] = [hex(message.body()), hex(message.pqRatchet())];
    return { version: message.messageVersion(), counter: message.counter(), ciphertext, pqRatchet };
  },
  'pre-key-signal-message': (bytes) => {
    const message = PreKeySignalMessage.deserialize(bytes);
    const preKeyId = message.preKeyId();
    return {
      version: message.version(),
      ...(preKeyId === null ? {} : { preKeyId }),
      registrationId: message.registrationId(),
      signedPreKeyId: message.signedPreKeyId(),
    };
  },
  'sender-key-distribution-message': (bytes) => {
    const message = SenderKeyDistributionMessage.deserialize(bytes);
    const [chainId, iteration] = [message.chainId(), message.iteration()];
    return {
      distributionId: message.distributionId(),
      chainId,
      iteration,
      chainKey: hex(message.chainKey()),
    };
  },
  'sender-key-message': (bytes) => {
    const message = SenderKeyMessage.deserialize(bytes);
    const [chainId, iteration] = [message.chainId(), message.iteration()];
    const ciphertext = hex(message.ciphertext());
    return { distributionId: message.distributionId(), chainId, iteration, ciphertext };
  },
  'plaintext-content': (bytes) => {
    const body = PlaintextContent.deserialize(bytes).body();
    const message = DecryptionErrorMessage.extractFromSerializedBody(body);
    const key = message.ratchetKey();
    return {
      ...(key ? { ratchetKey: hex(key.serialize()) } : {}),
      sentAt: message.timestamp(),
      deviceId: message.deviceId(),
    };
  },
  'server-certificate': (bytes) => {
    const certificate = ServerCertificate.deserialize(bytes);
    return { id: certificate.keyId(), key: hex(certificate.key().serialize()) };
  },
  'sender-certificate': (bytes) => readCertificate(SenderCertificate.deserialize(bytes)),
  'sealed-content': (bytes) => {
    const content = UnidentifiedSenderMessageContent.deserialize(bytes);
    const groupId = content.groupId();
    return {
      ...readCertificate(content.senderCertificate()),
      type: content.msgType(),
      message: hex(content.contents()),
      contentHint: content.contentHint(),
      ...(groupId ? { groupId: hex(groupId) } : {}),
    };
  },
};

function readCertificate(certificate: SenderCertificate): Reading {
  return {
    uuid: certificate.senderUuid(),
    deviceId: certificate.senderDeviceId(),
    expiresAt: certificate.expiration(),
    identityKey: hex(certificate.key().serialize()),
  };
}

function read(format: string, bytes: Bytes): Reading | string {
  try {
    return (readers[format] as (bytes: Bytes) => Reading)(bytes);
  } catch {
    return format.endsWith('-certificate') ? 'invalid-certificate' : 'invalid-message';
  }
}

/** Named bytes of one format. */
type Cases = readonly (readonly [id: string, bytes: Uint8Array])[];

function testsOf(format: string, cases: Cases): VectorTest[] {
  return cases.map(([id, bytes]) => {
    const input = { format, bytes: hex(bytes) };
    const test = { id: `${format}-${id}`, flags: [format], source: 'libsignal 0.103.0', input };
    return verdict(test, read(format, Uint8Array.from(bytes)));
  });
}

const ratchetKey = publicBytes(keyFrom(1));
const fields = [
  sized(1, ratchetKey),
  number(2, 5),
  number(3, 4),
  sized(4, counting(16)),
  sized(5, counting(9)),
];
const mac = counting(8, 200);
const message = (...parts: readonly (number | Uint8Array)[]) => bytesOf(0x44, ...parts, mac);
const whole = message(...fields);
const [, , , ciphertext] = fields as [Bytes, Bytes, Bytes, Bytes, Bytes];

/** The strictness of protobuf is shown on this one for all. */
const signalMessages: Cases = [
  ['plain', whole],
  ['without-pq-ratchet', message(...fields.slice(0, 4))],
  ['without-previous-counter', message(...fields.slice(0, 2), ...fields.slice(3))],
  ['without-ratchet-key', message(...fields.slice(1))],
  ['without-counter', message(fields[0] as Bytes, ...fields.slice(2))],
  ['without-ciphertext', message(...fields.slice(0, 3))],
  ['empty-ciphertext', message(...fields.slice(0, 3), sized(4, new Uint8Array()))],
  ['empty-pq-ratchet', message(...fields.slice(0, 4), sized(5, new Uint8Array()))],
  ['any-order', message(...[...fields].reverse())],
  ['last-wins', message(...fields, number(2, 6), sized(4, counting(3)))],
  ['with-addresses', message(...fields, sized(6, counting(36)))],
  ['empty-ratchet-key', message(sized(1, new Uint8Array()), ...fields.slice(1))],
  ['short-ratchet-key', message(sized(1, ratchetKey.subarray(0, 32)), ...fields.slice(1))],
  ['ratchet-key-of-another-type', message(sized(1, ratchetKey.with(0, 6)), ...fields.slice(1))],
  ['bytes-after-the-ratchet-key', message(sized(1, bytesOf(ratchetKey, 1, 2)), ...fields.slice(1))],
  ['counter-beyond-32-bits', message(fields[0] as Bytes, number(2, 2n ** 32n + 7n), ciphertext)],
  ['counter-of-64-bits', message(fields[0] as Bytes, number(2, 2n ** 64n - 1n), ciphertext)],
  ['unknown-fields', message(...fields, number(15, 1), sized(300, counting(4)), fixed64(16, 1n))],
  ['group', message(...fields, 0x7b, number(2, 9), 0x7c)],
  ['group-not-ended', message(...fields, 0x7b, number(2, 9))],
  ['group-ended-by-another', message(...fields, 0x7b, 0x84, 0x01)],
  ['group-only-ended', message(...fields, 0x7c)],
  ['groups-100-deep', message(...fields, groups(100))],
  ['groups-101-deep', message(...fields, groups(101))],
  ['wrong-wire-type', message(...fields, sized(2, counting(1)))],
  ['wire-type-6', message(...fields, 0x7e)],
  ['field-number-0', message(...fields, 0x00, 0x00)],
  ['tag-beyond-32-bits', message(...fields, varint(2n ** 32n + 8n), 0x01)],
  ['varint-of-11-bytes', message(...fields, 0x78, new Uint8Array(10).fill(0x80), 0x00)],
  ['varint-beyond-64-bits', message(...fields, 0x78, new Uint8Array(9).fill(0xff), 0x02)],
  ['long-spelling', message(...fields, 0x10, 0x86, 0x80, 0x80, 0x00)],
  ['length-beyond-the-end', message(...fields, 0x7a, 0x20, 0x01)],
  ['empty', new Uint8Array()],
  ['mac-alone', mac],
  ['version-byte-and-mac', message()],
  ['version-2', whole.with(0, 0x24)],
  ['version-3', whole.with(0, 0x34)],
  ['version-5', whole.with(0, 0x55)],
  ['lower-half-0', whole.with(0, 0x40)],
];

const preKeyFields = {
  preKeyId: number(1, 11),
  baseKey: sized(2, publicBytes(keyFrom(2))),
  identityKey: sized(3, publicBytes(keyFrom(3))),
  message: sized(4, whole),
  registrationId: number(5, 12),
  signedPreKeyId: number(6, 13),
  kemId: number(7, 14),
  kemCiphertext: sized(8, bytesOf(8, counting(40))),
};

/** A message with some of its fields exchanged, or left out by an empty one. */
function preKeyMessage(
  changes: Partial<Record<keyof typeof preKeyFields, Uint8Array>>,
  version = 0x44,
): Bytes {
  return bytesOf(version, ...Object.values({ ...preKeyFields, ...changes }));
}

const none = new Uint8Array();

const preKeySignalMessages: Cases = [
  ['plain', preKeyMessage({})],
  ['without-one-time-pre-key', preKeyMessage({ preKeyId: none })],
  ['without-registration-id', preKeyMessage({ registrationId: none })],
  ['without-base-key', preKeyMessage({ baseKey: none })],
  ['without-identity-key', preKeyMessage({ identityKey: none })],
  ['without-message', preKeyMessage({ message: none })],
  ['without-signed-pre-key-id', preKeyMessage({ signedPreKeyId: none })],
  ['without-kem-id', preKeyMessage({ kemId: none })],
  ['without-kem-ciphertext', preKeyMessage({ kemCiphertext: none })],
  ['without-kem', preKeyMessage({ kemId: none, kemCiphertext: none })],
  ['version-3-without-kem', preKeyMessage({ kemId: none, kemCiphertext: none }, 0x33)],
  ['version-3', preKeyMessage({}, 0x33)],
  ['version-5', preKeyMessage({}, 0x55)],
  ['message-of-version-3', preKeyMessage({ message: sized(4, whole.with(0, 0x34)) })],
  ['message-that-is-none', preKeyMessage({ message: sized(4, counting(20)) })],
  ['empty', new Uint8Array()],
];

const uuid = counting(16, 0xa0);
const distribution = [
  sized(1, uuid),
  number(2, 21),
  number(3, 22),
  sized(4, counting(32)),
  sized(5, publicBytes(keyFrom(4))),
];

const distributions: Cases = [
  ['plain', bytesOf(0x33, ...distribution)],
  ['zeros', bytesOf(0x33, ...distribution, number(2, 0), number(3, 0))],
  ...[0, 1, 2, 3, 4].map((left) => {
    return [
      `without-field-${left + 1}`,
      bytesOf(0x33, ...distribution.filter((_, index) => index !== left)),
    ] as const;
  }),
  ['short-distribution-id', bytesOf(0x33, ...distribution, sized(1, counting(15)))],
  ['long-chain-key', bytesOf(0x33, ...distribution, sized(4, counting(33)))],
  [
    'bytes-after-the-signing-key',
    bytesOf(0x33, ...distribution, sized(5, bytesOf(publicBytes(keyFrom(4)), 0))),
  ],
  [
    'signing-key-of-another-type',
    bytesOf(0x33, ...distribution, sized(5, publicBytes(keyFrom(4)).with(0, 0))),
  ],
  ['version-2', bytesOf(0x23, ...distribution)],
  ['version-4', bytesOf(0x44, ...distribution)],
  ['lower-half-0', bytesOf(0x30, ...distribution)],
];

const signature = counting(64, 77);
const groupMessage = (...parts: readonly Uint8Array[]) => bytesOf(0x33, ...parts, signature);
const groupFields = [...distribution.slice(0, 3), sized(4, counting(16))];

const groupMessages: Cases = [
  ['plain', groupMessage(...groupFields)],
  ['empty-ciphertext', groupMessage(...groupFields.slice(0, 3), sized(4, none))],
  ...[0, 1, 2, 3].map((left) => {
    return [
      `without-field-${left + 1}`,
      groupMessage(...groupFields.filter((_, index) => index !== left)),
    ] as const;
  }),
  ['long-distribution-id', groupMessage(...groupFields, sized(1, counting(17)))],
  ['signature-alone', signature],
  ['version-4', groupMessage(...groupFields).with(0, 0x43)],
];

const lost = [sized(1, ratchetKey), number(2, 1_800_000_000_000), number(3, 2)];
const plaintext = (...parts: readonly Uint8Array[]) => bytesOf(0xc0, ...parts, 0x80);

const plaintextContents: Cases = [
  ['plain', plaintext(sized(8, bytesOf(...lost)))],
  ['without-ratchet-key', plaintext(sized(8, bytesOf(...lost.slice(1))))],
  ['without-device', plaintext(sized(8, bytesOf(...lost.slice(0, 2))))],
  ['without-time', plaintext(sized(8, bytesOf(lost[0] as Bytes, lost[2] as Bytes)))],
  ['greatest-time', plaintext(sized(8, number(2, 2n ** 53n - 1n)))],
  ['time-beyond', plaintext(sized(8, number(2, 2n ** 53n)))],
  ['other-content-beside', plaintext(sized(1, counting(5)), sized(8, bytesOf(...lost)))],
  ['a-number-where-content-is', plaintext(number(3, 5), sized(8, bytesOf(...lost)))],
  ['other-content-alone', plaintext(sized(1, counting(5)))],
  ['more-padding', bytesOf(plaintext(sized(8, bytesOf(...lost))), 0)],
  ['without-padding', plaintext(sized(8, bytesOf(...lost))).slice(0, -1)],
  ['first-mark-alone', bytesOf(0xc0)],
  ['another-first-byte', plaintext(sized(8, bytesOf(...lost))).with(0, 0x44)],
  ['empty', none],
];

const [root, server] = [keyFrom(5), keyFrom(6)];

function signed(key: typeof root, ...parts: readonly Uint8Array[]): Bytes {
  const content = bytesOf(...parts);
  return bytesOf(sized(1, content), sized(2, sign(key, content)));
}

const serverKey = sized(2, publicBytes(server));
const serverCertificate = signed(root, number(1, 3), serverKey);

const serverCertificates: Cases = [
  ['plain', serverCertificate],
  ['without-id', signed(root, serverKey)],
  ['without-key', signed(root, number(1, 3))],
  ['without-signature', sized(1, bytesOf(number(1, 3), serverKey))],
  ['short-signature', bytesOf(sized(1, bytesOf(number(1, 3), serverKey)), sized(2, counting(63)))],
  ['empty', none],
];

const sender = {
  deviceId: number(2, 7),
  expires: fixed64(3, 1_800_000_000_000n),
  identityKey: sized(4, publicBytes(keyFrom(7))),
  signer: sized(5, serverCertificate),
  uuid: sized(6, new TextEncoder().encode('9d0652a3-dcc3-4d11-975f-74d61598733f')),
};

function certificate(changes: Partial<Record<keyof typeof sender, Uint8Array>>): Bytes {
  return signed(server, ...Object.values({ ...sender, ...changes }));
}

const senderCertificates: Cases = [
  ['plain', certificate({})],
  [
    'with-phone-number',
    certificate({ deviceId: bytesOf(sized(1, new TextEncoder().encode('+14155550101')), sender.deviceId) }),
  ],
  ['uuid-as-bytes', certificate({ uuid: sized(7, uuid) })],
  ['uuid-as-15-bytes', certificate({ uuid: sized(7, uuid.subarray(1)) })],
  ['last-uuid-wins', certificate({ uuid: bytesOf(sender.uuid, sized(7, uuid)) })],
  ['uuid-that-is-none', certificate({ uuid: sized(6, new TextEncoder().encode('hello')) })],
  ['uuid-that-is-not-text', certificate({ uuid: sized(6, bytesOf(0xff)) })],
  ['signer-as-number', certificate({ signer: number(8, 2) })],
  ['signer-that-is-none', certificate({ signer: sized(5, counting(3)) })],
  ['device-0', certificate({ deviceId: number(2, 0) })],
  ['device-128', certificate({ deviceId: number(2, 128) })],
  ['without-device', certificate({ deviceId: none })],
  ['without-end', certificate({ expires: none })],
  ['end-as-varint', certificate({ expires: number(3, 5) })],
  ['without-key', certificate({ identityKey: none })],
  ['without-signer', certificate({ signer: none })],
  ['without-uuid', certificate({ uuid: none })],
  ['empty', none],
];

const inside = [number(1, 2), sized(2, certificate({})), sized(3, counting(5))];

const sealedContents: Cases = [
  ['plain', bytesOf(...inside)],
  ...[1, 7, 8].map((type) => [`type-${type}`, bytesOf(...inside, number(1, type))] as const),
  ['type-3', bytesOf(...inside, number(1, 3))],
  ['type-0', bytesOf(...inside, number(1, 0))],
  ['without-type', bytesOf(...inside.slice(1))],
  ['without-certificate', bytesOf(inside[0] as Bytes, inside[2] as Bytes)],
  ['without-content', bytesOf(...inside.slice(0, 2))],
  ['empty-content', bytesOf(...inside, sized(3, none))],
  ['certificate-that-is-none', bytesOf(...inside, sized(2, counting(3)))],
  ['hint-resendable', bytesOf(...inside, number(4, 1))],
  ['hint-unknown', bytesOf(...inside, number(4, 77))],
  ['hint-negative', bytesOf(...inside, number(4, 2n ** 64n - 1n))],
  ['group', bytesOf(...inside, sized(5, counting(32)))],
  ['empty-group', bytesOf(...inside, sized(5, none))],
];

/** `messages.json`. */
export function messageVectors(): VectorFile {
  return {
    operation: 'read-message',
    schemaVersion: 1,
    about:
      'Reading the messages of the Signal protocol: what is in them, and which bytes are none. MACs and signatures are not checked.',
    hex: [
      'bytes',
      'ciphertext',
      'pqRatchet',
      'chainKey',
      'ratchetKey',
      'key',
      'identityKey',
      'message',
      'groupId',
    ],
    tests: [
      ...testsOf('signal-message', signalMessages),
      ...testsOf('pre-key-signal-message', preKeySignalMessages),
      ...testsOf('sender-key-distribution-message', distributions),
      ...testsOf('sender-key-message', groupMessages),
      ...testsOf('plaintext-content', plaintextContents),
      ...testsOf('server-certificate', serverCertificates),
      ...testsOf('sender-certificate', senderCertificates),
      ...testsOf('sealed-content', sealedContents),
    ],
  };
}
