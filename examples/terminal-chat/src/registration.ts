/** The own account: opens the one in the data folder, brings one back, or registers one. */
import { isSottoError, type Messenger, type OwnProfile } from '@sotto/sdk';
import { UsageError, type ChatOptions } from './args.js';
import { errorLine } from './format.js';
import { resetAccount, restoreAccount } from './recovery.js';
import type { Terminal } from './terminal.js';

/** What somebody at a terminal can put right by typing again. */
const correctable = ['invalid-username', 'weak-password', 'username-taken'] as const;

/**
 * The profile of the account in the data folder; registers one where there is none.
 * @returns nothing where the user gave up
 */
export async function openAccount(
  messenger: Messenger,
  terminal: Terminal,
  options: ChatOptions,
): Promise<OwnProfile | undefined> {
  const profile = await messenger.account.profile();
  if (profile) {
    if (options.restore !== undefined || options.reset) {
      terminal.print(
        '** There is an account in this folder already: it is opened, and nothing else is done.',
      );
    }
    return profile;
  }
  if (options.restore !== undefined) return restoreAccount(messenger, terminal, options.restore);
  if (options.reset) return beginAnew(messenger, terminal, options);
  terminal.print(`** No account here yet: you register one at ${options.relayOrigin}.`);
  if (!terminal.interactive) return messenger.account.register(unattended(options));
  for (;;) {
    const input = await askForAccount(terminal, options, askForPassword);
    if (!input) return undefined;
    try {
      return await messenger.account.register(input);
    } catch (error) {
      if (!correctable.some((code) => isSottoError(error, code)) || options.username) throw error;
      terminal.print(`!! ${errorLine(error)}`);
    }
  }
}

async function beginAnew(
  messenger: Messenger,
  terminal: Terminal,
  options: ChatOptions,
): Promise<OwnProfile | undefined> {
  const input = terminal.interactive
    ? await askForAccount(terminal, options, askForKnownPassword)
    : unattended(options);
  return input && resetAccount(messenger, terminal, input);
}

function unattended({ username, name }: ChatOptions) {
  const password = process.env['SOTTO_PASSWORD'];
  if (password === undefined)
    throw new UsageError('there is nobody to ask for a password: set SOTTO_PASSWORD');
  return { username: username ?? name, password };
}

async function askForAccount(
  terminal: Terminal,
  { username, name }: ChatOptions,
  askFor: typeof askForPassword,
) {
  const typed = username ?? (await terminal.ask(`Username (empty for ${name}):`));
  if (typed === undefined) return undefined;
  const password = process.env['SOTTO_PASSWORD'] ?? (await askFor(terminal));
  return password === undefined ? undefined : { username: typed.trim() || name, password };
}

const askForKnownPassword = (terminal: Terminal) =>
  terminal.ask('Password of the account:', { secret: true });

/** Twice, because nobody sees what is typed and nobody can reset it. */
async function askForPassword(terminal: Terminal): Promise<string | undefined> {
  for (;;) {
    const password = await terminal.ask('Password (8 characters or more; nobody can reset it):', {
      secret: true,
    });
    if (password === undefined) return undefined;
    const again = await terminal.ask('The same password again:', { secret: true });
    if (again === undefined || again === password) return again;
    terminal.print('!! These were two different passwords.');
  }
}
