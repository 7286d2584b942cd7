/** Backups in files, and accounts that are brought back: from a backup, or anew with the password alone. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import type { BackupProgress, BackupSecret, LocalMessenger, OwnProfile } from '@sotto/sdk';
import { UsageError } from './args.js';
import { CommandError, type Chat } from './chat.js';
import type { Terminal } from './terminal.js';

const barWidth = 24;
const hourMs = 60 * 60 * 1000;

function readFile(path: string): ReadableStream<Uint8Array> {
  return Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
}

/** A bar that is printed when it has grown by a quarter: a terminal is not only a screen. */
function progressBar(terminal: Terminal, totalOf: (progress: BackupProgress) => number | undefined) {
  let shown = -1;
  return (progress: BackupProgress) => {
    const total = totalOf(progress);
    if (!total) return;
    const share = Math.min(progress.bytes / total, 1);
    const quarter = Math.floor(share * 4);
    if (quarter <= shown) return;
    shown = quarter;
    const filled = Math.round(share * barWidth);
    const bar = '#'.repeat(filled).padEnd(barWidth, '.');
    terminal.print(`   [${bar}] ${Math.round(share * 100)} %, ${progress.messages} messages`);
  };
}

async function fileProgress(terminal: Terminal, path: string) {
  const { size } = await stat(path);
  return progressBar(terminal, () => size);
}

/** `/backup FILE`: makes a recovery key, shows it once, and writes the archive. */
export async function backUp({ messenger, terminal }: Chat, path: string): Promise<void> {
  if (!path) throw new CommandError('Where to? /backup FILE');
  const recoveryKey = await messenger.backup.createRecoveryKey();
  const stream = await messenger.backup.create({ secret: { recoveryKey } });
  const part = `${path}.part`;
  try {
    const source = Readable.fromWeb(stream as unknown as NodeReadableStream);
    await pipeline(source, createWriteStream(part, { mode: 0o600 }));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  terminal.print(
    `** Written to ${path}. Its recovery key, which is shown this once:`,
    `   ${recoveryKey}`,
    '   Write it down, and keep it apart from this device. Without it the file is of no use to anybody.',
  );
}

/** `/check-backup FILE`: reads all of an archive and keeps nothing. */
export async function checkBackup({ messenger, terminal }: Chat, path: string): Promise<void> {
  if (!path) throw new CommandError('Which one? /check-backup FILE');
  const secret = await askForSecret(terminal);
  if (!secret) return;
  const onProgress = await fileProgress(terminal, path);
  const totals = await messenger.backup.verify(readFile(path), { secret }, { onProgress });
  terminal.print(`** It is whole: ${totals.contacts} contacts, ${totals.messages} messages.`);
}

/** `/object`: stops a reset of the account. */
export async function objectToReset({ messenger, terminal }: Chat): Promise<void> {
  await messenger.account.objectToReset();
  terminal.print('** Nobody resets this account now. Whoever asked for it knows your password.');
}

/** Brings the account back from an archive. @returns nothing where the user gave up */
export async function restoreAccount(
  messenger: LocalMessenger,
  terminal: Terminal,
  path: string,
): Promise<OwnProfile | undefined> {
  const secret = await askForSecret(terminal);
  if (!secret) return undefined;
  const onProgress = await fileProgress(terminal, path);
  const restored = await messenger.backup.restore(readFile(path), { secret }, { onProgress });
  const madeAt = new Date(restored.createdAt).toISOString().slice(0, 16).replace('T', ' ');
  terminal.print(
    `** You are back: ${restored.contacts} contacts, ${restored.messages} messages.`,
    `   The backup is of ${madeAt}: what came in later is missing. The old device cannot write any more.`,
  );
  return messenger.account.profile();
}

/** Begins the account anew, or says how long that takes. @returns nothing where it has to wait */
export async function resetAccount(
  messenger: LocalMessenger,
  terminal: Terminal,
  input: { readonly username: string; readonly password: string },
): Promise<OwnProfile | undefined> {
  const state = await messenger.account.reset(input);
  if (state.state === 'done') {
    terminal.print('** This account has a new key. Your contacts are warned, and have to accept it.');
    return state.profile;
  }
  const hours = Math.ceil(state.retryAfterMs / hourMs);
  terminal.print(
    `** A device of this account is in use, and is asked first. Start this again in ${hours} hours.`,
  );
  return undefined;
}

async function askForSecret(terminal: Terminal): Promise<BackupSecret | undefined> {
  const given = process.env['SOTTO_RECOVERY_KEY'];
  if (given !== undefined) return { recoveryKey: given };
  if (!terminal.interactive) throw new UsageError('there is nobody to ask: set SOTTO_RECOVERY_KEY');
  const recoveryKey = await terminal.ask('Recovery key:', { secret: true });
  return recoveryKey === undefined ? undefined : { recoveryKey };
}
