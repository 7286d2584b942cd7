/** The command line. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseChatArgs, UsageError } from '../src/args.js';

describe('parseChatArgs', () => {
  it('has a default for everything', () => {
    expect(parseChatArgs([], {})).toEqual({
      name: 'me',
      username: undefined,
      relayOrigin: 'http://127.0.0.1:8787',
      dataFolder: join('.sotto', 'chat', 'me'),
      restore: undefined,
      reset: false,
      help: false,
    });
  });

  it('takes the relay from the option, else from the environment', () => {
    const environment = { SOTTO_RELAY: 'https://relay.example.org' };
    expect(parseChatArgs([], environment).relayOrigin).toBe('https://relay.example.org');
    const given = parseChatArgs(['--relay', 'http://127.0.0.1:1/'], environment);
    expect(given.relayOrigin).toBe('http://127.0.0.1:1');
  });

  it.each([['../alice'], ['a/b'], [''], ['.'], ['-']])(
    'refuses a name that could be another folder: %j',
    (name) => {
      expect(() => parseChatArgs([`--name=${name}`], {})).toThrow(UsageError);
    },
  );

  it.each([['ftp://x'], ['relay'], ['http://x/path']])('refuses a relay that is no origin: %s', (relay) => {
    expect(() => parseChatArgs(['--relay', relay], {})).toThrow(UsageError);
  });

  it.each([[['--password', 'hunter2']], [['--password=hunter2']], [['hunter2']]])(
    'takes no password, and does not repeat one: %j',
    (words) => {
      expect(() => parseChatArgs(words, {})).toThrow(UsageError);
      expect(() => parseChatArgs(words, {})).not.toThrow(/hunter2/);
    },
  );
});
