/** A whole conversation with all its failures: nothing it logs, prints, throws or shows when inspected holds a secret. */
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Logger } from '../../src/ports/host.js';
import { memoryStorage } from '../../src/storage/memory/index.js';
import { makeProblem } from '../../src/wire/index.js';
import { secretsOf } from '../support/device-secrets.js';
import { introduced, type Party } from '../support/party.js';
import { findSecrets, secretText, type NamedSecret } from '../support/secret-scan.js';
import { World } from '../support/world.js';

/** Everything anybody could read, as text. */
const shown: string[] = [];
const logger: Logger = {
  log: (level, event, fields) => {
    show({ level, event, fields });
  },
};

/** A value in every way in which it may end up in a log. */
function show(value: unknown): void {
  shown.push(String(value), inspect(value, { depth: 20, showHidden: true, maxArrayLength: null }));
  try {
    shown.push(JSON.stringify(value) ?? '');
  } catch {
    // What cannot be spelled as JSON is spelled in no log of JSON lines.
  }
  if (value instanceof Error)
    show({ stack: value.stack, cause: value.cause, entries: Object.entries(value) });
}

function findings(secrets: readonly NamedSecret[]) {
  // Numbers of a long list are printed in columns.
  const text = shown.map((line) => `${line}\n${line.replace(/\s+/g, ' ')}`).join('\n');
  return findSecrets(Buffer.from(text), secrets).map(({ name, form }) => `${name} as ${form}`);
}

/** Calls, and shows what it throws. */
async function failing(call: () => Promise<unknown>): Promise<void> {
  await call().then(
    () => expect.unreachable('this must fail'),
    (error: unknown) => {
      show(error);
    },
  );
}

const sinks = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const;

beforeEach(() => {
  shown.length = 0;
  for (const sink of sinks) {
    vi.spyOn(console, sink).mockImplementation((...values: unknown[]) => {
      values.forEach(show);
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a conversation and all that can fail in it', () => {
  it('shows no secret to whoever reads logs, errors and consoles', async () => {
    const world = new World('secrets');
    const wired: NamedSecret[] = [];
    world.relay.tamper.delay = (call) => {
      if (call.operation === 'accounts.register' || call.operation === 'auth.login') {
        wired.push({ name: `a login key (${call.number})`, bytes: call.request.loginKey });
      }
      return undefined;
    };
    const handled: string[] = [];
    const { alice, bob, aliceId, bobId } = await introduced('secrets', {
      world,
      alice: { logger },
      bob: {
        logger,
        onMessage: async (message, unit) => {
          handled.push(message.id);
          unit.put('kept', new TextEncoder().encode('what the handler keeps'));
          if (handled.length === 2) throw new Error('failing without a word');
          if (!message.request) await unit.send(message.sender, { text: 'the secret answer' });
        },
      },
    });
    const secrets: NamedSecret[] = [
      secretText('a plaintext', 'a text for bob alone'),
      secretText('an answer', 'the secret answer'),
      secretText('a greeting', 'hello bob'),
      secretText('an application record', 'what the handler keeps'),
      ...(await secretsOf(alice)),
      ...(await secretsOf(bob)),
    ];
    await alice.messenger.messages.send(bobId, { text: 'a text for bob alone' });
    await world.until(() => alice.texts.includes('the secret answer'));
    expect(bob.texts).toContain('a text for bob alone');

    await provokeFailures(world, alice, bob, { aliceId, bobId });
    for (const { messenger, transport } of [alice, bob]) [messenger, transport].forEach(show);
    secrets.push(...(await secretsOf(alice)), ...(await secretsOf(bob)), ...wired);
    expect(shown.length).toBeGreaterThan(100);
    expect(secrets.length).toBeGreaterThan(40);
    expect(findings(secrets)).toEqual([]);

    // The eyes are open: secrets that are planted are found, in each dress.
    const [canary] = secrets.filter(({ name }) => name.endsWith('identity key')) as [NamedSecret];
    console.log({ key: canary.bytes });
    logger.log('info', 'planted', { key: Buffer.from(canary.bytes).toString('base64url') });
    show(new Error('outer', { cause: new Error(Buffer.from(canary.bytes).toString('hex')) }));
    const forms = new Set(findings([canary]).map((found) => found.split(' as ')[1]));
    for (const form of ['decimal, spaced', 'base64url, shifted 0', 'hex']) expect(forms).toContain(form);
  });
});

async function provokeFailures(
  world: World,
  alice: Party,
  bob: Party,
  { aliceId, bobId }: { aliceId: Awaited<ReturnType<Party['id']>>; bobId: Awaited<ReturnType<Party['id']>> },
): Promise<void> {
  const { account, contacts, messages, preKeys } = alice.messenger;
  const code = await bob.code();
  await failing(() => account.register({ username: 'alice', password: alice.password }));
  await failing(() => account.login('short'));
  await failing(() => account.login(`not ${alice.password}`));
  await failing(() => contacts.add(code.slice(0, -1)));
  await failing(() => contacts.add(code.replace(/.$/, (last) => (last === '0' ? '1' : '0'))));
  await failing(async () => contacts.add(await alice.code()));
  await failing(() => contacts.verify(bobId, { kind: 'digits', digits: '1'.repeat(60) }));
  await failing(() => messages.send(aliceId, { text: 'a text for bob alone' }));
  await failing(() => messages.send(bobId, { text: 'a text for bob alone \ud800' }));
  await failing(() => messages.send(bobId, { text: 'a text for bob alone'.repeat(5_000) }));
  await failing(() => messages.send(bobId, { text: 7 as unknown as string }));
  // Answers that quote what is secret, in shapes no schema takes.
  world.relay.tamper.rawResponse = (encoded) => ({ unexpected: encoded, code, token: encoded });
  await failing(() => preKeys.status());
  await failing(() => contacts.add(code));
  await failing(() => account.login(alice.password));
  world.relay.tamper.rawResponse = undefined;
  world.relay.tamper = {};
  // Ciphertexts that cannot be read, and a relay that is not there.
  world.relay.tamper.envelopes = (page) =>
    page.map((envelope) => ({
      ...envelope,
      ciphertext: envelope.ciphertext.slice(1),
    }));
  await messages.send(bobId, { text: 'a text for bob alone' });
  await world.until(() => bob.undecryptable.length > 0);
  world.relay.tamper = { refuse: () => makeProblem('unavailable') };
  await failing(() => preKeys.replenish());
  await messages.send(bobId, { text: 'a text for bob alone' });
  await world.pass(2_000);
  world.relay.tamper = {};
  world.relay.revokeTokens(await alice.address());
  await failing(() => preKeys.status());
  await account.login(alice.password);
  await world.until(() => alice.messenger.connection.kind === 'online');
  // Records that cannot be read any more.
  await damage(bob, 'account/self');
}

/** Cuts a record in the middle: what is left is JSON no longer, and full of secrets. */
async function damage(party: Party, key: string): Promise<void> {
  party.kill();
  const storage = memoryStorage({ medium: party.medium });
  const fence = await storage.acquire();
  const [value] = await storage.get([key]);
  const intact = value!.slice();
  await storage.commit([{ key, value: intact.slice(0, -20) }], { fence });
  await failing(() => party.start());
  const again = memoryStorage({ medium: party.medium });
  await again.commit([{ key, value: intact }], { fence: await again.acquire() });
  await party.start();
}
