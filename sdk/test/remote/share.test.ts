/** One identity in many tabs: who leads, what becomes of calls when that one goes, and what no tab does twice. */
import { describe, expect, it } from 'vitest';
import { SottoError } from '../../src/errors.js';
import { limits } from '../../src/limits.js';
import { createMessenger } from '../../src/messenger.js';
import type { MessengerOptions } from '../../src/messenger-api.js';
import { shareMessenger, type SharedMessenger, type ShareChange } from '../../src/remote/index.js';
import type { StorageAdapter } from '../../src/ports/storage.js';
import { Secret } from '../../src/secret.js';
import { encryptedStorage } from '../../src/storage/encrypted/index.js';
import { createMemoryMedium, memoryStorage } from '../../src/storage/memory/index.js';
import { countingEngine, countingStorage, makeLane } from '../../src/testing/idle.js';
import { withSmallStock } from '../../src/testing/network/test-engines.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { engineFor } from '../support/engines.js';
import { Party, textOf } from '../support/party.js';
import { Origin, type Tab } from '../support/tabs.js';
import { World } from '../support/world.js';

const lane = makeLane();
const alive = new Promise<never>(() => undefined);
const password = 'a long password';

/** A tab with its messenger. */
interface OpenTab {
  readonly tab: Tab;
  readonly messenger: SharedMessenger;
  readonly changes: ShareChange[];
  readonly heard: string[];
  /** How often it opened the messenger itself. */
  opened: number;
}

/** The tabs of somebody, on one storage. */
class Tabs {
  readonly origin: Origin;
  readonly medium = createMemoryMedium();
  #count = 0;
  handled = 0;
  onMessage: NonNullable<MessengerOptions['onMessage']> = () => {
    this.handled += 1;
  };

  constructor(
    readonly world: World,
    readonly name: string,
    origin?: Origin,
  ) {
    this.origin = origin ?? new Origin(world.clock);
  }

  /** What the messenger is opened on, by the tab whose turn it is. */
  storage: () => Promise<StorageAdapter> = async () => memoryStorage({ medium: this.medium });

  async open(): Promise<OpenTab> {
    const tab = this.origin.tab();
    const random = seededRandom(`${this.world.seed}/${this.name}/${(this.#count += 1)}`);
    const state = { tab, changes: [] as ShareChange[], heard: [] as string[], opened: 0 };
    const opening = shareMessenger({
      name: this.name,
      ...{ locks: tab.locks, openChannel: tab.openChannel, clock: tab.clock, random },
      open: async () => {
        state.opened += 1;
        return createMessenger({
          engine: countingEngine(withSmallStock(engineFor(this.name, random), 4), lane, alive),
          storage: countingStorage(await this.storage()),
          transport: this.world.network.transport(),
          onMessage: (...input) => this.onMessage(...input),
          clock: tab.clock,
          random,
        });
      },
    });
    const messenger = await settled(this.world, opening);
    messenger.share.on((change) => state.changes.push(change));
    messenger.on('message', ({ message }) => void state.heard.push(textOf(message)));
    return Object.assign(state, { messenger });
  }

  /** The first tab, registered and online. */
  async register(): Promise<OpenTab> {
    const first = await this.open();
    await first.messenger.account.register({ username: this.name, password });
    await first.messenger.connect();
    await this.world.until(() => first.messenger.connection.kind === 'online');
    return first;
  }
}

/** Alice has tabs, bob has not; they know each other. */
async function scene(seed: string, count: number) {
  const world = new World(seed);
  const tabs = new Tabs(world, 'alice');
  const open = [await tabs.register()];
  while (open.length < count) open.push(await tabs.open());
  const bob = await Party.register(world, 'bob', { messageRequests: 'accept' });
  const { accountId: bobId } = await open[0]!.messenger.contacts.add(await bob.code());
  const { accountId: aliceId } = (await open[0]!.messenger.account.profile())!;
  await open[0]!.messenger.messages.send(bobId, { text: 'hello' });
  await world.until(() => bob.texts.length === 1);
  return { world, tabs, open, bob, bobId, aliceId };
}

