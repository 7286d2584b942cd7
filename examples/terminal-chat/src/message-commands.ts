/** Commands about messages and the own account. */
import type { OwnProfile } from '@sotto/sdk';
import { CommandError, type Chat } from './chat.js';
import { qrLines } from './qr-code.js';
import { safeLine } from './safe-text.js';

const historyLength = 20;
/** As many as a page may have: further back nobody retries. */
const retryPageLength = 200;

/** `/chat`: turns to somebody and shows the last messages. */
export async function chatWith(chat: Chat, argument: string): Promise<void> {
  const contact = await chat.contactNamed(argument);
  if (contact.relation !== 'accepted') {
    throw new CommandError(`First /accept or /unblock ${safeLine(contact.username)}.`);
  }
  await chat.turnTo(contact);
  await history(chat);
}

/** `/history`: the last messages with the one the chat is with. */
export async function history(chat: Chat): Promise<void> {
  const partner = requirePartner(chat);
  const messages = await chat.messenger.messages.list(partner, { limit: historyLength });
  for (const message of messages) await chat.show(message);
  const last = messages.at(-1);
  if (last) await chat.messenger.messages.markRead(partner, last.seq);
  else chat.terminal.print('** No messages yet.');
}

/** Plain text: goes to the one the chat is with. */
export async function say(chat: Chat, text: string): Promise<void> {
  await chat.show(await chat.messenger.messages.send(requirePartner(chat), { text }));
}

/** `/retry`: sends what failed again, one message by its number or all. */
export async function retry(chat: Chat, argument: string): Promise<void> {
  const partner = requirePartner(chat);
  const wanted = argument === '' ? undefined : Number(argument);
  if (wanted !== undefined && !Number.isSafeInteger(wanted))
    throw new CommandError('Type /retry, or /retry and a number.');
  const page = await chat.messenger.messages.list(partner, { limit: retryPageLength });
  const failed = page.filter(({ status, seq }) => status === 'failed' && (wanted ?? seq) === seq);
  if (failed.length === 0) throw new CommandError('No such message has failed.');
  for (const { seq } of failed) await chat.show(await chat.messenger.messages.retry(partner, seq));
}

function requirePartner({ partner }: Chat) {
  if (!partner)
    throw new CommandError('With whom? /chat NAME, or /add and a contact code. /help shows everything.');
  return partner;
}

/** `/me`: what others need to find this account. */
export async function me(chat: Chat): Promise<void> {
  const profile = await chat.messenger.account.profile();
  if (profile) await showProfile(chat, profile);
}

/** `/link`: the own link alone, to copy. */
export async function link({ messenger, terminal }: Chat): Promise<void> {
  terminal.print(`     ${(await messenger.contacts.share()).link}`);
}

/** The own contact code. */
export function showContactCode({ terminal }: Chat, { username, contactCode }: OwnProfile): void {
  terminal.print(`** You are ${username}. Your contact code, for others to /add:`, `     ${contactCode}`);
}

/** The own contact code, link and QR code. */
export async function showProfile(chat: Chat, profile: OwnProfile): Promise<void> {
  const { terminal, messenger } = chat;
  const shared = await messenger.contacts.share();
  showContactCode(chat, profile);
  terminal.print(
    '** The same with your whole key, as a link and to scan:',
    `     ${shared.link}`,
    ...qrLines(shared.qrPayload, terminal.interactive),
  );
}

/** `/login`: the password again, after the relay has asked for it. */
export async function login({ messenger, terminal }: Chat): Promise<void> {
  const password = process.env['SOTTO_PASSWORD'] ?? (await terminal.ask('Password:', { secret: true }));
  if (password === undefined)
    throw new CommandError('There is nobody to ask for the password: set SOTTO_PASSWORD.');
  await messenger.account.login(password);
  await messenger.connect();
  terminal.print('** Logged in again.');
}

/** `/signout`: ends this device, on request the account too. @returns whether it did */
export async function signOut({ messenger, terminal }: Chat, argument: string): Promise<boolean> {
  if (argument !== '' && argument !== 'delete') throw new CommandError('Type /signout, or /signout delete.');
  const deleteAccount = argument === 'delete';
  terminal.print(
    '!! This deletes the keys and all messages on this device. There is no backup, and no way back.',
    deleteAccount
      ? '!! The account is deleted at the relay too. Nobody will ever get its name again.'
      : '!! The account stays at the relay, and nobody can use it any more.',
  );
  const answer = await terminal.ask('Sign out? Type yes:');
  if (answer?.trim() !== 'yes') {
    terminal.print('** Nothing was changed.');
    return false;
  }
  await messenger.account.signOut({ deleteAccount });
  terminal.print('** Signed out. Everything on this device is gone.');
  return true;
}
