/**
 * Archives changed at random: every one is read whole, as it was, or refused with a code of the format. 20,000 of
 * them, a million under SLOW=1. The seed is in every failure.
 */
import { expect, it } from 'vitest';
import { readArchive } from '../../src/backup/archive-reader.js';
import { ContentReader } from '../../src/backup/content-reader.js';
import { encodeSection } from '../../src/backup/section-codec.js';
import { concatBytes } from '../../src/bytes.js';
import { isSottoError } from '../../src/errors.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import {
  archiveOf,
  cheapDerivation,
  chunksOf,
  sampleSecret,
  sampleSections,
  streamOf,
} from './sample-archive.js';

const runs = process.env['SLOW'] ? 1_000_000 : 20_000;
const seed = process.env['SEED'] ?? 'archives';
const random = seededRandom(seed);

const contentCode = 'backup-content-invalid';
const codes = new Set<string>([
  'backup-invalid',
  'backup-version',
  'backup-parameters',
  'backup-wrong-secret',
  'backup-truncated',
  'backup-damaged',
  contentCode,
]);

function below(end: number): number {
  return new DataView(random.bytes(4).buffer).getUint32(0) % end;
}

type Change = (bytes: Uint8Array) => Uint8Array;

const changes: readonly Change[] = [
  (bytes) => patched(bytes, below(bytes.length), (byte) => byte ^ (1 << below(8))),
  (bytes) => patched(bytes, below(Math.min(bytes.length, 110)), () => below(256)),
  (bytes) => bytes.slice(0, below(bytes.length)),
  (bytes) => concatBytes(bytes, random.bytes(1 + below(40))),
  (bytes) => spliced(bytes, below(bytes.length), below(64), random.bytes(below(64))),
  (bytes) => shuffled(bytes),
];

function patched(bytes: Uint8Array, offset: number, change: (byte: number) => number): Uint8Array {
  const copy = bytes.slice();
  copy[offset] = change(copy[offset] as number);
  return copy;
}

function spliced(bytes: Uint8Array, start: number, removed: number, put: Uint8Array): Uint8Array {
  return concatBytes(bytes.subarray(0, start), put, bytes.subarray(start + removed));
}

function shuffled(bytes: Uint8Array): Uint8Array {
  const { header, chunks } = chunksOf(bytes);
  const drawn = chunks.map(() => chunks[below(chunks.length)] as Uint8Array);
  return concatBytes(header, ...drawn);
}

async function outcome(archive: Uint8Array): Promise<string | Uint8Array[]> {
  const sections: Uint8Array[] = [];
  try {
    const stream = streamOf(archive, 1_000 + below(8192));
    for await (const section of readArchive(stream, sampleSecret, {}, cheapDerivation)) {
      sections.push(encodeSection(section));
    }
    return sections;
  } catch (error) {
    return isSottoError(error) ? error.code : `no code of ours: ${String(error)}`;
  }
}

/** A quarter of the inputs are whole archives; the others are what a writer who knows the secret may put inside. */
const outside = runs / 4;
const inside = runs - outside;

it(`${outside} archives changed outside, seed ${seed}`, { timeout: runs * 5 + 60_000 }, async () => {
  const archive = await archiveOf(sampleSections());
  const whole = sampleSections().map(encodeSection);
  const seen = new Set<string>();
  for (let run = 0; run < outside; run += 1) {
    const result = await outcome((changes[run % changes.length] as Change)(archive));
    if (typeof result === 'string') {
      if (!codes.has(result)) expect.fail(`${seed}, run ${run}: ${result}`);
      seen.add(result);
    } else if (Buffer.compare(concatBytes(...result), concatBytes(...whole)) !== 0) {
      expect.fail(`${seed}, run ${run}: read as something else`);
    }
  }
  // What was drawn reached every check that stands before the content.
  expect([...seen].sort()).toEqual([...codes].filter((code) => code !== contentCode).sort());
});

it(`${inside} contents of archives, seed ${seed}`, { timeout: runs * 5 + 60_000 }, () => {
  const plaintext = concatBytes(...sampleSections().map(encodeSection));
  let refused = 0;
  for (let run = 0; run < inside; run += 1) {
    const changed = (changes[run % (changes.length - 1)] as Change)(plaintext);
    try {
      readContent(changed);
    } catch (error) {
      if (!isSottoError(error, contentCode)) expect.fail(`${seed}, run ${run}: ${String(error)}`);
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(inside / 2);
  expect(refused).toBeLessThan(inside);
});

/** In two chunks, cut anywhere. */
function readContent(plaintext: Uint8Array): void {
  const reader = new ContentReader();
  const cut = below(plaintext.length + 1);
  for (const chunk of [plaintext.subarray(0, cut), plaintext.subarray(cut)]) {
    for (const section of reader.push(chunk)) void section;
  }
  reader.finish();
}
