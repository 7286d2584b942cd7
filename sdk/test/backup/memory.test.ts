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
import { messageRecord } from '../../src/messages/index.js';
import type { StorageAdapter } from '../../src/ports/storage.js';
import { memoryStorage } from '../../src/storage/memory/index.js';
import { Writer } from '../../src/unit/index.js';
import { cheapDerivation, messageSection, sampleSecret } from './sample-archive.js';
import { deviceArchive, fillDevice } from './sample-device.js';

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

/** The rows of a conversation that is nowhere. */
function made(key: string): Uint8Array | undefined {
  const seq = /^message\/[^/]+\/(\d+)$/.exec(key)?.[1];
  if (seq === undefined) return undefined;
  const row = messageSection(Number(seq), `message ${seq}, of about the length that people write in a chat`);
  return row.type === 'message' ? messageRecord.encode(row.message) : undefined;
}

function endless(inner: StorageAdapter): StorageAdapter {
  return {
    durability: inner.durability,
    acquire: () => inner.acquire(),
    get: async (keys) => (await inner.get(keys)).map((value, index) => value ?? made(keys[index] as string)),
    list: (prefix) => inner.list(prefix),
    commit: (changes, options) => inner.commit(changes, options),
    destroy: (options) => inner.destroy(options),
    close: () => inner.close(),
  };
}

/** Keeps what is not of a message. */
function forgetful(inner: StorageAdapter): StorageAdapter {
  return {
    ...endless(inner),
    get: (keys) => inner.get(keys),
    commit: (changes, options) =>
      inner.commit(
        changes.filter(({ key }) => !key.startsWith('message')),
        options,
      ),
  };
}

async function device(): Promise<Writer> {
  const inner = memoryStorage();
  const filling = await Writer.open(inner, () => undefined);
  await fillDevice(filling, { engine: { name: 'portable', recordVersion: 1 }, messages, rows: false });
  return Writer.open(endless(inner), () => undefined);
}

it(
  `${messages} messages take no more than ${boundBytes / 1024 ** 2} MiB`,
  { timeout: 20 * 60_000 },
  async () => {
    const source = await device();
    const target = await Writer.open(forgetful(memoryStorage()), () => undefined);
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
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(boundBytes);
  },
);
