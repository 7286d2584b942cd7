/**
 * What a relay holds, logs and is sent during a busy run is scanned for everything it must never see.
 * The relay is real, on a folder; the clients are real, on folders of their own; all traffic passes a
 * proxy that keeps it.
 */
import { readdir, readFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createMessenger, type Message, type Messenger, type ProtocolEngine } from '@sotto/sdk';
import { levelStorage } from '@sotto/sdk/storage/level';
import { socketIoTransport } from '@sotto/sdk/transport/socket-io';
import { createRelay, type Relay } from '@sotto/relay';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineFor, secretIn } from '../../sdk/test/support/engines.js';
import { SecretScanner, secretText, type NamedSecret } from '../../sdk/test/support/secret-scan.js';
import { startRecordingProxy, type RecordingProxy } from './support/recording-proxy.js';

const messagesEachWay = 40;
const passwords = { alice: 'alice: a password nobody may see', bob: 'bob: another one, just as secret' };

/** A device's engine, with every private key it makes noted. */
function notingEngine(device: string, secrets: NamedSecret[]): ProtocolEngine {
  const engine = engineFor(device);
  return new Proxy(engine, {
    get(target, name, receiver) {
      if (name === 'generateIdentity') {
        return async () => {
          const identity = await target.generateIdentity();
          secrets.push({ name: 'identity key', bytes: identity.privateKey.expose().slice() });
          return identity;
        };
      }
      if (name === 'generatePreKeys') {
        return async (input: Parameters<ProtocolEngine['generatePreKeys']>[0]) => {
          const step = await target.generatePreKeys(input);
          for (const { key, value } of step.changes) {
            const bytes = value && secretIn(target, key, value);
            if (bytes) secrets.push({ name: key, bytes });
          }
          return step;
        };
      }
      const member: unknown = Reflect.get(target, name, receiver);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe('a busy relay', () => {
  const secrets: NamedSecret[] = [];
  const logLines: string[] = [];
  let scanner: SecretScanner;
  let folder: string;
  let relay: Relay;
  let proxy: RecordingProxy;

  async function open(name: 'alice' | 'bob'): Promise<Messenger> {
    return createMessenger({
      engine: notingEngine(name, secrets),
      storage: levelStorage(join(folder, name)),
      transport: socketIoTransport({ url: proxy.url }),
      messageRequests: 'accept',
    });
  }

  async function register(name: 'alice' | 'bob'): Promise<Messenger> {
    const messenger = await open(name);
    await messenger.account.register({ username: name, password: passwords[name] });
    await messenger.connect();
    return messenger;
  }

  function heard(messenger: Messenger, count: number): Promise<Message[]> {
    const messages: Message[] = [];
    return new Promise((resolve) => {
      messenger.on('message', ({ message }) => {
        messages.push(message);
        if (messages.length === count) resolve(messages);
      });
    });
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sotto-blind-'));
    const logSink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        logLines.push(chunk.toString());
        done();
      },
    });
    relay = await createRelay(
      { port: 0, dataFolder: join(folder, 'relay'), logLevel: 'debug', limitFactor: 1_000 },
      { logSink },
    );
    proxy = await startRecordingProxy(relay.port);
    await busyRun();
    await relay.close();
    scanner = new SecretScanner(secrets);
  }, 180_000);

  afterAll(async () => {
    await proxy.close();
    await rm(folder, { recursive: true });
  });

  async function busyRun(): Promise<void> {
    const [alice, bob] = [await register('alice'), await register('bob')];
    const bobProfile = await bob.account.profile();
    if (!bobProfile) throw new Error('bob has no profile');
    await expect(alice.contacts.add('@bob#0000-0000-0000')).rejects.toMatchObject({ code: 'not-found' });
    const { accountId: bobId } = await alice.contacts.add(bobProfile.contactCode);
    const aliceId = (await alice.account.profile())?.accountId;
    if (!aliceId) throw new Error('alice has no profile');
    const [atBob, atAlice] = [heard(bob, messagesEachWay), heard(alice, messagesEachWay)];
    const say = async (from: Messenger, to: typeof bobId, who: string, n: number) => {
      const text = `${who} tells secret number ${n}: ${'lorem '.repeat(n)}`;
      secrets.push(secretText(`message ${who} ${n}`, text.slice(0, 40)));
      await from.messages.send(to, { text });
    };
    await say(alice, bobId, 'alice', 0);
    while (!(await bob.contacts.get(aliceId))) await new Promise((resolve) => bob.on('contact', resolve));
    for (let n = 1; n < messagesEachWay; n += 1) await say(alice, bobId, 'alice', n);
    for (let n = 0; n < messagesEachWay; n += 1) await say(bob, aliceId, 'bob', n);
    await Promise.all([atBob, atAlice]);
    await alice.account.login(passwords.alice);
    await expect(bob.account.login('not the password at all')).rejects.toMatchObject({
      code: 'login-refused',
    });
    await alice.preKeys.replenish();
    await bob.account.signOut({ deleteAccount: true });
    await alice.close();
    for (const [name, password] of Object.entries(passwords))
      secrets.push(secretText(`password ${name}`, password));
    secrets.push(...(await authSeedOf('alice')));
  }

  /** The device auth key's seed, from alice's own storage. */
  async function authSeedOf(name: string): Promise<NamedSecret[]> {
    const storage = levelStorage(join(folder, name));
    await storage.acquire();
    const [record] = await storage.get(['account/self']);
    await storage.close();
    const { d } = JSON.parse(Buffer.from(record ?? []).toString()) as { d: { deviceAuthSeed: string } };
    return [{ name: 'device auth key', bytes: Buffer.from(d.deviceAuthSeed, 'base64url') }];
  }

  it('was a run worth scanning', async () => {
    expect(secrets.length).toBeGreaterThan(2 * messagesEachWay + 2 * 200);
    expect(logLines.length).toBeGreaterThan(10);
    expect(proxy.recorded().includes('contacts/resolve')).toBe(true);
    const files = await filesBelow(join(folder, 'relay'));
    expect(files.length).toBeGreaterThan(10);
  });

  it('has no secret in its files', async () => {
    for (const file of await filesBelow(join(folder, 'relay'))) {
      expect(scanner.find(await readFile(file)), file).toEqual([]);
    }
  }, 120_000);

  it('has no secret in its log', () => {
    expect(scanner.find(Buffer.from(logLines.join('')))).toEqual([]);
  });

  it('was sent no secret', () => {
    expect(scanner.find(proxy.recorded())).toEqual([]);
  }, 120_000);

  it('would be caught: a planted canary is found in each place', async () => {
    const canary = secrets.find(({ name }) => name === 'identity key');
    if (!canary) throw new Error('no identity key was noted');
    const planted = join(folder, 'relay', 'planted');
    await writeFile(planted, `row,${Buffer.from(canary.bytes).toString('base64url')},row`);
    expect(scanner.find(await readFile(planted))).not.toEqual([]);
    const line = JSON.stringify({ level: 30, key: Buffer.from(canary.bytes).toString('hex') });
    expect(scanner.find(Buffer.from(logLines.join('') + line))).not.toEqual([]);
    const traffic = Buffer.concat([proxy.recorded(), Buffer.from(passwords.alice, 'utf16le')]);
    expect(scanner.find(traffic)).not.toEqual([]);
  }, 120_000);

  it('saw what it is said to see: the recording holds what the wire carries in plain', () => {
    const recorded = proxy.recorded();
    // Inside the socket's frames too, or unmasking would not work and the scan would prove nothing.
    expect(recorded.includes('"acknowledge"')).toBe(true);
    expect(recorded.includes('reachToken')).toBe(true);
  });
});
