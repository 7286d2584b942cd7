/** What a port adds to a messenger, and what it must not: failures, events, lists, endings, limits. */
import { MessageChannel } from 'node:worker_threads';
import { beforeAll, describe, expect, it } from 'vitest';
import { utf8 } from '../../src/bytes.js';
import { SottoError } from '../../src/errors.js';
import { limits } from '../../src/limits.js';
import type { Messenger } from '../../src/messenger-api.js';
import {
  connectMessenger,
  exposeMessenger,
  type ExposeOptions,
  type RemoteMessenger,
} from '../../src/remote/index.js';
import { makeProblem, type AccountId } from '../../src/wire/index.js';
import { introduced, Party, textOf } from '../support/party.js';
import { portPair } from '../support/port-pair.js';
import { World } from '../support/world.js';

/** A messenger behind a port that can be watched. */
async function behindAPort(world: World, messenger: Messenger, options: ExposeOptions = {}) {
  const { here, there } = portPair();
  const stop = exposeMessenger(messenger, there, { clock: world.clock, ...options });
  const remote = await connectMessenger(here, { clock: world.clock });
  return { remote, here, there, stop };
}

/** A messenger of which a test exchanges methods. */
function copyOf(messenger: Messenger): Messenger {
  const { account, contacts, messages, preKeys, sessions, records, backup, diagnostics, connection } =
    messenger;
  return {
    ...{ contacts, messages, preKeys, sessions, backup, diagnostics, connection },
    on: (name, listener) => messenger.on(name, listener),
    account: { ...account },
    records: { ...records },
    connect: () => messenger.connect(),
    disconnect: () => messenger.disconnect(),
    close: () => messenger.close(),
  };
}

/** The frames of a type that went over a port. */
function framesOf(posted: readonly unknown[], type: string): Record<string, unknown>[] {
  return (posted as Record<string, unknown>[]).filter((frame) => frame['type'] === type);
}

const nobody = '00000000-0000-4000-8000-000000000000' as AccountId;

describe('an account behind a port', () => {
  it('is registered, logged in again and signed out', async () => {
    const world = new World('remote-account');
    const party = await Party.open(world, 'alice');
    const { remote } = await behindAPort(world, party.messenger);
    expect(await remote.account.profile()).toBeUndefined();
    await expect(remote.connect()).rejects.toMatchObject({ code: 'not-registered' });
    const profile = await remote.account.register({ username: 'alice', password: party.password });
    expect(profile).toEqual(await party.messenger.account.profile());
    expect(profile.identityKey).toBeInstanceOf(Uint8Array);
    await remote.account.login(party.password);
    await expect(remote.account.login('a wrong password')).rejects.toMatchObject({ code: 'login-refused' });
    expect(remote.connection).toEqual({ kind: 'closed' });
    await remote.connect();
    await world.until(() => remote.connection.kind === 'online');
    expect(remote.connection).toEqual(party.messenger.connection);
    await remote.account.signOut();
    await expect(remote.account.profile()).rejects.toMatchObject({ code: 'messenger-closed' });
  });
});

describe('through Node’s own ports', () => {
  it('calls are answered, and fail when the port closes', async () => {
    const world = new World('remote-node');
    const party = await Party.register(world, 'alice');
    const { port1, port2 } = new MessageChannel();
    exposeMessenger(party.messenger, port1);
    const remote = await connectMessenger(port2);
    expect(await remote.account.profile()).toEqual(await party.messenger.account.profile());
    const asked = remote.contacts.list();
    port1.close();
    await expect(Promise.all([asked, remote.contacts.list()])).rejects.toMatchObject({
      code: 'remote-closed',
    });
    expect(await remote.ended).toBe('lost');
    expect(remote.connection).toEqual({ kind: 'closed' });
  });
});

