/** A backup that a page saves as a file and restores from one, by what `docs/recovery.md` shows: as `backupDownload`. */
import {
  createMessenger,
  type BackupRun,
  type BackupSecret,
  type Messenger,
} from '../../../sdk/src/index.js';
import { portableEngine } from '../../../sdk/src/engines/portable/index.js';
import { memoryStorage } from '../../../sdk/src/storage/memory/index.js';
import { createTestNetwork, type TestNetwork, type TestUser } from '../../../sdk/src/testing/index.js';

/** The functions of the document. */
interface Documented {
  download(messenger: Messenger, secret: BackupSecret, run: BackupRun): Promise<void>;
  restoreFrom(
    chosen: File,
    messenger: Messenger,
    secret: BackupSecret,
    run: BackupRun,
  ): Promise<{ readonly messages: number }>;
}

/** What Node calls. */
export interface BackupDownload {
  /** Alice and bob talk, and alice saves a backup. @returns her recovery key */
  save(texts: readonly string[]): Promise<string>;
  /** Alice comes back from the file that was chosen. @returns what bob wrote, and how far the bar came, from 0 to 1 */
  restore(recoveryKey: string): Promise<{ readonly texts: readonly string[]; readonly shown: number }>;
}

declare const documented: Documented;

let network: TestNetwork;
let bob: TestUser;

const backupDownload: BackupDownload = {
  save: async (texts) => {
    network = createTestNetwork();
    const alice = await network.user('alice');
    bob = await network.user('bob');
    await network.introduce(alice, bob);
    for (const text of texts) await bob.messenger.messages.send(alice.id, { text });
    await network.until(() => alice.texts.length === texts.length, 'all texts');
    const recoveryKey = await alice.messenger.backup.createRecoveryKey();
    await documented.download(alice.messenger, { recoveryKey }, {});
    alice.kill();
    return recoveryKey;
  },
  restore: async (recoveryKey) => {
    const [chosen] = document.querySelector('input')?.files ?? [];
    if (!chosen) throw new Error('no file was chosen');
    const engine = portableEngine();
    const transport = network.transport();
    const messenger = await createMessenger({
      engine,
      transport,
      storage: memoryStorage(),
      clock: network.clock,
    });
    let shown = 0;
    const run: BackupRun = {
      onProgress: ({ bytes }) => {
        shown = bytes / chosen.size;
      },
    };
    await documented.restoreFrom(chosen, messenger, { recoveryKey }, run);
    const messages = await messenger.messages.list(bob.id);
    return { texts: messages.flatMap(({ body }) => (body.kind === 'text' ? [body.text] : [])), shown };
  },
};
Object.assign(globalThis, { backupDownload });
