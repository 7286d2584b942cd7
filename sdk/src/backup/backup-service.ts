/** What `messenger.backup` does without the relay: writes archives of the device, and reads them. */
import type { AccountService } from '../account/index.js';
import { SottoError } from '../errors.js';
import type { Host } from '../host.js';
import type { Writer } from '../unit/index.js';
import type { BackupRun, BackupSecret } from './archive-content.js';
import { archiveStream, makeArchiveKeys } from './archive-writer.js';
import { deviceSource, type BackupContents, type BackupSettings } from './device-source.js';
import { Progress } from './progress.js';
import { checkedSettings } from './section-codec.js';

/** What to write into an archive, and for whom. */
export interface BackupInput {
  /** A recovery key of `backup.createRecoveryKey`, which is best, or a password that is not the account's. */
  readonly secret: BackupSecret;
  /** What goes in besides identity, contacts and trust. Everything by default. */
  readonly include?: BackupContents;
  /**
   * Small values of the application, up to 255 KiB each, by names of up to 480 characters of
   * `A–Z a–z 0–9 . _ ~ - :` in segments separated by single `/`. A restored device gives them back, and puts them
   * into its own archives unless other values are given here.
   */
  readonly settings?: BackupSettings;
}

/**
 * An archive of a device as it is now. Refusals come before there is a stream.
 * @throws SottoError `not-registered`, `invalid-recovery-key`, `weak-password`, `backup-password-reused`,
 * `kdf-memory`; `invalid-storage-key`, `limit-exceeded` for a setting
 */
export async function createBackup(
  parts: { readonly writer: Writer; readonly account: AccountService; readonly host: Host },
  { secret, include = {}, settings = {} }: BackupInput,
  run: BackupRun = {},
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const { writer, account, host } = parts;
  await account.require();
  const checked = checkedSettings(settings);
  if (secret.password !== undefined && (await account.isOwnPassword(secret.password))) {
    throw new SottoError('backup-password-reused');
  }
  const { clock, random } = host;
  // Told before the work it tells of.
  const progress = new Progress(run);
  const keying = await makeArchiveKeys(secret, { clock, random, signal: run.signal });
  return archiveStream(
    keying,
    await deviceSource({ writer, clock, contents: include, settings: checked }),
    run,
    progress,
  );
}
