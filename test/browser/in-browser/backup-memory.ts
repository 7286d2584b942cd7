/** A long history through an archive and into another device, in a page: as `backupMemory`. */
import type { ArchiveSection } from '../../../sdk/src/backup/archive-content.js';
import { argon2InWorker } from '../../../sdk/src/backup/argon2-in-worker.js';
import { readArchive } from '../../../sdk/src/backup/archive-reader.js';
import { stageRestore } from '../../../sdk/src/backup/staged-restore.js';
import { endlessDevice, forgetfulDevice } from '../../../sdk/test/backup/endless-storage.js';
import { cheapDerivation, sampleSecret } from '../../../sdk/test/backup/sample-archive.js';
import { deviceArchive } from '../../../sdk/test/backup/sample-device.js';

/** What Node calls. */
export interface BackupMemory {
  /** @returns how many messages came out; `sampleMemory` has been called so many times meanwhile, and once before */
  run(messages: number, samples: number): Promise<number>;
  /** A key by Argon2id, of a worker's file: in hexadecimal, or what else came. */
  derive(file: string): Promise<string>;
}

/** Node looks at the memory of the page, which waits for it. */
declare const sampleMemory: () => Promise<void>;

const backupMemory: BackupMemory = {
  run: async (messages, samples) => {
    const source = await endlessDevice(messages);
    const target = await forgetfulDevice();
    await sampleMemory();
    let count = 0;
    async function* watched(sections: AsyncIterable<ArchiveSection>) {
      for await (const section of sections) {
        if (section.type === 'message') count += 1;
        if (section.type === 'message' && count % Math.floor(messages / samples) === 0) await sampleMemory();
        yield section;
      }
    }
    // Written, verified and restored at once: nothing holds the archive in between.
    const sections = readArchive(await deviceArchive(source), sampleSecret, {}, cheapDerivation);
    const { totals } = await stageRestore({ writer: target, now: 0 }, watched(sections));
    return totals.messages;
  },
  derive: async (file) => {
    const [password, salt] = [new Uint8Array(32).fill(1), new Uint8Array(16).fill(2)];
    const cost = { memoryKib: 64, passes: 2, derivedBytes: 32, maxMemoryBytes: 2 ** 20 };
    const derived = await argon2InWorker({ password, salt, ...cost }, { file: new URL(file, location.href) });
    return typeof derived === 'string'
      ? derived
      : Array.from(derived, (byte) => byte.toString(16).padStart(2, '0')).join('');
  },
};
Object.assign(globalThis, { backupMemory });
