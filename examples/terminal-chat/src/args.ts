/** The command line. A password is never on it: other users of a machine can read it there. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** What the chat is started with. */
export interface ChatOptions {
  /** Names the data folder, and is the username that is offered at registration. */
  readonly name: string;
  /** The username to register without being asked. */
  readonly username: string | undefined;
  /** The relay's origin. */
  readonly relayOrigin: string;
  readonly dataFolder: string;
  /** The backup to bring the account back from. */
  readonly restore: string | undefined;
  /** Whether to begin the account anew, with its password alone. */
  readonly reset: boolean;
  readonly help: boolean;
}

/** The command line, or a setting, is wrong. Its message is one plain line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Shown by `--help`. */
export const usage = `terminal-chat: end-to-end-encrypted chat in a terminal

  --name NAME        whose chat this is (default: me)
  --relay URL        the relay (default: SOTTO_RELAY, else http://127.0.0.1:8787)
  --data FOLDER      where account and messages are kept (default: .sotto/chat/NAME)
  --username NAME    the username to register, without being asked
  --restore FILE     brings the account back from a backup, where there is none yet
  --reset            begins the account anew with its password: everything else is lost
  --help             shows this

The password is asked for at registration. For scripts it can come from SOTTO_PASSWORD,
what opens a backup from SOTTO_RECOVERY_KEY or SOTTO_BACKUP_PASSWORD.`;

const defaultRelay = 'http://127.0.0.1:8787';

/**
 * Reads the command line and what the environment adds to it.
 * @param words - without the program
 * @throws UsageError
 */
export function parseChatArgs(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ChatOptions {
  const values = read(words);
  const name = values.name ?? 'me';
  // The name becomes a folder: nothing that leads elsewhere.
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(name)) {
    throw new UsageError('--name takes letters, digits, _ and -, 32 at most');
  }
  return {
    name,
    username: values.username,
    relayOrigin: relayOrigin(values.relay ?? environment['SOTTO_RELAY'] ?? defaultRelay),
    dataFolder: values.data ?? join('.sotto', 'chat', name),
    restore: values.restore,
    reset: values.reset ?? false,
    help: values.help ?? false,
  };
}

function read(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      strict: true,
      allowPositionals: false,
      options: {
        name: { type: 'string' },
        username: { type: 'string' },
        relay: { type: 'string' },
        data: { type: 'string' },
        restore: { type: 'string' },
        reset: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch {
    // What was typed is not repeated: it might be a password.
    throw new UsageError('unknown or incomplete option; --help shows them all');
  }
}

function relayOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/') {
    throw new UsageError('--relay takes an address such as https://relay.example.org');
  }
  return url.origin;
}
