/** Vectors of safety numbers, by libsignal. */
import { Fingerprint, PrivateKey } from '@signalapp/libsignal-client';
import { counting, hex, type VectorFile, type VectorTest } from './vector-file.js';

function pair(index: number): VectorTest {
  const [ourId, theirId] = [counting(16, index), counting(16, 200 + index)];
  const [ours, theirs] = [index * 3, index * 3 + 1].map((start) =>
    PrivateKey.deserialize(counting(32, start)).getPublicKey(),
  );
  if (!ours || !theirs) throw new Error('two keys were asked for');
  const native = Fingerprint.new(5200, 2, ourId, ours, theirId, theirs);
  return {
    id: `pair-${index}`,
    flags: ['version-2'],
    source: 'libsignal 0.103.0',
    input: {
      ourId: hex(ourId),
      ourIdentityKey: hex(ours.serialize()),
      theirId: hex(theirId),
      theirIdentityKey: hex(theirs.serialize()),
    },
    result: 'valid',
    output: {
      displayable: native.displayableFingerprint().toString(),
      scannable: hex(native.scannableFingerprint().toBuffer()),
    },
  };
}

/** `fingerprint.json`. */
export function fingerprintVectors(): VectorFile {
  return {
    operation: 'fingerprint',
    schemaVersion: 1,
    about: 'Safety numbers, version 2 with 5,200 iterations. Ids are the 16 bytes of account UUIDs.',
    hex: ['ourId', 'ourIdentityKey', 'theirId', 'theirIdentityKey', 'scannable'],
    tests: [0, 1, 2].map(pair),
  };
}