describe('a call', () => {
  let world: World;
  let party: Party;
  let remote: RemoteMessenger;
  let posted: unknown[];

  beforeAll(async () => {
    world = new World('remote-calls');
    party = await Party.register(world, 'alice');
    const exposed = await behindAPort(world, party.messenger);
    remote = exposed.remote;
    posted = exposed.there.posted;
  });

  it('fails with the code and details of the failure, and an instance of the class', async () => {
    await expect(remote.contacts.add('nonsense')).rejects.toBeInstanceOf(SottoError);
    await expect(remote.contacts.add('nonsense')).rejects.toMatchObject({ code: 'invalid-contact-code' });
    await expect(remote.messages.send(nobody, { text: 'x' })).rejects.toMatchObject({
      code: 'unknown-contact',
    });
    world.relay.tamper.refuse = ({ operation }) =>
      operation === 'contacts.resolve' ? makeProblem('rate-limited', { retryAfterMs: 1_234 }) : undefined;
    const limited = remote.contacts.add(await otherCode(world));
    await expect(limited).rejects.toMatchObject({ code: 'rate-limited', details: { retryAfterMs: 1_234 } });
  });

  it('tells nothing of a failure without a code, and no cause, stack or message of any', async () => {
    const secretive = copyOf(party.messenger);
    secretive.account.profile = () => Promise.reject(new Error('the password is hunter2'));
    secretive.account.login = () =>
      Promise.reject(new SottoError('storage-failed', { cause: new Error('the file of hunter2') }));
    const { remote: afar, there } = await behindAPort(world, secretive);
    await expect(afar.account.profile()).rejects.toMatchObject({ code: 'remote-failed' });
    const failed: unknown = await afar.account.login('x').catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'storage-failed' });
    expect(failed).not.toHaveProperty('cause');
    expect(JSON.stringify(there.posted)).not.toContain('hunter2');
  });

  it('refuses arguments of the wrong kind before they leave', async () => {
    const before = posted.length;
    await expect(remote.contacts.get('bob' as AccountId)).rejects.toBeInstanceOf(TypeError);
    await expect(remote.account.login(7 as never)).rejects.toBeInstanceOf(TypeError);
    await expect(remote.messages.send(nobody, { text: 'x'.repeat(70_000) })).rejects.toMatchObject({
      code: 'content-too-large',
    });
    const keys = Array.from({ length: limits.maxRemoteKeys + 1 }, () => 'key');
    await expect(remote.records.get(keys)).rejects.toMatchObject({ details: { limit: 'maxRemoteKeys' } });
    expect(posted).toHaveLength(before);
    // What only the messenger can tell comes from there.
    await expect(remote.messages.list(nobody, { limit: 0 })).rejects.toBeInstanceOf(TypeError);
  });

  it('waits its turn when many are made at once', async () => {
    const calls = Array.from({ length: 3 * limits.maxRemoteCalls }, () => remote.account.profile());
    expect(new Set((await Promise.all(calls)).map((profile) => profile?.username))).toEqual(
      new Set(['alice']),
    );
  });

  it('brings the bytes it is about, and not what lies beside them in memory', async () => {
    const pool = utf8('secret secret secret key secret');
    const secretive = copyOf(party.messenger);
    secretive.records.get = async () => [pool.subarray(21, 24), undefined];
    const { remote: afar, there } = await behindAPort(world, secretive);
    const [value, nothing] = await afar.records.get(['a', 'b']);
    expect([value, nothing]).toEqual([utf8('key'), undefined]);
    const [frame] = framesOf(there.posted, 'result') as unknown as [{ value: [Uint8Array] }];
    expect(frame.value[0].buffer.byteLength).toBe(3);
  });

  it('brings nothing that its answer does not have', async () => {
    const talkative = copyOf(party.messenger);
    talkative.account.profile = async () =>
      ({ ...(await party.messenger.account.profile()), identityPrivateKey: 'hunter2' }) as never;
    const { remote: afar, there } = await behindAPort(world, talkative);
    await expect(afar.account.profile()).rejects.toMatchObject({ code: 'remote-failed' });
    expect(JSON.stringify(there.posted)).not.toContain('hunter2');
  });
});

