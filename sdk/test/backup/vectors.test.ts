/** The archives of test-vectors/backup, read by the SDK and by a reader made from the document alone. */
import { describe, expect, it } from 'vitest';
import type { BackupSecret } from '../../src/backup/archive-content.js';
import { readArchive } from '../../src/backup/archive-reader.js';
import { platformDerivation, type KeyDerivation } from '../../src/backup/key-derivation.js';
import { createRecoveryKey, parseRecoveryKey } from '../../src/backup/recovery-key.js';
import { encodeSection } from '../../src/backup/section-codec.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { readVectors } from '../vectors/vector-files.js';
import { readIndependently } from './independent-reader.js';
import { archiveOf, sampleSections, sampleSecret, streamOf } from './sample-archive.js';

interface Output {
  readonly sections: readonly { readonly type: number; readonly payload: Uint8Array }[];
}

const { tests } = readVectors('backup/archives.json');

/** The vectors share their salt, and a derivation costs a tenth of a second on a machine with nothing else to do. */
const masters = new Map<string, Promise<Uint8Array>>();
const derive: KeyDerivation = async (kdf, password, salt) => {
  const name = JSON.stringify([kdf, [...password], [...salt]]);
  const master = masters.get(name) ?? platformDerivation()(kdf, password, salt);
  masters.set(name, master);
  return (await master).slice();
};

async function read(archive: Uint8Array, secret: BackupSecret): Promise<Uint8Array[]> {
  const sections: Uint8Array[] = [];
  for await (const section of readArchive(streamOf(archive), secret, {}, derive))
    sections.push(encodeSection(section));
  return sections;
}

function frame({ type, payload }: { type: number; payload: Uint8Array }): Uint8Array {
  const prefix = new DataView(new ArrayBuffer(5));
  prefix.setUint8(0, type);
  prefix.setUint32(1, payload.length);
  return new Uint8Array([...new Uint8Array(prefix.buffer), ...payload]);
}

describe('archive vectors', () => {
  it.each(tests.map((test) => [test.id, test] as const))('%s', async (_, test) => {
    const { archive, ...secret } = test.input as unknown as { archive: Uint8Array } & BackupSecret;
    const independent = () => readIndependently(Buffer.from(archive), secret);
    if (test.result === 'invalid') {
      await expect(read(archive, secret)).rejects.toMatchObject({ code: test.failure });
      // Bounds of lengths are for those who have little memory; the other reader has the whole archive.
      expect(independent).toThrow();
      return;
    }
    const expected = (test.output as unknown as Output).sections.map(frame);
    expect(await read(archive, secret)).toEqual(expected);
    expect(independent().map(frame)).toEqual(expected);
  });
});

describe('what the SDK writes', () => {
  it('is read by a reader made from the document alone', async () => {
    const archive = await archiveOf(sampleSections(), { derive: undefined });
    const sections = readIndependently(Buffer.from(archive), sampleSecret).map(frame);
    expect(sections).toEqual(sampleSections().map(encodeSection));
  });

  it('includes recovery keys that are read however people write them', () => {
    const key = createRecoveryKey(seededRandom('paper'));
    expect(key).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){7}[0-9A-HJKMNP-TV-Z]{4}$/);
    const expected = parseRecoveryKey(key).expose();
    const sloppy = ` ${key.toLowerCase().replaceAll('-', ' ').replaceAll('1', 'l').replaceAll('0', 'o')}\n`;
    expect(parseRecoveryKey(sloppy).expose()).toEqual(expected);
    for (const wrong of [
      key.slice(1),
      `${key}0`,
      key.replace(/^./, key.startsWith('Z') ? 'Y' : 'Z'),
      'U'.repeat(32),
      '',
    ]) {
      expect(() => parseRecoveryKey(wrong)).toThrow(
        expect.objectContaining({ code: 'invalid-recovery-key' }),
      );
    }
  });
});
