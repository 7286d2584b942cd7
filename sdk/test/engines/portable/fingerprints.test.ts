import { Fingerprint, LibSignalErrorBase, ScannableFingerprint } from '@signalapp/libsignal-client';
import { describe, expect, it } from 'vitest';
import { compareScannable, fingerprint } from '../../../src/engines/portable/fingerprints.js';
import { isSottoError } from '../../../src/errors.js';
import { seededRandom } from '../../../src/testing/index.js';
import { plain, privateKey } from './messages/formats.js';
import { mutated, sizedField, varintField } from './messages/mutate.js';
import { concatBytes } from '../../../src/bytes.js';
import { readVectors } from '../../vectors/vector-files.js';

const slow = process.env['SLOW'] === '1';
const seed = process.env['SOTTO_SEED'] ?? (slow ? String(Date.now()) : '1');

function parties(label: string) {
  const random = seededRandom(`${seed} ${label}`);
  const [ours, theirs] = [privateKey(random).getPublicKey(), privateKey(random).getPublicKey()];
  const [ourId, theirId] = [plain(random.bytes(16)), plain(random.bytes(16))];
  const [ourIdentityKey, theirIdentityKey] = [ours.serialize(), theirs.serialize()];
  return {
    input: { ourId, ourIdentityKey, theirId, theirIdentityKey },
    mirrored: {
      ourId: theirId,
      ourIdentityKey: theirIdentityKey,
      theirId: ourId,
      theirIdentityKey: ourIdentityKey,
    },
    native: Fingerprint.new(5200, 2, ourId, ours, theirId, theirs),
  };
}

function ours(mine: Uint8Array, scanned: Uint8Array): string {
  try {
    compareScannable(mine, scanned);
    return 'equal';
  } catch (error) {
    if (isSottoError(error)) return error.code;
    throw error;
  }
}

function native(mine: Uint8Array, scanned: Uint8Array): string {
  const [left, right] = [mine, scanned].map((bytes) => ScannableFingerprint._fromBuffer(plain(bytes)));
  try {
    return left!.compare(right!) ? 'equal' : 'safety-number-mismatch';
  } catch (error) {
    if (error instanceof LibSignalErrorBase) return 'invalid-message';
    throw error;
  }
}

describe(`safety numbers (seed ${seed})`, () => {
  it.each(Array.from({ length: slow ? 100 : 5 }, (_, run) => run))('are those of libsignal (%i)', (run) => {
    const { input, mirrored, native: expected } = parties(`pair ${run}`);
    const made = fingerprint(input);
    expect(made.displayable).toBe(expected.displayableFingerprint().toString());
    expect(Buffer.from(made.scannable).equals(expected.scannableFingerprint().toBuffer())).toBe(true);
    expect(fingerprint(mirrored).displayable).toBe(made.displayable);
    expect(ours(made.scannable, fingerprint(mirrored).scannable)).toBe('equal');
    expect(ours(made.scannable, made.scannable)).toBe('safety-number-mismatch');
  });

  it.each(readVectors('fingerprint.json').tests)('vector $id', ({ input, output }) => {
    expect(fingerprint(input as unknown as Parameters<typeof fingerprint>[0])).toEqual(output);
  });

  it('take keys of 33 bytes, and nothing else', () => {
    const { input } = parties('keys');
    const longer = concatBytes(input.ourIdentityKey, Uint8Array.of(1));
    for (const bad of [longer, input.ourIdentityKey.subarray(1), new Uint8Array(33), new Uint8Array()]) {
      for (const name of ['ourIdentityKey', 'theirIdentityKey']) {
        expect(() => fingerprint({ ...input, [name]: bad })).toThrow(
          expect.objectContaining({ code: 'invalid-key' }),
        );
      }
    }
  });

  it('compare as libsignal compares them, however mutated', () => {
    const random = seededRandom(`${seed} compare`);
    const { input, mirrored } = parties('compare');
    const [mine, scanned] = [fingerprint(input).scannable, fingerprint(mirrored).scannable];
    const outcomes = new Map<string, number>();
    for (let run = 0; run < (slow ? 200_000 : 3_000); run += 1) {
      const bytes = mutated(random, scanned, { before: 0, after: 0 });
      if (bytes.length > 256) continue;
      const expected = native(mine, bytes);
      expect(ours(mine, bytes), Buffer.from(bytes).toString('hex')).toBe(expected);
      outcomes.set(expected, (outcomes.get(expected) ?? 0) + 1);
    }
    expect([...outcomes.keys()].sort()).toEqual(['equal', 'invalid-message', 'safety-number-mismatch']);
  });

  it('refuse another version, a missing one, missing parts and too much', () => {
    const { input, mirrored } = parties('refuse');
    const [mine, scanned] = [fingerprint(input).scannable, fingerprint(mirrored).scannable];
    const parts = scanned.subarray(2);
    expect(ours(mine, concatBytes(varintField(1, 2), parts))).toBe('equal');
    for (const bytes of [
      concatBytes(varintField(1, 3), parts),
      parts,
      new Uint8Array(),
      varintField(1, 2),
      concatBytes(varintField(1, 2), sizedField(2, new Uint8Array()), sizedField(3, new Uint8Array())),
      concatBytes(scanned, sizedField(9, new Uint8Array(256))),
    ]) {
      expect(ours(mine, bytes)).toBe('invalid-message');
    }
  });
});