const roles = (open: readonly OpenTab[]) => open.map(({ messenger }) => messenger.share.role);

describe('tabs that share a messenger', () => {
  it('have one that leads, and all do what it can and hear what it hears', async () => {
    const { world, open, bob, bobId, aliceId } = await scene('share', 3);
    expect(roles(open)).toEqual(['leader', 'follower', 'follower']);
    expect(open.map(({ opened }) => opened)).toEqual([1, 0, 0]);
    for (const { messenger } of open) expect(messenger.connection.kind).toBe('online');
    await open[2]!.messenger.messages.send(bobId, { text: 'from the third' });
    await bob.messenger.messages.send(aliceId, { text: 'to all' });
    await world.until(
      () => bob.texts.includes('from the third') && open.every(({ heard }) => heard.length > 0),
    );
    expect(open.map(({ heard }) => heard)).toEqual([['to all'], ['to all'], ['to all']]);
    expect((await open[1]!.messenger.messages.list(bobId)).map(textOf)).toEqual(
      (await open[0]!.messenger.messages.list(bobId)).map(textOf),
    );
  });

  it('hand over at once when the one that leads is closed', async () => {
    const { world, open, bob, bobId } = await scene('share-close', 3);
    const before = world.clock.monotonicNow();
    await settled(world, open[0]!.messenger.close());
    await world.until(() => open[1]!.messenger.share.role === 'leader');
    await open[2]!.messenger.messages.send(bobId, { text: 'goes on' });
    await world.until(() => bob.texts.includes('goes on'));
    expect(world.clock.monotonicNow() - before).toBeLessThan(2_000);
    expect(roles(open)).toEqual(['closed', 'leader', 'follower']);
    await expect(open[0]!.messenger.account.profile()).rejects.toMatchObject({ code: 'messenger-closed' });
  });

  it('take the lock 1.5 seconds after the last sign, to the tick, and never from one that gives signs', async () => {
    const { world, tabs, open } = await scene('share-signs', 3);
    const now = () => world.clock.monotonicNow();
    let signedAt = -1;
    let signs = 0;
    const outside = tabs.origin.tab().openChannel('sotto-share/alice');
    outside.addEventListener('message', ({ data }) => {
      if ((data as { type?: string }).type !== 'leading') return;
      signedAt = now();
      signs += 1;
    });
    const quietMs: number[] = [];
    for (const { messenger } of open) {
      messenger.share.on(({ role, reason }) => {
        if (role === 'taking-over') quietMs.push(reason === 'stolen' ? now() - signedAt : -1);
      });
    }
    const since = now();
    await world.until(() => now() - since >= 20_000);
    expect(quietMs).toEqual([]);
    // A tab that freezes has given a sign not long before.
    expect(signs).toBeGreaterThanOrEqual(20_000 / 500);
    open[0]!.tab.freeze();
    const frozenAt = now();
    await world.until(() => quietMs.length > 0);
    expect(frozenAt - signedAt).toBeLessThanOrEqual(500);
    expect(quietMs[0]).toBeGreaterThanOrEqual(limits.shareSilenceMs);
    expect(quietMs[0]).toBeLessThanOrEqual(limits.shareSilenceMs + 10);
  });

  it('take over within two seconds from one that is frozen, which follows when it wakes', async () => {
    const { world, open, bob, bobId } = await scene('share-freeze', 3);
    let fencedAt = -1;
    open[0]!.messenger.on('fenced', () => void (fencedAt = open[0]!.changes.length));
    const before = world.clock.monotonicNow();
    open[0]!.tab.freeze();
    await world.until(() => roles(open).slice(1).includes('leader'));
    expect(world.clock.monotonicNow() - before).toBeLessThanOrEqual(2_000);
    expect(roles(open).slice(1).sort()).toEqual(['follower', 'leader']);
    await open[1]!.messenger.messages.send(bobId, { text: 'meanwhile' });
    await world.until(() => bob.texts.includes('meanwhile'));
    open[0]!.tab.wake();
    await world.until(() => open[0]!.messenger.share.role === 'follower');
    expect(open[0]!.changes).toContainEqual({ role: 'waiting', reason: 'fenced' });
    expect(fencedAt).toBeGreaterThan(0);
    await open[0]!.messenger.messages.send(bobId, { text: 'awake again' });
    await world.until(() => bob.texts.includes('awake again'));
    await world.until(() => open.every(({ messenger }) => messenger.connection.kind === 'online'));
  });

  it('raise the fence before they read anything', async () => {
    const world = new World('share-fence-first');
    const tabs = new Tabs(world, 'alice');
    const callsByOpening: string[][] = [];
    tabs.storage = async () => {
      const calls: string[] = [];
      callsByOpening.push(calls);
      return recordedStorage(memoryStorage({ medium: tabs.medium }), calls);
    };
    const open = [await tabs.register(), await tabs.open()];
    open[0]!.tab.freeze();
    await world.until(() => open[1]!.messenger.share.role === 'leader');
    expect(callsByOpening.map((calls) => calls.slice(0, 2))).toEqual([
      ['acquire', 'get'],
      ['acquire', 'get'],
    ]);
  });

  it('begin anew under another key after one has signed out, whichever opens the storage next', async () => {
    const world = new World('share-sign-out');
    const tabs = new Tabs(world, 'alice');
    const happened: string[] = [];
    let made = 0;
    let key: Secret | undefined;
    tabs.storage = async () => {
      key ??= new Secret(new Uint8Array(32).fill((made += 1)));
      happened.push(`opened with ${made}`);
      return encryptedStorage(memoryStorage({ medium: tabs.medium }), key, {
        removeKey: async () => {
          happened.push('key removed');
          key = undefined;
        },
      });
    };
    const open = [await tabs.register(), await tabs.open(), await tabs.open()];
    await settled(world, open[2]!.messenger.account.signOut());
    expect(happened).toEqual(['opened with 1', 'key removed']);
    await world.until(() => happened.length > 2 && roles(open).includes('leader'));
    await world.until(() => roles(open).filter((role) => role === 'follower').length === 2);
    expect(happened.slice(0, 3)).toEqual(['opened with 1', 'key removed', 'opened with 2']);
    for (const { messenger } of open) expect(await messenger.account.profile()).toBe(undefined);
    await settled(world, open[1]!.messenger.account.register({ username: 'alice2', password }));
    for (const { messenger } of open) expect((await messenger.account.profile())?.username).toBe('alice2');
    expect(made).toBe(2);
    const reopened = await tabs.open();
    expect((await reopened.messenger.account.profile())?.username).toBe('alice2');
  });

  it('find a way out when the one that takes over is frozen as well', async () => {
    const { world, open } = await scene('share-freeze-twice', 4);
    open[0]!.tab.freeze();
    await world.until(() => roles(open).slice(1).includes('leader'));
    for (const { tab, messenger } of open) if (messenger.share.role === 'leader') tab.freeze();
    const awake = open.filter(({ messenger }) => messenger.share.role !== 'leader');
    await world.until(() => roles(awake).includes('leader'));
    expect(await awake[0]!.messenger.account.profile()).toMatchObject({ username: 'alice' });
  });

  it('do not take their own sleep for another’s', async () => {
    const { world, open } = await scene('share-sleep', 2);
    open[1]!.tab.freeze();
    await world.pass(60_000);
    open[1]!.tab.wake();
    await world.pass(5_000);
    expect(roles(open)).toEqual(['leader', 'follower']);
    expect(open.map(({ opened }) => opened)).toEqual([1, 0]);
  });
});

