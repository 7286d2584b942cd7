/** Puts the chat together and runs it until the user, or the end of the input, ends it. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createMessenger, type Messenger } from '@sotto/sdk';
import { levelStorage } from '@sotto/sdk/storage/level';
import { socketIoTransport } from '@sotto/sdk/transport/socket-io';
import { parseChatArgs, usage, UsageError, type ChatOptions } from './args.js';
import { Chat } from './chat.js';
import { obey, type Outcome } from './commands.js';
import { chosenEngine } from './engine.js';
import { errorLine } from './format.js';
import { showHappenings } from './happenings.js';
import { showContactCode, showProfile } from './message-commands.js';
import { openAccount } from './registration.js';
import { openTerminal, type Terminal } from './terminal.js';

/** At the end of a script, messages on their way have this long to reach the relay. */
const lastSendsMs = 10_000;

async function openMessenger({ dataFolder, relayOrigin }: ChatOptions): Promise<Messenger> {
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  return createMessenger({
    engine: await chosenEngine(),
    storage: levelStorage(join(dataFolder, 'account')),
    transport: socketIoTransport({ url: relayOrigin }),
  });
}

async function handleInputs(chat: Chat): Promise<Outcome> {
  for (;;) {
    const input = await chat.terminal.next();
    if (!input) return 'quit';
    if (input.kind === 'job') {
      await input.run();
      continue;
    }
    const outcome = await obey(chat, input.text);
    if (outcome !== 'go-on') return outcome;
  }
}

async function converse(messenger: Messenger, terminal: Terminal, options: ChatOptions): Promise<Outcome> {
  const isKnown = (await messenger.account.profile()) !== undefined;
  const profile = await openAccount(messenger, terminal, options);
  if (!profile) return 'quit';
  const chat = new Chat({ messenger, terminal, ownName: profile.username });
  showHappenings(chat, {
    loginRequired: () => {
      terminal.print('** The relay wants your password again.');
      terminal.push(async () => void (await obey(chat, '/login')));
    },
    finished: () => terminal.close(),
  });
  if (isKnown) showContactCode(chat, profile);
  else await showProfile(chat, profile);
  terminal.print('** /help shows all commands.');
  await messenger.connect();
  const outcome = await handleInputs(chat);
  if (!terminal.interactive && outcome === 'quit') await finishSending(chat);
  return outcome;
}

async function finishSending(chat: Chat): Promise<void> {
  await chat.allSent(AbortSignal.timeout(lastSendsMs));
  if (chat.waitingCount > 0) {
    chat.terminal.print(`** Not at the relay yet: ${chat.waitingCount}. They are sent at the next start.`);
  }
}

async function run(options: ChatOptions): Promise<void> {
  const messenger = await openMessenger(options);
  const terminal = openTerminal({ input: process.stdin, output: process.stdout });
  const end = () => terminal.close();
  process.once('SIGTERM', end).once('SIGINT', end);
  try {
    await converse(messenger, terminal, options);
  } finally {
    terminal.close();
    await messenger.close();
  }
}

try {
  const options = parseChatArgs(process.argv.slice(2), process.env);
  if (options.help) process.stdout.write(`${usage}\n`);
  else await run(options);
} catch (error) {
  const reason = error instanceof UsageError ? error.message : errorLine(error);
  process.stderr.write(`terminal-chat: ${reason}\n`);
  process.exitCode = 1;
}
