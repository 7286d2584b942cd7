/** What happens without being asked for: messages, marks, changes of contacts, the connection. Shows it in plain words. */
import type { ConnectionState, Messenger, MessengerEvents } from '@sotto/sdk';
import type { Chat } from './chat.js';
import { failureWords, keyChangedLines } from './format.js';
import { safeLine } from './safe-text.js';

/** What the program does about them besides showing. */
export interface HappeningReactions {
  /** The relay wants the password again. */
  loginRequired(): void;
  /** This program can do nothing more for the account. */
  finished(): void;
}

/** Shows everything that happens to a messenger. Attach before the first `connect`. */
export function showHappenings(chat: Chat, reactions: HappeningReactions): void {
  const { messenger, terminal } = chat;
  messenger.on('message', (event) => showMessage(chat, event));
  messenger.on('message-status', ({ message }) => chat.showStatus(message));
  messenger.on('contact', (event) => showContactChange(chat, event));
  messenger.on('undecryptable', (event) => showUndecryptable(chat, event));
  showConnection(messenger, (line) => terminal.print(line));
  messenger.on('login-required', () => reactions.loginRequired());
  messenger.on('device-replaced', () => {
    terminal.print('This account was brought back on another device, which has taken this one’s place.');
    terminal.print(
      'If that was not you, warn your contacts. This program ends; nothing more is sent from here.',
    );
    reactions.finished();
  });
  messenger.on('reset-pending', ({ completesAt }) => {
    const until = new Date(completesAt).toISOString().slice(0, 16).replace('T', ' ');
    terminal.print(
      `** Somebody with your password wants to reset this account. Until ${until} /object stops it.`,
    );
  });
  messenger.on('fenced', () => {
    terminal.print('This account was opened by another program: this one ends.');
    reactions.finished();
  });
}

async function showMessage(chat: Chat, { message }: MessengerEvents['message']): Promise<void> {
  await chat.show(message);
  if (message.conversationId === chat.partner) {
    await chat.messenger.messages.markRead(message.conversationId, message.seq);
  }
}

function showContactChange({ terminal }: Chat, { change, contact }: MessengerEvents['contact']): void {
  if (!contact) return;
  const name = safeLine(contact.username);
  if (change === 'requested') {
    terminal.print(`** ${name} (not verified) wants to write to you: /accept ${name} or /block ${name}`);
  } else if (change === 'identity-changed') {
    terminal.print(...keyChangedLines(contact.username));
  }
}

async function showUndecryptable(chat: Chat, event: MessengerEvents['undecryptable']): Promise<void> {
  // The warning about the changed key says everything already.
  if (event.reason === 'identity-changed') return;
  const name = safeLine(await chat.nameOf(event.sender.accountId));
  chat.terminal.print(`!! A message of ${name} could not be read: ${failureWords(event.reason)}`);
}

/** Says when the connection comes and goes; not every attempt in between. */
function showConnection(messenger: Messenger, print: (line: string) => void): void {
  let last: ConnectionState['kind'] = 'closed';
  messenger.on('connection', (state) => {
    const before = last;
    if (state.kind === 'connecting') return;
    last = state.kind;
    if (state.kind === before) return;
    if (state.kind === 'online') print('** Connected.');
    if (state.kind === 'offline') {
      print('** The relay cannot be reached. What you write waits, and is sent when it is back.');
    }
    if (state.kind === 'replaced')
      print('** This account is connected elsewhere now; here it stays offline.');
  });
}
