/** Turns contacts, messages and failures into lines. Pure; every text of other people goes through `safe-text`. */
import {
  describeError,
  isSottoError,
  type Contact,
  type Message,
  type MessageStatus,
  type SottoErrorCode,
} from '@sotto/sdk';
import { UsageError } from './args.js';
import { safeLine, safeText } from './safe-text.js';

/** Delivery marks, two columns wide each. */
const marks: Readonly<Record<MessageStatus, string>> = {
  received: '  ',
  pending: '· ',
  sent: '✓ ',
  delivered: '✓✓',
  failed: '✗ ',
};

/** How far a contact is trusted, in words. */
const trustWords: Readonly<Record<Contact['trust'], string>> = {
  unverified: 'not verified',
  'code-checked': 'checked by contact code',
  verified: 'verified',
  changed: 'KEY CHANGED: see /trust',
};

/** The mark of a message. */
export function markOf({ status }: Pick<Message, 'status'>): string {
  return marks[status];
}

/** A message without its mark, such as `bob: hello`. Own ones carry their number, for `/retry`. */
export function messageLine(message: Message, peer: string): string {
  const text = bodyText(message.body);
  if (message.status === 'received') return `${safeLine(peer)}: ${text}`;
  return `you → ${safeLine(peer)} (${message.seq}): ${text}`;
}

function bodyText(body: Message['body']): string {
  if (body.kind === 'text') return safeText(body.text);
  return `(a message of the type ${safeLine(body.type)}, which this version cannot show)`;
}

/** What has become of an own message, for where its mark cannot be changed. */
export function statusLine(message: Message, peer: string): string {
  const words = {
    received: '',
    pending: 'waiting',
    sent: 'sent',
    delivered: 'delivered',
    failed: 'not sent',
  };
  const reason = message.failure === null ? '' : `: ${failureWords(message.failure)}`;
  return `${markOf(message)} ${words[message.status]} to ${safeLine(peer)} (${message.seq})${reason}`;
}

/** A contact in a list. */
export function contactLine({ username, relation, trust }: Contact, unread = 0): string {
  const state = { accepted: '', request: ', wants to write to you', blocked: ', blocked' }[relation];
  const news = unread > 0 ? `, ${unread} unread` : '';
  return `  ${safeLine(username)} (${trustWords[trust]}${state}${news})`;
}

/** A stored failure code in words. */
export function failureWords(code: string): string {
  try {
    const { when, next } = describeError(code as SottoErrorCode);
    return `${when} ${next}`;
  } catch {
    return `unknown reason (${safeLine(code)})`;
  }
}

/** What can be wrong with a file that somebody has named. */
const fileWords: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'There is no such file or folder.'],
  ['EACCES', 'This file or folder may not be used by you.'],
  ['EISDIR', 'This is a folder, not a file.'],
  ['ENOSPC', 'There is no room left on the disk.'],
]);

/** A failure as one plain line. */
export function errorLine(error: unknown): string {
  if (isSottoError(error)) {
    const { when, next } = describeError(error.code);
    if (error.code === 'engine-mismatch') {
      return `${when} Start with SOTTO_ENGINE=${error.details.engine}, or choose another folder.`;
    }
    const wait = 'retryAfterMs' in error.details ? ` (in ${seconds(error.details.retryAfterMs)})` : '';
    return `${when} ${next}${wait}`;
  }
  // What was to be typed, or set, and was not: its message says it.
  if (error instanceof UsageError) return `${error.message}.`;
  const { name, code } = error as { name?: string; code?: string };
  const words = fileWords.get(code ?? '');
  if (words) return words;
  return `This went wrong unexpectedly: ${safeLine(code ?? name ?? 'unknown failure')}.`;
}

function seconds(ms = 0): string {
  return `${Math.ceil(ms / 1000)} s`;
}

/** The 60 digits of a safety number as people read them to each other. */
export function safetyNumberLines(displayable: string): string[] {
  const groups = displayable.match(/.{5}/g) ?? [];
  return [0, 4, 8].map((start) => `    ${groups.slice(start, start + 4).join(' ')}`);
}

/** The warning that somebody's identity key is another one. */
export function keyChangedLines(peer: string): string[] {
  const name = safeLine(peer);
  return [
    `!! The key of ${name} has changed.`,
    `!! Either ${name} has a new device or installation, or somebody pretends to be ${name}.`,
    `!! Nothing is sent to ${name}, and what comes from ${name} is kept back, until you decide:`,
    `!!   ask ${name} on another way, in person or by phone, whether this is so; then type /trust ${name}`,
  ];
}
