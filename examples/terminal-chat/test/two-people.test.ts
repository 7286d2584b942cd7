/** Two people chat through a real relay, each in a process of the chat with piped input. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bundleSources, type Bundle } from '../../../test/end-to-end/support/bundle.js';
import { freePort, LineProcess } from '../../../test/end-to-end/support/processes.js';

let bundle: Bundle;
let folder: string;
let relayUrl: string;
let relay: LineProcess;
const chats: LineProcess[] = [];

function chat(
  name: string,
  env: NodeJS.ProcessEnv = { SOTTO_PASSWORD: 'correct horse battery' },
): LineProcess {
  const started = new LineProcess({
    file: bundle.file('chat'),
    args: ['--name', name, '--relay', relayUrl, '--data', join(folder, name)],
    // Without a choice from outside the engines differ, so that they talk to each other.
    env: { SOTTO_PASSWORD: undefined, SOTTO_ENGINE: process.env['SOTTO_ENGINE'] ?? engineOf(name), ...env },
  });
  chats.push(started);
  return started;
}

function engineOf(name: string): string {
  return name === 'bob' ? 'libsignal' : 'portable';
}

async function codeOf(started: LineProcess): Promise<string> {
  return (await started.line(/^ {5}(@\S+#\S+)$/))[1] as string;
}

beforeAll(async () => {
  bundle = await bundleSources({ chat: 'examples/terminal-chat/src/main.ts', relay: 'server/src/main.ts' });
  folder = mkdtempSync(join(tmpdir(), 'sotto-chat-'));
  const port = await freePort();
  relayUrl = `http://127.0.0.1:${port}`;
  relay = new LineProcess({
    file: bundle.file('relay'),
    env: { SOTTO_PORT: String(port), SOTTO_DATA: join(folder, 'relay'), SOTTO_LOG_LEVEL: 'info' },
  });
  await relay.line(/"listening"/);
}, 120_000);

afterEach(async () => {
  for (const started of chats.splice(0)) await started.kill();
});

afterAll(async () => {
  await relay.kill();
  bundle.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe('two people', { timeout: 120_000 }, () => {
  it('find each other by code, chat with marks, verify, and find everything again later', async () => {
    const alice = chat('alice');
    const bob = chat('bob');
    const bobCode = await codeOf(bob);
    await alice.line(/^\*\* Connected/);
    alice.write(`/add ${bobCode}`);
    await alice.line(/^\*\* Added: bob \(checked by contact code\)/);
    alice.write('hello bob');
    await alice.line(/^✓ {2}sent to bob \(1\)/);

    await bob.line(/^\*\* alice \(not verified\) wants to write to you: \/accept alice or \/block alice/);
    await bob.line(/^ {3}alice: hello bob$/);
    bob.write('hello whoever');
    await bob.line(/^!! With whom\?/);
    bob.write('/requests');
    await bob.line(
      /^ {2}alice \(not verified, wants to write to you, 1 unread\)|^ {2}alice \(not verified, wants/,
    );
    bob.write('/accept alice');
    await bob.line(/^\*\* alice is a contact now/);
    bob.write('hi alice \u001b[2Jboo\u0007');
    await alice.line(/^ {3}bob: hi alice <U\+001B>\[2Jboo<U\+0007>$/);
    await bob.line(/^✓✓ delivered to alice/);
    // A stranger's message request is answered with nothing, and with its receipt once it is accepted.
    await alice.line(/^✓✓ delivered to bob/);

    alice.write('/safety bob');
    bob.write('/verify alice');
    const [ofAlice] = await alice.line(/^ {4}\d{5}( \d{5}){3}$/);
    const [ofBob] = await bob.line(/^ {4}\d{5}( \d{5}){3}$/);
    expect(ofBob).toBe(ofAlice);
    bob.write('yes');
    await bob.line(/^\*\* alice is verified/);

    alice.write('/quit');
    expect(await alice.ended()).toBe(0);
    bob.write('are you there?');
    await bob.line(/^✓ {2}sent to alice \(3\)/);
    bob.endInput();
    expect(await bob.ended()).toBe(0);

    const again = chat('alice', {});
    expect(await codeOf(again)).toBe(await codeOf(alice));
    await again.line(/^ {3}bob: are you there\?$/);
    again.write('/chat bob');
    await again.line(/^✓✓ you → bob \(1\): hello bob$/);
    expect(again.lines.join('\n') + again.errors).not.toContain('correct horse');
  });

  it('finds somebody verified by the link of a QR code, and signs out for good', async () => {
    const carol = chat('carol');
    const dora = chat('dora');
    const [link] = (await dora.line(/sotto:contact#\S+/)) as unknown as [string];
    carol.write(`/add ${link}`);
    await carol.line(/^\*\* Added: dora \(verified\)/);
    carol.write(`/add ${link.replace('127.0.0.1', '127.0.0.2')}`);
    await carol.line(/^!! The contact link is of an account at another relay/);
    dora.write('/link');
    await dora.line(/^ {5}sotto:contact#sotto-contact=1&\S+$/);

    dora.write('/signout delete');
    await dora.line(/^Sign out\? Type yes:/);
    dora.write('no');
    await dora.line(/^\*\* Nothing was changed/);
    dora.write('/signout delete');
    dora.write('yes');
    await dora.line(/^\*\* Signed out/);
    expect(await dora.ended()).toBe(0);
    const newcomer = chat('dora');
    expect(await newcomer.ended()).toBe(1);
    expect(newcomer.errors).toMatch(/^terminal-chat: [^\n]*name[^\n]*\n$/);
  });

  it('says what is wrong in one line, and nothing about what was typed', async () => {
    const eve = chat('eve');
    await eve.line(/^\*\* Connected/);
    const typed = ['/add hunter2', '/chat nobody', '/nonsense', '/verify', '/trust'];
    for (const line of typed) eve.write(line);
    eve.endInput();
    expect(await eve.ended()).toBe(0);
    const complaints = eve.lines.filter((line) => line.startsWith('!!'));
    expect(complaints).toHaveLength(typed.length);
    expect(complaints.join('\n')).not.toContain('hunter2');
  });

  it('does not start without a password, or on a folder in use', async () => {
    const nobody = chat('nobody', {});
    expect(await nobody.ended()).toBe(1);
    expect(nobody.errors).toBe('terminal-chat: there is nobody to ask for a password: set SOTTO_PASSWORD\n');
    const fred = chat('fred');
    await fred.line(/^\*\* Connected/);
    const twice = chat('fred');
    expect(await twice.ended()).toBe(1);
    expect(twice.errors).toMatch(/^terminal-chat: [^\n]+\n$/);
  });
});
