/** Backups in files and the ways back to an account, by the chat's own commands: on pipes and on a terminal. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createMessenger, type BackupProgress, type Messenger } from '@sotto/sdk';
import { memoryStorage } from '@sotto/sdk/storage/memory';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { createTestNetwork, type TestNetwork, type TestUser } from '@sotto/sdk/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseChatArgs } from '../src/args.js';
import { Chat } from '../src/chat.js';
import { obey } from '../src/commands.js';
import { showHappenings } from '../src/happenings.js';
import { progressBar } from '../src/recovery.js';
import { openAccount } from '../src/registration.js';
import { openTerminal } from '../src/terminal.js';
import { VirtualScreen } from './support/virtual-screen.js';

const hourMs = 60 * 60 * 1000;
const password = 'correct horse battery';

let folder: string;
let network: TestNetwork;
let alice: TestUser;
let bob: TestUser;
const messengers: Messenger[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sotto-chat-recovery-'));
  network = createTestNetwork();
  alice = await network.user('alice', { password });
  bob = await network.user('bob');
  await network.introduce(alice, bob);
  await bob.messenger.messages.send(alice.id, { text: 'remember this' });
  await network.settle();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
  for (const messenger of [...messengers.splice(0), alice.messenger, bob.messenger]) await messenger.close();
});

/** A chat on pipes. */
function chatOf(messenger: Messenger) {
  const output = new PassThrough();
  const terminal = openTerminal({ input: new PassThrough(), output });
  const chat = new Chat({ messenger, terminal, ownName: 'alice' });
  showHappenings(chat, { loginRequired: () => undefined, finished: () => undefined });
  return { chat, terminal, printed: () => String(output.read() ?? '') };
}

/** A new device: `terminal-chat` with these words and an empty folder. */
async function started(...words: string[]) {
  const messenger = await createMessenger({
    engine: portableEngine({ random: network.random }),
    storage: memoryStorage(),
    transport: network.transport(),
    clock: network.clock,
  });
  messengers.push(messenger);
  const pipes = chatOf(messenger);
  const options = parseChatArgs(['--name', 'alice', ...words], {});
  return { messenger, ...pipes, open: () => openAccount(messenger, pipes.terminal, options) };
}

async function written(command: string, file = join(folder, 'alice.sotto-backup')) {
  const { chat, printed } = chatOf(alice.messenger);
  await obey(chat, `${command} ${file}`);
  return { file, said: printed() };
}

describe('a backup', () => {
  it('goes to a file under a key that is shown once, is checked, and brings the account back', async () => {
    const { file, said } = await written('/backup');
    expect(said).toMatch(
      /\[#{24}\] 100 %, 1 messages\n\*\* Written to [^]* {3}([0-9A-Z]{4}-){7}[0-9A-Z]{4}\n/,
    );
    expect(readdirSync(folder)).toEqual(['alice.sotto-backup']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file).includes('remember this')).toBe(false);
    const { chat, printed } = chatOf(alice.messenger);
    await obey(chat, `/check-backup ${file}`);
    expect(printed()).toContain('!! there is nobody to ask: set SOTTO_RECOVERY_KEY.');
    vi.stubEnv('SOTTO_RECOVERY_KEY', /(?:[0-9A-Z]{4}-){7}[0-9A-Z]{4}/.exec(said)![0]);
    await obey(chat, `/check-backup ${file}`);
    expect(printed()).toMatch(/\[#{24}\] 100 %, 1 messages\n\*\* It is whole: 1 contacts, 1 messages\.\n$/);

    const { messenger, open, printed: restored } = await started('--restore', file);
    expect((await open())?.username).toBe('alice');
    expect(restored()).toMatch(
      /\[#{24}\] 100 %[^]*\*\* You are back: 1 contacts, 1 messages\.\n[^]*missing\./,
    );
    const [message] = await messenger.messages.list(bob.id);
    expect(message?.body).toEqual({ kind: 'text', text: 'remember this' });
  });

  it('takes a password instead, which is not the one of the account, and asks for that', async () => {
    vi.stubEnv('SOTTO_BACKUP_PASSWORD', password);
    const refused = await written('/backup --password');
    expect(refused.said).toMatch(/^!! [^\n]*password/);
    expect(readdirSync(folder)).toEqual([]);
    vi.stubEnv('SOTTO_BACKUP_PASSWORD', 'another one altogether');
    const { file, said } = await written('/backup --password');
    expect(said).toContain('** Written to');
    expect(said).not.toContain('another one altogether');
    vi.stubEnv('SOTTO_BACKUP_PASSWORD', 'a wrong one');
    const { chat, printed } = chatOf(alice.messenger);
    await obey(chat, `/check-backup ${file}`);
    expect(printed()).toMatch(/^!! /);
    vi.stubEnv('SOTTO_BACKUP_PASSWORD', 'another one altogether');
    const { open } = await started('--restore', file);
    expect((await open())?.accountId).toBe(alice.id);
  });

  it('leaves nothing behind where it cannot be written, or the password was typed differently', async () => {
    const nowhere = await written('/backup', join(folder, 'no', 'such', 'folder'));
    expect(nowhere.said).toMatch(/!! There is no such file or folder\.\n$/);
    const keyboard = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => keyboard });
    const screen = new VirtualScreen(100, 30);
    const terminal = openTerminal({ input: keyboard, output: screen });
    const chat = new Chat({ messenger: alice.messenger, terminal, ownName: 'alice' });
    const done = obey(chat, `/backup --password ${join(folder, 'typed')}`);
    await network.settle();
    keyboard.write('a good password\r');
    await network.settle();
    keyboard.write('a good passwort\r');
    await done;
    expect(screen.text()).toContain('!! These were two different passwords.');
    expect(screen.text()).not.toContain('a good passwor');
    expect(readdirSync(folder)).toEqual([]);
    terminal.close();
  });
});

it('asks again for a recovery key that was mistyped, and lets go of it', async () => {
  const { file } = await written('/backup');
  const keyboard = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => keyboard });
  const screen = new VirtualScreen(100, 30);
  const terminal = openTerminal({ input: keyboard, output: screen });
  const chat = new Chat({ messenger: alice.messenger, terminal, ownName: 'alice' });
  const done = obey(chat, `/check-backup ${file}`);
  const type = async (text: string) => {
    await vi.waitFor(() => expect(screen.text().trimEnd()).toMatch(/Recovery key:$/));
    keyboard.write(`${text}\r`);
  };
  await type('MTX8-0M92');
  await vi.waitFor(() => expect(screen.text()).toContain('Try again, or type nothing to leave it.'));
  await type('');
  await done;
  expect(screen.text()).not.toContain('It is whole');
  expect(screen.text()).not.toContain('MTX8');
  terminal.close();
});

