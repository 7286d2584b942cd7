/** Safety numbers (spec: fingerprint), version 2. Knows no contact and no trust state. */
import { concatBytes, equalBytes } from '../../bytes.js';
import { SottoError } from '../../errors.js';
import type { Fingerprint, FingerprintInput } from '../../ports/index.js';
import { sha512 } from './primitives/hash.js';
import { parseExactPublicKey } from './primitives/keys.js';
import { decode } from './protobuf/decode.js';
import { encode } from './protobuf/encode.js';
import { messageSchema, type Message } from './protobuf/schema.js';

const version = 2;

/** Makes a search for keys with like numbers dear: a rule of version 2. */
const iterations = 5200;

const hashLength = 64;
const groupCount = 6;
const bytesPerGroup = 5;
const digitsPerGroup = 5;

/** How much of a hash the scannable form shows. */
const scannableHashLength = 32;

/** A scannable fingerprint has 74 bytes; more than this is something else, and is not parsed. */
const maxScannableLength = 256;

const partSchema = messageSchema({ content: { field: 1, type: 'bytes' } });

const scannableSchema = messageSchema({
  version: { field: 1, type: 'uint32' },
  local: { field: 2, type: 'message', schema: partSchema },
  remote: { field: 3, type: 'message', schema: partSchema },
});

/**
 * See `ProtocolEngine.fingerprint`.
 * @throws SottoError `invalid-key`
 */
export function fingerprint(input: FingerprintInput): Fingerprint {
  const ours = iteratedHash(input.ourId, parseExactPublicKey(input.ourIdentityKey));
  const theirs = iteratedHash(input.theirId, parseExactPublicKey(input.theirIdentityKey));
  return {
    displayable: [digitsOf(ours), digitsOf(theirs)].sort().join(''),
    scannable: encode(scannableSchema, { version, local: partOf(ours), remote: partOf(theirs) }),
  };
}

function iteratedHash(id: Uint8Array, key: Uint8Array): Uint8Array {
  let hash = sha512(concatBytes(new Uint8Array(2), key, id, key));
  const input = new Uint8Array(hashLength + key.length);
  input.set(key, hashLength);
  for (let iteration = 1; iteration < iterations; iteration += 1) {
    input.set(hash);
    hash = sha512(input);
  }
  return hash;
}

/** 30 decimal digits, a group for each 5 bytes. */
function digitsOf(hash: Uint8Array): string {
  let digits = '';
  for (let group = 0; group < groupCount; group += 1) {
    const bytes = hash.subarray(group * bytesPerGroup, (group + 1) * bytesPerGroup);
    // 40 bits: exact in a double.
    const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    digits += String(value % 10 ** digitsPerGroup).padStart(digitsPerGroup, '0');
  }
  return digits;
}

function partOf(hash: Uint8Array) {
  return { content: hash.subarray(0, scannableHashLength) };
}

/** See `ProtocolEngine.compareScannable`. */
export function compareScannable(ours: Uint8Array, scanned: Uint8Array): void {
  const [mine, theirs] = [readScannable(ours), readScannable(scanned)];
  if (mine.version !== theirs.version) throw new SottoError('invalid-message');
  const same = equalBytes(theirs.local, mine.remote);
  const sameReversed = equalBytes(theirs.remote, mine.local);
  if (!same || !sameReversed) throw new SottoError('safety-number-mismatch');
}

function readScannable(bytes: Uint8Array) {
  if (bytes.length > maxScannableLength) throw new SottoError('invalid-message');
  const parts = decode(scannableSchema, bytes);
  return { version: parts.version ?? 0, local: contentOf(parts.local), remote: contentOf(parts.remote) };
}

function contentOf(part: Message<typeof partSchema.fields> | undefined): Uint8Array {
  if (!part?.content) throw new SottoError('invalid-message');
  return part.content;
}