describe('a call whose tab is lost', () => {
  it('is made again at the next, and sends once', async () => {
    const { world, tabs, open, bob, bobId } = await scene('share-send', 2);
    for (let round = 0; round < 6; round += 1) {
      const [leader, follower] = open.slice(-2) as [OpenTab, OpenTab];
      const text = `round ${round}`;
      const sent = follower.messenger.messages.send(bobId, { text });
      // Killed a few microtasks later, in the middle of whatever it does by then.
      for (let n = 0; n < round * 7; n += 1) await Promise.resolve();
      leader.tab.kill();
      expect((await settled(world, sent)).status).not.toBe('received');
      const rows = await settled(world, follower.messenger.messages.list(bobId, { limit: 200 }));
      expect(rows.filter((row) => textOf(row) === text)).toHaveLength(1);
      await world.until(() => bob.texts.includes(text));
      open.push(await tabs.open());
    }
    await world.pass(5_000);
    expect(bob.texts.filter((text) => text.startsWith('round'))).toHaveLength(6);
  });

  it('is made again at the next also where it was the leading tab’s own, which was frozen in the middle of it', async () => {
    const { world, open } = await scene('share-own-call', 2);
    const carol = await Party.register(world, 'carol');
    let isHeld = true;
    world.relay.tamper.delay = ({ operation }) =>
      isHeld && operation === 'contacts.resolve' ? new Promise(() => undefined) : undefined;
    const added = open[0]!.messenger.contacts.add(await carol.code());
    await world.settle();
    open[0]!.tab.freeze();
    await world.until(() => open[1]!.messenger.share.role === 'leader');
    isHeld = false;
    open[0]!.tab.wake();
    expect(await settled(world, added)).toMatchObject({ username: 'carol' });
    expect(await open[1]!.messenger.contacts.list()).toHaveLength(2);
  });

  it('is not made again where that could do another thing', async () => {
    const { world, open } = await scene('share-sign-out', 2);
    world.relay.tamper.delay = ({ operation }) =>
      operation === 'auth.logout' ? new Promise(() => undefined) : undefined;
    const signingOut = open[1]!.messenger.account.signOut();
    const failed = expect(signingOut).rejects.toMatchObject({ code: 'outcome-unknown' });
    await world.settle();
    open[0]!.tab.kill();
    await world.settle();
    await failed;
  });
});

