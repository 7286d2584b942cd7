/** Lines about messages, contacts and failures. */
import { SottoError, type AccountId, type Contact, type Message, type Username } from '@sotto/sdk';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../src/args.js';
import {
  contactLine,
  errorLine,
  failureWords,
  keyChangedLines,
  markOf,
  messageLine,
  safetyNumberLines,
  statusLine,
} from '../src/format.js';

const account = '7b1a3f52-1c4e-4f6a-9d0b-2f7c8e5a1b3d' as AccountId;

function message(change: Partial<Message>): Message {
  return {
    id: 'AAAAAAAAAAAAAAAAAAAAAA' as Message['id'],
    conversationId: account,
    seq: 3,
    sender: account,
    sentAt: 0,
    receivedAt: 0,
    status: 'received',
    failure: null,
    request: false,
    body: { kind: 'text', text: 'hello' },
    ...change,
  };
}

describe('messages', () => {
  it('shows who wrote and, of own ones, the number', () => {
    expect(messageLine(message({}), 'bob')).toBe('bob: hello');
    expect(messageLine(message({ status: 'sent' }), 'bob')).toBe('you → bob (3): hello');
  });

  it('gives every state a mark of two columns, and no two the same', () => {
    const states = ['received', 'pending', 'sent', 'delivered', 'failed'] as const;
    const marks = states.map((status) => markOf({ status }));
    expect(marks.map((mark) => [...mark].length)).toEqual([2, 2, 2, 2, 2]);
    expect(new Set(marks).size).toBe(states.length);
  });

  it('says why a message has failed', () => {
    const failed = message({ status: 'failed', failure: 'contact-blocked' });
    expect(statusLine(failed, 'bob')).toBe(
      '✗  not sent to bob (3): The contact is blocked. Unblock it first.',
    );
  });

  it('neutralises text, message types, names and codes alike', () => {
    const evil = '\x1b[2J';
    const lines = [
      messageLine(message({ body: { kind: 'text', text: evil } }), evil),
      messageLine(message({ body: { kind: 'unsupported', type: evil, json: '{}' } }), 'bob'),
      statusLine(message({ status: 'failed', failure: evil }), evil),
      ...keyChangedLines(evil),
    ];
    for (const line of lines) expect(line).not.toContain('\x1b');
  });
});

describe('contacts', () => {
  const contact: Contact = {
    accountId: account,
    username: 'bob' as Username,
    relation: 'accepted',
    trust: 'code-checked',
    identityKey: new Uint8Array(33),
    addedAt: 0,
  };

  it('says how far somebody is trusted, and what is new', () => {
    expect(contactLine(contact, 2)).toBe('  bob (checked by contact code, 2 unread)');
    expect(contactLine({ ...contact, relation: 'request', trust: 'unverified' })).toBe(
      '  bob (not verified, wants to write to you)',
    );
    expect(contactLine({ ...contact, trust: 'changed' })).toContain('KEY CHANGED');
  });

  it('shows a safety number as three rows of four groups', () => {
    const rows = safetyNumberLines('0123456789'.repeat(6));
    expect(rows.map((row) => row.trim())).toEqual(Array(3).fill('01234 56789 01234 56789'));
  });
});

describe('failures', () => {
  it('are one plain line from the table of codes', () => {
    expect(errorLine(new SottoError('contact-is-self'))).toBe(
      'The contact code or link is the own one. Enter somebody else’s.',
    );
    const limited = new SottoError('rate-limited', { details: { retryAfterMs: 1_200 } });
    expect(errorLine(limited)).toMatch(/ \(in 2 s\)$/);
  });

  it('say what was to be set and was not', () => {
    expect(errorLine(new UsageError('there is nobody to ask'))).toBe('there is nobody to ask.');
  });

  it('never show the message of an unexpected error, which may carry anything', () => {
    expect(errorLine(new TypeError('hunter2'))).toBe('This went wrong unexpectedly: TypeError.');
    expect(failureWords('no-such-code')).toBe('unknown reason (no-such-code)');
  });
});
