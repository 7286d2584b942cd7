/** All commands as one table, and the way from a typed line to one of them. */
import { CommandError, type Chat } from './chat.js';
import * as people from './contact-commands.js';
import { errorLine } from './format.js';
import * as own from './message-commands.js';
import * as recovery from './recovery.js';

/** Whether the chat goes on. */
export type Outcome = 'go-on' | 'quit' | 'signed-out';

interface Command {
  readonly usage: string;
  readonly help: string;
  readonly run: (chat: Chat, argument: string) => Promise<Outcome | void>;
}

const commands: Readonly<Record<string, Command>> = {
  add: { usage: '/add CODE', help: 'adds somebody by contact code or link', run: people.add },
  contacts: { usage: '/contacts', help: 'shows everybody you know', run: people.contacts },
  chat: { usage: '/chat NAME', help: 'turns to somebody', run: own.chatWith },
  requests: { usage: '/requests', help: 'shows who wants to write to you', run: people.requests },
  accept: { usage: '/accept NAME', help: 'accepts a message request', run: people.accept },
  block: { usage: '/block NAME', help: 'nothing comes from there any more', run: people.block },
  unblock: { usage: '/unblock NAME', help: 'takes a block back', run: people.unblock },
  safety: { usage: '/safety NAME', help: 'shows your safety number with somebody', run: people.safety },
  verify: {
    usage: '/verify NAME',
    help: 'says that you have compared the safety number',
    run: people.verify,
  },
  trust: { usage: '/trust NAME', help: 'accepts a changed key', run: people.trust },
  history: { usage: '/history', help: 'shows the last messages', run: own.history },
  retry: { usage: '/retry [NUMBER]', help: 'sends failed messages again', run: own.retry },
  link: { usage: '/link', help: 'shows your link, which carries your whole key', run: own.link },
  me: { usage: '/me', help: 'shows your contact code and its QR code', run: own.me },
  login: { usage: '/login', help: 'gives the password again when the relay asks for it', run: own.login },
  backup: {
    usage: '/backup [--password] FILE',
    help: 'writes a backup and shows its recovery key, or asks for a password',
    run: recovery.backUp,
  },
  'check-backup': {
    usage: '/check-backup FILE',
    help: 'reads a backup to its end and keeps nothing',
    run: recovery.checkBackup,
  },
  object: { usage: '/object', help: 'stops a reset of this account', run: recovery.objectToReset },
  help: { usage: '/help', help: 'shows this', run: async (chat) => chat.terminal.print(...helpLines()) },
  signout: {
    usage: '/signout [delete]',
    help: 'deletes everything on this device (delete: and the account)',
    run: async (chat, argument) => ((await own.signOut(chat, argument)) ? 'signed-out' : 'go-on'),
  },
  quit: { usage: '/quit', help: 'ends the chat; everything stays', run: async () => 'quit' },
};

function helpLines(): string[] {
  const width = Math.max(...Object.values(commands).map(({ usage }) => usage.length));
  return Object.values(commands).map(({ usage, help }) => `  ${usage.padEnd(width)}  ${help}`);
}

/** Does what a line says. Whatever goes wrong becomes one plain line. */
export async function obey(chat: Chat, line: string): Promise<Outcome> {
  if (line.trim() === '') return 'go-on';
  try {
    if (!line.startsWith('/')) {
      await own.say(chat, line);
      return 'go-on';
    }
    if (chat.terminal.interactive) chat.terminal.print(`> ${line}`);
    return (await obeyCommand(chat, line)) ?? 'go-on';
  } catch (error) {
    chat.terminal.print(`!! ${error instanceof CommandError ? error.message : errorLine(error)}`);
    return 'go-on';
  }
}

async function obeyCommand(chat: Chat, line: string): Promise<Outcome | void> {
  const [word = '', ...rest] = line.slice(1).trim().split(/\s+/);
  const name = word.toLowerCase();
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw new CommandError('There is no such command. /help shows them all.');
  return command.run(chat, rest.join(' '));
}
