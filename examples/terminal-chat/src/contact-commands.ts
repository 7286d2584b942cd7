/** Commands about other people: finding, accepting, checking and trusting them. */
import type { Contact } from '@sotto/sdk';
import { CommandError, type Chat } from './chat.js';
import { contactLine, safetyNumberLines } from './format.js';
import { safeLine } from './safe-text.js';

/** `/add`: by contact code, or by link, which carries the whole key. */
export async function add(chat: Chat, argument: string): Promise<void> {
  if (argument === '') throw new CommandError('Type /add and the contact code, such as @bob#XXXX-XXXX-XXXX.');
  const { contacts } = chat.messenger;
  const isLink = argument.includes('#sotto-');
  const contact = await (isLink ? contacts.addByLink(argument) : contacts.add(argument));
  chat.terminal.print(`** Added: ${contactLine(contact).trim()}`, '** What you type now goes there.');
  await chat.turnTo(contact);
}

/** `/contacts`: everybody, with what is unread. */
export async function contacts({ messenger, terminal }: Chat): Promise<void> {
  const all = await messenger.contacts.list();
  const conversations = await messenger.messages.conversations();
  const unread = new Map(conversations.map(({ id, unreadCount }) => [id, unreadCount]));
  const known = all.filter(({ relation }) => relation !== 'request');
  known.sort((one, other) => (one.username < other.username ? -1 : 1));
  terminal.print(...known.map((contact) => contactLine(contact, unread.get(contact.accountId))));
  if (known.length === 0) terminal.print('** No contacts yet. /add takes a contact code.');
}

/** `/requests`: who wants to write. */
export async function requests({ messenger, terminal }: Chat): Promise<void> {
  const waiting = (await messenger.contacts.list()).filter(({ relation }) => relation === 'request');
  terminal.print(...waiting.map((contact) => contactLine(contact)));
  if (waiting.length === 0) terminal.print('** No message requests.');
}

/** `/accept`: a message request becomes a contact. */
export async function accept(chat: Chat, argument: string): Promise<void> {
  const { accountId } = await chat.contactNamed(argument);
  const contact = await chat.messenger.contacts.accept(accountId);
  chat.terminal.print(`** ${safeLine(contact.username)} is a contact now. What you type goes there.`);
  await chat.turnTo(contact);
}

/** `/block`: nothing comes from there any more. */
export async function block(chat: Chat, argument: string): Promise<void> {
  const contact = await chat.contactNamed(argument);
  await chat.messenger.contacts.block(contact.accountId);
  if (chat.partner === contact.accountId) chat.turnAway();
  chat.terminal.print(`** ${safeLine(contact.username)} is blocked. /unblock takes it back.`);
}

/** `/unblock`. */
export async function unblock(chat: Chat, argument: string): Promise<void> {
  const contact = await chat.contactNamed(argument);
  await chat.messenger.contacts.unblock(contact.accountId);
  chat.terminal.print(`** ${safeLine(contact.username)} is not blocked any more.`);
}

/** `/safety`: the number that both sides must see alike. */
export async function safety(chat: Chat, argument: string): Promise<void> {
  await showSafetyNumber(chat, await chat.contactNamed(argument));
}

/** `/verify`: the user has compared the number. */
export async function verify(chat: Chat, argument: string): Promise<void> {
  const contact = await chat.contactNamed(argument);
  const name = safeLine(contact.username);
  await showSafetyNumber(chat, contact);
  const answer = await chat.terminal.ask(`Does ${name} see the very same digits? Type yes:`);
  if (answer?.trim() !== 'yes') {
    chat.terminal.print('** Not verified.');
    return;
  }
  await chat.messenger.contacts.verify(contact.accountId, { kind: 'compared' });
  chat.terminal.print(`** ${name} is verified.`);
}

async function showSafetyNumber({ messenger, terminal }: Chat, contact: Contact): Promise<void> {
  const { displayable } = await messenger.contacts.safetyNumber(contact.accountId);
  terminal.print(
    `** Your safety number with ${safeLine(contact.username)}. Compare it in person, or on a call:`,
    ...safetyNumberLines(displayable),
  );
}

/** `/trust`: accepts the key a contact has changed to, after saying what that means. */
export async function trust(chat: Chat, argument: string): Promise<void> {
  const contact = await chat.contactNamed(argument);
  const name = safeLine(contact.username);
  if (contact.trust !== 'changed') throw new CommandError(`The key of ${name} has not changed.`);
  chat.terminal.print(
    `!! You are about to trust another key for ${name}.`,
    `!! If somebody pretends to be ${name}, that somebody will read what you write from now on.`,
    `!! Only go on if ${name} told you of a new device or installation, on another way than this chat.`,
  );
  const answer = await chat.terminal.ask(`Trust the new key of ${name}? Type yes:`);
  if (answer?.trim() !== 'yes') {
    chat.terminal.print('** The old key stays; nothing is sent.');
    return;
  }
  await chat.messenger.contacts.acceptIdentity(contact.accountId);
  chat.terminal.print(`** The new key of ${name} is trusted, and not verified: see /verify ${name}`);
}