describe('events behind a port', () => {
  it('are heard one after another, each to its end', async () => {
    const { world, alice, bob, bobId } = await introduced('remote-order');
    const { remote } = await behindAPort(world, bob.messenger);
    const heard: string[] = [];
    const gates: (() => void)[] = [];
    remote.on('message', async ({ message }) => {
      heard.push(textOf(message));
      await new Promise<void>((resolve) => gates.push(resolve));
    });
    for (const text of ['one', 'two']) await alice.messenger.messages.send(bobId, { text });
    await world.settle();
    expect(heard).toEqual(['one']);
    gates[0]?.();
    await world.settle();
    expect(heard).toEqual(['one', 'two']);
  });

  it('that were not heard to their end are told again in the next life', async () => {
    const { world, alice, bob, bobId } = await introduced('remote-unheard');
    const { remote, here } = await behindAPort(world, bob.messenger);
    remote.on('message', () => new Promise(() => undefined));
    for (const text of ['one', 'two']) await alice.messenger.messages.send(bobId, { text });
    await world.settle();
    const before = bob.events.message?.length;
    here.end();
    await world.settle();
    // The others go on.
    expect(bob.texts).toEqual(['hello bob', 'one', 'two']);
    expect(bob.events.message).toHaveLength((before ?? 0) + 1);
    await bob.messenger.close();
    await bob.start();
    await bob.messenger.connect();
    await world.settle();
    const again = bob.events.message?.slice((before ?? 0) + 1).map(({ message }) => textOf(message));
    expect(again).toEqual(['one']);
  });

  it('without awaiting are told at once, to who is not too far behind', async () => {
    const { world, alice, bob, bobId } = await introduced('remote-told');
    const { remote } = await behindAPort(world, bob.messenger, { awaitListeners: false });
    const heard: string[] = [];
    remote.on('message', ({ message }) => void heard.push(textOf(message)));
    remote.on('message', () => new Promise(() => undefined));
    for (const text of ['one', 'two']) await alice.messenger.messages.send(bobId, { text });
    await world.until(() => bob.texts.includes('two'));
    expect(heard).toEqual(['one']);
  });

  it('are told to listeners that are there before connecting, and not to those that left', async () => {
    const { world, alice, bob, bobId } = await introduced('remote-connect');
    await bob.messenger.close();
    await alice.messenger.messages.send(bobId, { text: 'while you were away' });
    await world.settle();
    await bob.start();
    const { remote, here } = await behindAPort(world, bob.messenger);
    const heard: string[] = [];
    const left: string[] = [];
    remote.on('message', ({ message }) => void heard.push(textOf(message)));
    remote.on('message', ({ message }) => void left.push(textOf(message)))();
    remote.on('caught-up', () => void heard.push('caught up'));
    await remote.connect();
    await world.until(() => heard.length === 2);
    expect([heard, left]).toEqual([['while you were away', 'caught up'], []]);
    expect(framesOf(here.posted, 'listen').map(({ name }) => name)).toEqual(['message', 'caught-up']);
  });
});

