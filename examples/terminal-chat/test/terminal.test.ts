/** The prompt survives what is printed above it, marks change where they stand, secrets stay unseen. */
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { openTerminal, type Terminal } from '../src/terminal.js';
import { VirtualScreen } from './support/virtual-screen.js';

class Keyboard extends PassThrough {
  readonly isTTY = true;
  setRawMode(): this {
    return this;
  }
}

let terminal: Terminal | undefined;

function open(columns = 40, rows = 12) {
  const keyboard = new Keyboard();
  const screen = new VirtualScreen(columns, rows);
  terminal = openTerminal({ input: keyboard, output: screen });
  terminal.setPrompt('me> ');
  return { keyboard, screen, terminal };
}

/** Types, and waits until readline has seen it. */
async function type(keyboard: Keyboard, text: string): Promise<void> {
  keyboard.write(text);
  await turn();
}

afterEach(() => terminal?.close());

describe('on a terminal', () => {
  it('prints above the line being typed', async () => {
    const { keyboard, screen, terminal } = open();
    await type(keyboard, 'half a sent');
    terminal.print('bob: hello');
    await type(keyboard, 'ence');
    expect(screen.text()).toBe('bob: hello\nme> half a sentence');
    expect(screen.beforeCursor()).toBe('me> half a sentence');
  });

  it('does so when the line being typed is longer than a row, and the screen scrolls', async () => {
    const { keyboard, screen, terminal } = open(20, 5);
    await type(keyboard, 'x'.repeat(50));
    for (let index = 0; index < 10; index += 1) terminal.print(`line ${index}`);
    await type(keyboard, 'y');
    const lines = Array.from({ length: 10 }, (_, index) => `line ${index}`);
    const typed = `me> ${'x'.repeat(50)}y`;
    expect(screen.text()).toBe(
      [...lines, typed.slice(0, 20), typed.slice(20, 40), typed.slice(40)].join('\n'),
    );
  });

  it('takes the entered line away, to be shown by the program in its own form', async () => {
    const { keyboard, screen, terminal } = open();
    await type(keyboard, 'hello\r');
    expect(await terminal.next()).toEqual({ kind: 'line', text: 'hello' });
    terminal.printMarked('1', '· ', 'you → bob (1): hello');
    expect(screen.text()).toBe('·  you → bob (1): hello\nme>');
  });

  it('changes a mark where it stands, whatever is below it', async () => {
    const { keyboard, screen, terminal } = open();
    terminal.printMarked('1', '· ', 'first');
    terminal.printMarked('2', '· ', 'second');
    terminal.print('bob: a line that is longer than the forty columns there are');
    await type(keyboard, 'typing');
    expect(terminal.changeMark('1', '✓✓')).toBe(true);
    expect(terminal.changeMark('2', '✓ ')).toBe(true);
    await type(keyboard, '!');
    expect(screen.text()).toBe(
      '✓✓ first\n✓  second\nbob: a line that is longer than the fort\ny columns there are\nme> typing!',
    );
  });

  it('does not touch a mark that has left the screen, or whose place is not sure', () => {
    const { screen, terminal } = open(40, 5);
    terminal.printMarked('1', '· ', 'first');
    for (let index = 0; index < 5; index += 1) terminal.print(`line ${index}`);
    expect(terminal.changeMark('1', '✓ ')).toBe(false);
    terminal.printMarked('2', '· ', 'second');
    terminal.print('bob: 你好');
    expect(terminal.changeMark('2', '✓ ')).toBe(false);
    expect(screen.text()).not.toContain('✓');
    expect(terminal.changeMark('unknown', '✓ ')).toBe(false);
  });

  it('asks for a secret without showing it, while messages come in', async () => {
    const { keyboard, screen, terminal } = open();
    await type(keyboard, 'half a sentence');
    const asked = terminal.ask('Password:', { secret: true });
    await type(keyboard, 'hunt');
    terminal.print('bob: hello');
    await type(keyboard, 'er2\r');
    expect(await asked).toBe('hunter2');
    expect(screen.text()).toBe('bob: hello\nPassword:\nme> half a sentence');
    // The arrow keys do not bring it back either.
    await type(keyboard, '\x15\x1b[A');
    expect(screen.text()).not.toContain('hunter2');
  });

  it('does not take a line that was typed before the question for its answer', async () => {
    const { keyboard, terminal } = open();
    await type(keyboard, 'yes\r');
    const asked = terminal.ask('Sure? Type yes:');
    await type(keyboard, 'no\r');
    expect(await asked).toBe('no');
  });

  it('hands out jobs and lines in order, and ends on Ctrl-C', async () => {
    const { keyboard, terminal } = open();
    await type(keyboard, 'one\r');
    terminal.push(async () => undefined);
    expect((await terminal.next())?.kind).toBe('line');
    expect((await terminal.next())?.kind).toBe('job');
    await type(keyboard, '\x03');
    expect(await terminal.next()).toBeUndefined();
  });
});

describe('on pipes', () => {
  it('hands out lines, prints lines, and never asks for a secret', async () => {
    const input = new PassThrough();
    const output = new PassThrough();
    terminal = openTerminal({ input, output });
    input.end('/chat bob\nhello\nyes\n');
    terminal.print('one');
    terminal.printMarked('1', '· ', 'two');
    expect(terminal.changeMark('1', '✓ ')).toBe(false);
    expect(await terminal.next()).toEqual({ kind: 'line', text: '/chat bob' });
    expect(await terminal.next()).toEqual({ kind: 'line', text: 'hello' });
    expect(await terminal.ask('Password:', { secret: true })).toBeUndefined();
    expect(await terminal.ask('Sure?')).toBe('yes');
    expect(await terminal.next()).toBeUndefined();
    expect(String(output.read())).toBe('one\n·  two\nSure?\n');
  });

  it('reads on after more lines than it holds', async () => {
    const input = new PassThrough();
    terminal = openTerminal({ input, output: new PassThrough() });
    input.end(Array.from({ length: 2_000 }, (_, index) => `${index}\n`).join(''));
    for (let index = 0; index < 2_000; index += 1) {
      expect(await terminal.next()).toEqual({ kind: 'line', text: String(index) });
    }
    expect(await terminal.next()).toBeUndefined();
  });
});
