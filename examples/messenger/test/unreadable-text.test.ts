import { mostCounted } from '@sotto/example-vue-composables';
import { expect, it } from 'vitest';
import { strings } from '../src/text/strings.js';

const { unreadable } = strings.chat;

it('says how many could not be read, and promises no more than is asked for', () => {
  const textOf = (count: number) => unreadable['asked-for']('Bob', count);
  expect(textOf(1)).toBe('A message from Bob could not be read. It is asked for again automatically.');
  expect(textOf(3)).toBe('3 messages from Bob could not be read. They are asked for again automatically.');
  expect(textOf(6)).toBe(
    '6 messages from Bob could not be read. As many as possible are asked for again automatically.',
  );
});

it('ends counting where the counting ends', () => {
  expect(unreadable.lost('Bob', mostCounted - 1)).toContain('99 messages from Bob had to be dropped.');
  expect(unreadable.lost('Bob', mostCounted)).toContain('More than 99 messages from Bob had to be dropped.');
});

it('speaks of one in the singular where it is tried again', () => {
  expect(unreadable['tried-again']('Bob', 1)).toBe(
    'A message from Bob cannot be read yet. It is tried again automatically.',
  );
  expect(unreadable['tried-again']('Bob', 2)).toBe(
    '2 messages from Bob cannot be read yet. They are tried again automatically.',
  );
});
