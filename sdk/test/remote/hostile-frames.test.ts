/** Whatever comes over a port: no side falls over, does what it was not asked or believes what it was told. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Messenger } from '../../src/messenger-api.js';
import { connectMessenger, exposeMessenger, type RemoteMessenger } from '../../src/remote/index.js';
import { surface } from '../../src/remote/surface.js';
import { Party } from '../support/party.js';
import { portPair, type TestPort } from '../support/port-pair.js';
import { World } from '../support/world.js';

let world: World;
let party: Party;

beforeAll(async () => {
  world = new World('remote-hostile');
  party = await Party.register(world, 'alice');
});

const deep = (() => {
  let value: unknown = 'x';
  for (let n = 0; n < 200; n += 1) value = [value];
  return value;
})();

const junk: readonly unknown[] = [
  undefined,
  null,
  0,
  '',
  [],
  {},
  new Map(),
  deep,
  { sotto: 'remote' },
  { sotto: 'remote', type: 'call' },
  { sotto: 'remote', type: '__proto__' },
  { sotto: 'remote', type: 'call', id: -1, method: 'close', args: [] },
  { sotto: 'remote', type: 'call', id: 1.5, method: 'close', args: [] },
  { sotto: 'remote', type: 'call', id: Number.NaN, method: 'close', args: [] },
  { sotto: 'remote', type: 'call', id: 1, method: 'close', args: [], more: 1 },
  { sotto: 'remote', type: 'call', id: 1, method: 'close', args: { length: 0 } },
  { sotto: 'remote', type: 'call', id: 1, method: 'close', args: [1, 2, 3, 4, 5] },
  { sotto: 'else', type: 'call', id: 1, method: 'close', args: [] },
  { sotto: 'remote', type: 'listen', name: 'constructor' },
  { sotto: 'remote', type: 'heard', id: 99 },
  { sotto: 'remote', type: 'taken', id: 99, count: 1 },
  { sotto: 'remote', type: 'stop', id: 99 },
  { sotto: 'remote', type: 'list', id: 1, prefix: 7 },
  { sotto: 'remote', type: 'result', id: 99, value: 1 },
  { sotto: 'remote', type: 'failure', id: 99, failure: { kind: 'type' } },
  { sotto: 'remote', type: 'pair', id: 99, pair: {} },
  { sotto: 'remote', type: 'end', id: 99 },
  { sotto: 'remote', type: 'event', id: 1, name: 'message', event: { seq: 1 } },
  { sotto: 'remote', type: 'event', id: 1, name: 'connection', event: { kind: 'fine' } },
  { sotto: 'remote', type: 'welcome', version: 1, client: 'another', connection: { kind: 'replaced' } },
];

async function open() {
  const { here, there } = portPair();
  exposeMessenger(party.messenger, there, { clock: world.clock });
  return { here, there, remote: await connectMessenger(here, { clock: world.clock }) };
}

/** Asks with a frame of one's own making. */
async function answerTo(here: TestPort, there: TestPort, frame: Record<string, unknown>): Promise<unknown> {
  const before = there.posted.length;
  here.postMessage({ sotto: 'remote', ...frame });
  await world.settle();
  return there.posted.slice(before);
}

describe('the side with the messenger', () => {
  it('takes no notice of what is no frame', async () => {
    const { here, there, remote } = await open();
    for (const frame of junk) expect(await answerRaw(here, there, frame)).toEqual([]);
    expect((await remote.account.profile())?.username).toBe('alice');
  });

  it.each([
    '__proto__',
    'constructor',
    'toString',
    'records.list',
    'on',
    'connection',
    'account',
    'account.__proto__',
    'messages.constructor',
    'hasOwnProperty',
  ])('has no method %s', async (method) => {
    const { here, there } = await open();
    const answer = await answerTo(here, there, { type: 'call', id: 7, method, args: [] });
    expect(answer).toEqual([{ sotto: 'remote', type: 'failure', id: 7, failure: { kind: 'type' } }]);
  });

  it('calls nothing with arguments that do not fit', async () => {
    const called: string[] = [];
    const watched = watching(party.messenger, called);
    const { here, there } = portPair();
    exposeMessenger(watched, there, { clock: world.clock });
    await connectMessenger(here, { clock: world.clock });
    for (const method of Object.keys(surface)) {
      const args = [{ toString: 'x' }, new Map(), null, 7];
      const answer = await answerTo(here, there, { type: 'call', id: 7, method, args });
      expect(answer, method).toMatchObject([{ type: 'failure', failure: { kind: 'type' } }]);
    }
    expect(called).toEqual([]);
  });

  it('answers nobody who has not said hello', async () => {
    const { here, there } = portPair();
    exposeMessenger(party.messenger, there, { clock: world.clock });
    const call = { type: 'call', id: 1, method: 'account.profile', args: [] };
    expect(await answerTo(here, there, call)).toEqual([]);
  });
});