describe('a list behind a port', () => {
  const count = 3 * limits.remoteListWindow;
  let world: World;
  let party: Party;

  beforeAll(async () => {
    const scene = await introduced('remote-list', {
      bob: {
        onMessage: (_, unit) => {
          for (let n = 0; n < count; n += 1) unit.put(`note/${n}`, utf8(String(n)));
        },
      },
    });
    world = scene.world;
    party = scene.bob;
  });

  it('has every pair, and is never further ahead of its reader than its window', async () => {
    const { remote, there } = await behindAPort(world, party.messenger);
    const keys = new Set<string>();
    for await (const { key, value } of remote.records.list('note/')) {
      expect(new TextDecoder().decode(value)).toBe(key.slice('note/'.length));
      keys.add(key);
      await world.settle();
      const ahead = framesOf(there.posted, 'pair').length - keys.size;
      expect(ahead).toBeLessThanOrEqual(limits.remoteListWindow);
    }
    expect(keys.size).toBe(count);
  });

  it('ends when its reader stops', async () => {
    const { remote, here, there } = await behindAPort(world, party.messenger);
    for await (const _ of remote.records.list('note/')) break;
    await world.settle();
    expect(framesOf(here.posted, 'stop')).toHaveLength(1);
    expect(framesOf(there.posted, 'pair').length).toBeLessThanOrEqual(limits.remoteListWindow + 1);
  });

  it('fails with the port, and when too many are open', async () => {
    const { remote, here } = await behindAPort(world, party.messenger);
    const open = Array.from({ length: limits.maxRemoteLists }, () =>
      remote.records.list('note/')[Symbol.asyncIterator](),
    );
    for (const list of open) await list.next();
    const more = remote.records.list('note/')[Symbol.asyncIterator]().next();
    await expect(more).rejects.toMatchObject({ details: { limit: 'maxRemoteLists' } });
    here.end();
    const rest = (async () => {
      for (let next = await open[0]!.next(); !next.done; next = await open[0]!.next());
    })();
    await expect(rest).rejects.toMatchObject({ code: 'remote-closed' });
  });
});

describe('the end of a connection', () => {
  it('by close is the end of the messenger too', async () => {
    const world = new World('remote-close');
    const party = await Party.register(world, 'alice');
    const { remote } = await behindAPort(world, party.messenger);
    await remote.close();
    expect(await remote.ended).toBe('closed');
    await expect(remote.account.profile()).rejects.toMatchObject({ code: 'messenger-closed' });
    await expect(party.messenger.account.profile()).rejects.toMatchObject({ code: 'messenger-closed' });
  });

  it('by either side leaves the messenger alone, and nothing behind', async () => {
    const world = new World('remote-detach');
    const party = await Party.register(world, 'alice');
    const first = await behindAPort(world, party.messenger);
    first.remote.detach();
    expect(await first.remote.ended).toBe('detached');
    await expect(first.remote.account.profile()).rejects.toMatchObject({ code: 'remote-closed' });
    const second = await behindAPort(world, party.messenger);
    second.stop();
    expect(await second.remote.ended).toBe('closed');
    expect([second.here.listenerCount, second.there.listenerCount]).toEqual([0, 0]);
    expect((await party.messenger.account.profile())?.username).toBe('alice');
  });

  it('by silence fails what was under way', async () => {
    const world = new World('remote-silence');
    const party = await Party.register(world, 'alice');
    const { remote, there } = await behindAPort(world, party.messenger);
    await world.pass(10 * limits.remoteSilenceMs);
    expect((await remote.account.profile())?.username).toBe('alice');
    there.held = true;
    const asked = remote.account.profile();
    const failed = expect(asked).rejects.toMatchObject({ code: 'remote-closed' });
    await world.pass(limits.remoteSilenceMs + 2 * limits.remoteHeartbeatMs);
    await failed;
    expect(await remote.ended).toBe('lost');
  });

  it('is what nobody’s answer is, and what another version’s is', async () => {
    const world = new World('remote-nobody');
    const { here, there } = portPair();
    const connecting = connectMessenger(here, { clock: world.clock });
    const failed = expect(connecting).rejects.toMatchObject({ code: 'remote-closed' });
    await world.pass(limits.remoteOpenTimeoutMs + 1_000);
    await failed;
    const old = expect(connectMessenger(here, { clock: world.clock })).rejects.toMatchObject({
      code: 'remote-version',
    });
    const { client } = framesOf(here.posted, 'hello').at(-1) as { client: string };
    const connection = { kind: 'closed' };
    there.postMessage({ sotto: 'remote', type: 'welcome', version: 2, client, connection });
    await old;
  });
});

async function otherCode(world: World): Promise<string> {
  const other = await Party.register(world, 'other');
  return other.code();
}
