/** Backups in files, and accounts that are brought back: from a backup, or anew with the password alone. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import {
  isSottoError,
  type BackupProgress,
  type BackupSecret,
  type Messenger,
  type OwnProfile,
  type SottoErrorCode,
} from '@sotto/sdk';
import { UsageError } from './args.js';
import { CommandError, type Chat } from './chat.js';
import { errorLine } from './format.js';
import type { Terminal } from './terminal.js';

const barWidth = 24;
/** Before a file name of `/backup`. */
const passwordFlag = '--password';
const hourMs = 60 * 60 * 1000;
const keyVariable = 'SOTTO_RECOVERY_KEY';
const passwordVariable = 'SOTTO_BACKUP_PASSWORD';
const secretVariables = [keyVariable, passwordVariable] as const;

function readFile(path: string): ReadableStream<Uint8Array> {
  return Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
}

/**
 * A bar that is printed when it has grown by a quarter: a terminal is not only a screen.
 * @param shareOf - how much is done, 0 to 1
 */
export function progressBar(
  terminal: Pick<Terminal, 'print'>,
  shareOf: (progress: BackupProgress) => number,
) {
  let shown = -1;
  return (progress: BackupProgress) => {
    if (progress.phase === 'key') return;
    const share = Math.min(shareOf(progress), 1);
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
  return progressBar(terminal, ({ bytes }) => bytes / size);
}

/** How long an archive gets is not known before: its messages are counted. */
function messageProgress(terminal: Terminal) {
  return progressBar(terminal, ({ messages, messagesTotal }) =>
    messagesTotal ? messages / messagesTotal : 1,
  );
}

/** `/backup FILE`: makes a recovery key, or asks for a password, and writes the archive. */
export async function backUp({ messenger, terminal }: Chat, argument: string): Promise<void> {
  const withPassword = argument.split(' ', 1)[0] === passwordFlag;
  const path = withPassword ? argument.slice(passwordFlag.length).trim() : argument;
  if (!path) throw new CommandError('Where to? /backup FILE');
  if (withPassword) {
    const password = await askForNewPassword(terminal);
    if (password === undefined) return;
    await writeArchive({ messenger, terminal }, path, { password });
    terminal.print(`** Written to ${path}. Without its password it is of no use to anybody, you included.`);
    return;
  }
  const recoveryKey = await messenger.backup.createRecoveryKey();
  await writeArchive({ messenger, terminal }, path, { recoveryKey });
  terminal.print(
    `** Written to ${path}. Its recovery key, which is shown this once:`,
    `   ${recoveryKey}`,
    '   Write it down, and keep it apart from this device. Without it the file is of no use to anybody.',
  );
}

async function writeArchive(
  { messenger, terminal }: Pick<Chat, 'messenger' | 'terminal'>,
  path: string,
  secret: BackupSecret,
): Promise<void> {
  const stream = await messenger.backup.create({ secret }, { onProgress: messageProgress(terminal) });
  const part = `${path}.part`;
  try {
    const source = Readable.fromWeb(stream as unknown as NodeReadableStream);
    await pipeline(source, createWriteStream(part, { mode: 0o600 }));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** `/check-backup FILE`: reads all of an archive and keeps nothing. */
export async function checkBackup({ messenger, terminal }: Chat, path: string): Promise<void> {
  if (!path) throw new CommandError('Which one? /check-backup FILE');
  const totals = await opened({ messenger, terminal }, path, async (secret) => {
    const onProgress = await fileProgress(terminal, path);
    return messenger.backup.verify(readFile(path), { secret }, { onProgress });
  });
  if (!totals) return;
  terminal.print(`** It is whole: ${totals.contacts} contacts, ${totals.messages} messages.`);
}

/** `/object`: stops a reset of the account. */
export async function objectToReset({ messenger, terminal }: Chat): Promise<void> {
  await messenger.account.objectToReset();
  terminal.print('** Nobody resets this account now. Whoever asked for it knows your password.');
}

/** Brings the account back from an archive. @returns nothing where the user gave up */
export async function restoreAccount(
  messenger: Messenger,
  terminal: Terminal,
  path: string,
): Promise<OwnProfile | undefined> {
  const restored = await opened({ messenger, terminal }, path, async (secret) => {
    const onProgress = await fileProgress(terminal, path);
    return messenger.backup.restore(readFile(path), { secret }, { onProgress });
  });
  if (!restored) return undefined;
  const madeAt = new Date(restored.createdAt).toISOString().slice(0, 16).replace('T', ' ');
  terminal.print(
    `** You are back: ${restored.contacts} contacts, ${restored.messages} messages.`,
    `   The backup is of ${madeAt}: what came in later is missing. The old device cannot write any more.`,
    '   /contacts shows whom you know, /chat NAME turns to one of them.',
  );
  return messenger.account.profile();
}

/** Begins the account anew, or says how long that takes. @returns nothing where it has to wait */
export async function resetAccount(
  messenger: Messenger,
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

/**
 * Asks for what opens an archive, again where that was mistyped.
 * @returns nothing where the user gave up, with nothing in the line
 */
async function opened<Result>(
  { messenger, terminal }: Pick<Chat, 'messenger' | 'terminal'>,
  path: string,
  open: (secret: BackupSecret) => Promise<Result>,
): Promise<Result | undefined> {
  for (;;) {
    const secret = await askForSecret(messenger, terminal, path);
    if (!secret) return undefined;
    try {
      return await open(secret);
    } catch (error) {
      if (!isTypo(error) || isGiven()) throw error;
      terminal.print(`!! ${errorLine(error)}`, '   Try again, or type nothing to leave it.');
    }
  }
}

const isTypo = (error: unknown) =>
  ['invalid-recovery-key', 'weak-password', 'backup-wrong-secret'].some((code) =>
    isSottoError(error, code as SottoErrorCode),
  );

/** Whoever set it is not asked. */
const isGiven = () => secretVariables.some((name) => process.env[name] !== undefined);

/** What opens an archive: which of the two it is, the archive says. */
async function askForSecret(
  messenger: Messenger,
  terminal: Terminal,
  path: string,
): Promise<BackupSecret | undefined> {
  const { secretKind } = await messenger.backup.inspect(readFile(path));
  if (secretKind === 'password') {
    const password = await askFor(terminal, 'Backup password:', passwordVariable);
    return password ? { password } : undefined;
  }
  const recoveryKey = await askFor(terminal, 'Recovery key:', keyVariable);
  return recoveryKey ? { recoveryKey } : undefined;
}

/** Twice, because nobody sees what is typed. */
async function askForNewPassword(terminal: Terminal): Promise<string | undefined> {
  const question = 'Password for the backup (8 characters or more, not the one of the account):';
  const password = await askFor(terminal, question, passwordVariable);
  if (password === undefined || !terminal.interactive) return password;
  const again = await terminal.ask('The same password again:', { secret: true });
  if (again !== undefined && again !== password)
    throw new CommandError('These were two different passwords.');
  return again;
}

async function askFor(terminal: Terminal, question: string, variable: string): Promise<string | undefined> {
  const given = process.env[variable];
  if (given !== undefined) return given;
  if (!terminal.interactive) throw new UsageError(`there is nobody to ask: set ${variable}`);
  return terminal.ask(question, { secret: true });
}