describe('one account and another', () => {
  it('are kept apart by their names', async () => {
    const world = new World('share-two');
    const origin = new Origin(world.clock);
    const alice = new Tabs(world, 'alice', origin);
    const carol = new Tabs(world, 'carol', origin);
    const first = [await alice.register(), await carol.register()];
    const second = [await alice.open(), await carol.open()];
    expect(roles(first)).toEqual(['leader', 'leader']);
    expect(roles(second)).toEqual(['follower', 'follower']);
    await second[0]!.messenger.account.signOut();
    await world.until(async () => (await first[0]!.messenger.account.profile()) === undefined);
    expect(await second[1]!.messenger.account.profile()).toMatchObject({ username: 'carol' });
    // What was signed out begins anew, in every tab.
    await second[0]!.messenger.account.register({ username: 'alice_again', password });
    expect(await first[0]!.messenger.account.profile()).toMatchObject({ username: 'alice_again' });
  });

  it('tell what kept the messenger from being opened', async () => {
    const world = new World('share-open');
    const tab = new Origin(world.clock).tab();
    const opening = shareMessenger({
      name: 'broken',
      ...{ locks: tab.locks, openChannel: tab.openChannel, clock: tab.clock },
      open: () => Promise.reject(new SottoError('storage-wrong-key')),
    });
    await expect(opening).rejects.toMatchObject({ code: 'storage-wrong-key' });
  });
});

/** A storage that tells what it is asked, in order. */
function recordedStorage(storage: StorageAdapter, calls: string[]): StorageAdapter {
  const { durability } = storage;
  const told = <Result>(name: string, result: Result) => {
    calls.push(name);
    return result;
  };
  return {
    durability,
    acquire: () => told('acquire', storage.acquire()),
    get: (keys) => told('get', storage.get(keys)),
    list: (prefix) => told('list', storage.list(prefix)),
    commit: (changes, options) => told('commit', storage.commit(changes, options)),
    destroy: (options) => told('destroy', storage.destroy(options)),
    close: () => told('close', storage.close()),
  };
}

/** Waits for a promise while time passes. */
async function settled<Result>(world: World, promise: Promise<Result>): Promise<Result> {
  let isSettled = false;
  const done = () => void (isSettled = true);
  promise.then(done, done);
  await world.until(() => isSettled);
  return promise;
}
