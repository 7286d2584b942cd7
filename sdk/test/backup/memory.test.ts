/**
 * What create, verify and restore hold in memory, whatever the length of the history: 20,000 messages, a million
 * under SLOW=1, of a storage that makes its rows when they are asked for and forgets what it is given.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { ArchiveSection } from '../../src/backup/archive-content.js';
import { readArchive } from '../../src/backup/archive-reader.js';
import { stageRestore } from '../../src/backup/staged-restore.js';
import { endlessDevice, forgetfulDevice } from './endless-storage.js';
import { cheapDerivation, sampleSecret } from './sample-archive.js';
import { deviceArchive } from './sample-device.js';

const messages = process.env['SLOW'] ? 1_000_000 : 20_000;
/** Six chunks of 256 KiB on either side, a commit of a restore of 4 MiB and its copies; the rest is room. */
const boundBytes = 24 * 1024 * 1024;
const samples = 12;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heldBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

it(
  `${messages} messages take no more than ${boundBytes / 1024 ** 2} MiB`,
  { timeout: 20 * 60_000 },
  async () => {
    const source = await endlessDevice(messages);
    const target = await forgetfulDevice();
    const baseline = heldBytes();
    let peak = 0;
    let count = 0;
    async function* watched(sections: AsyncIterable<ArchiveSection>) {
      for await (const section of sections) {
        if (section.type === 'message') count += 1;
        if (section.type === 'message' && count % Math.floor(messages / samples) === 0) {
          peak = Math.max(peak, heldBytes() - baseline);
        }
        yield section;
      }
    }
    // Written, read and restored at once: nothing holds the archive in between.
    const archive = await deviceArchive(source);
    const sections = readArchive(archive, sampleSecret, {}, cheapDerivation);
    const staged = await stageRestore({ writer: target, now: 0 }, watched(sections));
    expect(staged.totals.messages).toBe(messages);
    expect(count).toBe(messages);
    console.log(`held at most ${(peak / 1024 ** 2).toFixed(1)} MiB over ${messages} messages`);
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(boundBytes);
  },
);
