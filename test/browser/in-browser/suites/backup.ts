/** Archives in a browser: those of the vectors are read as in Node, and a long history goes through one and back. */
import { describe, expect, it } from 'vitest';
import type { BackupSecret } from '../../../../sdk/src/backup/archive-content.js';
import { readArchive } from '../../../../sdk/src/backup/archive-reader.js';
import { encodeSection } from '../../../../sdk/src/backup/section-codec.js';
import { stageRestore } from '../../../../sdk/src/backup/staged-restore.js';
import { isSottoError } from '../../../../sdk/src/errors.js';
import { endlessDevice, forgetfulDevice } from '../../../../sdk/test/backup/endless-storage.js';
import { cheapDerivation, sampleSecret, streamOf } from '../../../../sdk/test/backup/sample-archive.js';
import { deviceArchive } from '../../../../sdk/test/backup/sample-device.js';
import { readVectors } from '../../../../sdk/test/vectors/vector-files.js';

const messages = 2_000;

async function payloads(archive: Uint8Array, secret: BackupSecret): Promise<Uint8Array[] | string> {
  const found: Uint8Array[] = [];
  try {
    // Without its prefix of five bytes.
    for await (const section of readArchive(streamOf(archive), secret))
      found.push(encodeSection(section).slice(5));
    return found;
  } catch (error) {
    return isSottoError(error) ? error.code : String(error);
  }
}

describe('backup/archives.json', () => {
  it.each(readVectors('backup/archives.json').tests)('$id is $result', async (test) => {
    const { archive, ...secret } = test.input as unknown as { archive: Uint8Array } & BackupSecret;
    const output = test.output as { sections: readonly { payload: Uint8Array }[] } | undefined;
    const expected = output?.sections.map(({ payload }) => payload) ?? test.failure;
    expect(await payloads(archive, secret)).toEqual(expected);
  });
});

it(`${messages} messages go into an archive, and from there into another device`, async () => {
  const archive = await deviceArchive(await endlessDevice(messages));
  const sections = readArchive(archive, sampleSecret, {}, cheapDerivation);
  const staged = await stageRestore({ writer: await forgetfulDevice(), now: 0 }, sections);
  expect(staged.totals.messages).toBe(messages);
});