describe('the side without it', () => {
  it('takes no notice of what is no frame', async () => {
    const { there, remote } = await open();
    const heard: unknown[] = [];
    remote.on('message', (event) => void heard.push(event));
    for (const frame of junk) there.postMessage(frame);
    await world.settle();
    expect([heard, remote.connection.kind]).toEqual([[], 'online']);
    expect((await remote.account.profile())?.username).toBe('alice');
  });

  it.each([undefined, null, 1, {}, { username: 'alice' }, new Map(), deep])(
    'does not take what is number %# for a profile',
    async (value) => {
      const { here, remote } = await openHeld();
      const asked = remote.account.register({ username: 'bob', password: 'x' });
      const refused = expect(asked).rejects.toMatchObject({ code: 'remote-failed' });
      const { id } = here.posted.at(-1) as { id: number };
      here.emit({ type: 'message', data: { sotto: 'remote', type: 'result', id, value } });
      await refused;
    },
  );

  it('makes of a made-up code what it is', async () => {
    const { here, remote } = await openHeld();
    for (const code of ['__proto__', 'no-such-code', 'constructor']) {
      const refused = expect(remote.account.profile()).rejects.toMatchObject({ code: 'remote-failed' });
      const { id } = here.posted.at(-1) as { id: number };
      const failure = { kind: 'sotto', code, details: {} };
      here.emit({ type: 'message', data: { sotto: 'remote', type: 'failure', id, failure } });
      await refused;
    }
  });

  it('ends a list that runs ahead of its window', async () => {
    const { here, remote } = await openHeld();
    const first = remote.records.list('')[Symbol.asyncIterator]().next();
    const { id } = here.posted.at(-1) as { id: number };
    const pair = { key: 'a', value: new Uint8Array(1) };
    const frame = { sotto: 'remote', type: 'pair', id, pair };
    for (let n = 0; n < 200; n += 1) here.emit({ type: 'message', data: frame });
    expect((await first).value).toEqual(pair);
  });
});

/** A remote messenger whose questions go nowhere. */
async function openHeld(): Promise<{ here: TestPort; remote: RemoteMessenger }> {
  const { here, remote } = await open();
  here.held = true;
  return { here, remote };
}

async function answerRaw(here: TestPort, there: TestPort, frame: unknown): Promise<unknown> {
  const before = there.posted.length;
  here.postMessage(frame);
  await world.settle();
  return there.posted.slice(before);
}

/** A messenger that notes what is called. */
function watching(messenger: Messenger, called: string[]): Messenger {
  const watch = <Part extends object>(name: string, part: Part): Part =>
    new Proxy(part, {
      get: (target, member) => {
        const value: unknown = Reflect.get(target, member);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          called.push(`${name}.${String(member)}`);
          return (value as (...input: unknown[]) => unknown).apply(target, args);
        };
      },
    });
  const { account, contacts, messages, preKeys, sessions, records, backup, diagnostics } = messenger;
  return {
    account: watch('account', account),
    contacts: watch('contacts', contacts),
    messages: watch('messages', messages),
    preKeys: watch('preKeys', preKeys),
    sessions: watch('sessions', sessions),
    records: watch('records', records),
    backup: watch('backup', backup),
    diagnostics: watch('diagnostics', diagnostics),
    connection: messenger.connection,
    on: (name, listener) => messenger.on(name, listener),
    connect: async () => void called.push('connect'),
    disconnect: async () => void called.push('disconnect'),
    close: async () => void called.push('close'),
  };
}