it('opens the account that is there, and says that nothing else was done', async () => {
  const { open, printed, messenger } = await started('--restore', join(folder, 'nowhere'));
  await expect(open()).rejects.toMatchObject({ code: 'ENOENT' });
  await messenger.account.register({ username: 'alice_again', password });
  expect((await open())?.username).toBe('alice_again');
  expect(printed()).toContain('** There is an account in this folder already');
});

it('shows a bar that grows by quarters', () => {
  const lines: string[] = [];
  const tell = progressBar({ print: (line) => void lines.push(line!) }, ({ bytes }) => bytes / 1000);
  const progress = { phase: 'content', messages: 7, messagesTotal: undefined } as const;
  tell({ phase: 'key', bytes: 0, messages: 0, messagesTotal: undefined });
  for (let bytes = 0; bytes <= 1000; bytes += 50) tell({ ...progress, bytes } satisfies BackupProgress);
  expect(lines).toEqual(
    [0, 25, 50, 75, 100].map(
      (percent) => `   [${'#'.repeat((24 * percent) / 100).padEnd(24, '.')}] ${percent} %, 7 messages`,
    ),
  );
});

describe('a reset', () => {
  it('waits while a device is in use, which is told and may object', async () => {
    vi.stubEnv('SOTTO_PASSWORD', password);
    const { chat, printed } = chatOf(alice.messenger);
    const { open, printed: heir } = await started('--reset');
    expect(await open()).toBeUndefined();
    expect(heir()).toContain(
      '** A device of this account is in use, and is asked first. Start this again in 24 hours.',
    );
    await network.pass(13 * hourMs);
    expect(printed()).toMatch(
      /\*\* Somebody with your password wants to reset this account\. Until [^\n]* \/object stops it\.\n/,
    );
    await obey(chat, '/object');
    expect(printed()).toContain(
      '** Nobody resets this account now. Whoever asked for it knows your password.',
    );
    await expect(open()).rejects.toMatchObject({ code: 'reset-objected' });
  });

  it('begins the account anew under another key when nobody objects', async () => {
    vi.stubEnv('SOTTO_PASSWORD', password);
    const { open, printed } = await started('--reset');
    expect(await open()).toBeUndefined();
    await network.pass(24 * hourMs);
    const profile = await open();
    expect(profile).toMatchObject({ username: 'alice', accountId: alice.id });
    expect(printed()).toContain(
      '** This account has a new key. Your contacts are warned, and have to accept it.',
    );
  });
});
