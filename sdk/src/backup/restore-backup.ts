/** Restoring an archive: reads it, and brings the account back. Knows neither the file's form nor the relay's part. */
import type { BackupRun, BackupSecret } from './archive-content.js';
import { readArchive } from './archive-reader.js';
import { recoverAccount, type RecoveryParts } from './recover-account.js';

/** What came back with a restore, and as of when. */
export interface RestoreSummary {
  /** When the backup was made, by the clock of its device: what came in later and took effect is missing. */
  readonly createdAt: number;
  readonly contacts: number;
  readonly messages: number;
  /** Messages that were not restored because their time was over. */
  readonly expired: number;
}

/** What opens an archive. */
export interface RestoreInput {
  readonly secret: BackupSecret;
}

/** See `Messenger.backup.restore`. */
export async function restoreBackup(
  parts: RecoveryParts,
  stream: ReadableStream<Uint8Array>,
  { secret }: RestoreInput,
  run: BackupRun = {},
): Promise<RestoreSummary> {
  const { begin, totals, expired, leftOut } = await recoverAccount(
    parts,
    readArchive(stream, secret, run),
    run,
  );
  const { contacts, messages } = totals;
  return { createdAt: begin.createdAt, contacts, messages: messages - expired - leftOut, expired };
}
