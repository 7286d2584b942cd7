/** Vectors of decryption errors, by libsignal. */
import {
  DecryptionErrorMessage,
  PlaintextContent,
  SenderKeyMessage,
  SignalMessage,
} from '@signalapp/libsignal-client';
import { keyFrom, verdict } from './keys.js';
import { bytesOf } from './protobuf.js';
import { counting, hex, type VectorFile, type VectorTest } from './vector-file.js';

const types = { prekey: 3, message: 2, 'sender-key': 7, plaintext: 8 } as const;

const [ours, theirs, ratchet] = [keyFrom(1), keyFrom(2), keyFrom(3)].map((key) => key.getPublicKey());
if (!ours || !theirs || !ratchet) throw new Error('three keys were asked for');
const message = SignalMessage._new(
  4,
  counting(32),
  ratchet,
  5,
  4,
  counting(16),
  ours,
  theirs,
  counting(9),
).serialize();
const unsigned = SenderKeyMessage._new(
  3,
  'a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf',
  1,
  2,
  counting(16),
  keyFrom(4),
).serialize();
/** The signature is random, and nobody looks at it. */
const groupMessage = bytesOf(unsigned.subarray(0, -64), counting(64));

interface Lost {
  readonly id: string;
  readonly kind: keyof typeof types;
  readonly message: Uint8Array<ArrayBuffer>;
  readonly sentAt: number;
  readonly deviceId: number;
}

const lost: readonly Lost[] = [
  { id: 'message', kind: 'message', message, sentAt: 1_800_000_000_000, deviceId: 1 },
  { id: 'zeros', kind: 'message', message, sentAt: 0, deviceId: 0 },
  { id: 'greatest-time', kind: 'message', message, sentAt: Number.MAX_SAFE_INTEGER, deviceId: 127 },
  { id: 'group-message', kind: 'sender-key', message: groupMessage, sentAt: 1_800_000_000_000, deviceId: 2 },
  { id: 'group-message-that-is-none', kind: 'sender-key', message: counting(3), sentAt: 1, deviceId: 2 },
  { id: 'message-that-is-none', kind: 'message', message: counting(30), sentAt: 1, deviceId: 1 },
  { id: 'message-of-another-kind', kind: 'prekey', message, sentAt: 1, deviceId: 1 },
  { id: 'plaintext', kind: 'plaintext', message, sentAt: 1, deviceId: 1 },
];

function test({ id, ...input }: Lost): VectorTest {
  const asked = {
    id,
    flags: [input.kind],
    source: 'libsignal 0.103.0',
    input: { ...input, message: hex(input.message) },
  };
  return verdict(asked, describe(input));
}

function describe({
  kind,
  message: bytes,
  sentAt,
  deviceId,
}: Omit<Lost, 'id'>): Record<string, string> | string {
  try {
    const error = DecryptionErrorMessage.forOriginal(bytes, types[kind], sentAt, deviceId);
    return { plaintextContent: hex(PlaintextContent.from(error).serialize()) };
  } catch {
    return 'invalid-message';
  }
}

/** `decryption-errors.json`. */
export function decryptionErrorVectors(): VectorFile {
  return {
    operation: 'describe-lost-message',
    schemaVersion: 1,
    about: 'PlaintextContent with a DecryptionErrorMessage about a message that could not be decrypted.',
    hex: ['message', 'plaintextContent'],
    tests: lost.map(test),
  };
}
