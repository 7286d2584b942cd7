/** Users of a test network, as a developer's own tests have them. */
import { describe, expect, it } from 'vitest';
import { libsignalEngine } from '../../src/engines/libsignal/index.js';
import { systemClock } from '../../src/host.js';
import { createMemoryMedium, memoryStorage } from '../../src/storage/memory/index.js';
import { createTestNetwork, failingStorage, runStorageConformance } from '../../src/testing/index.js';

describe('a user of a test network', () => {
  it('is registered and online, and knows who it was introduced to', async () => {
    const network = createTestNetwork();
    const alice = await network.user('alice');
    const bob = await network.user('bob', {
      onMessage: async (message, unit) => void (await unit.send(message.sender, { text: 'and good night' })),
    });
    await network.introduce(alice, bob);
    const { seq } = await alice.messenger.messages.send(bob.id, { text: 'good evening' });
    await network.until(() => alice.texts.includes('and good night'));
    expect(bob.texts).toEqual(['good evening']);
    await network.pass(1_000);
    expect(await alice.messenger.messages.get(bob.id, seq)).toMatchObject({ status: 'delivered' });
  });

  it('repeats with the seed: keys, ids and times', async () => {
    const play = async (seed: string) => {
      const network = createTestNetwork({ seed });
      const alice = await network.user('alice');
      const bob = await network.user('bob');
      await network.introduce(alice, bob);
      await alice.messenger.messages.send(bob.id, { text: 'once more' });
      await network.until(() => bob.texts.length === 1);
      return { code: alice.contactCode, received: bob.received, now: network.clock.now() };
    };
    const first = await play('same');
    expect(await play('same')).toEqual(first);
    expect((await play('another')).code).not.toBe(first.code);
  });

  it('dies at the commit that its plan names, and goes on from there', async () => {
    const network = createTestNetwork();
    const alice = await network.user('alice');
    const bob = await network.user('bob');
    await network.introduce(alice, bob);
    bob.planCommits((changes) =>
      changes.some(({ key }) => key.startsWith('message/')) ? 'die-before' : 'pass',
    );
    await alice.messenger.messages.send(bob.id, { text: 'are you there?' });
    await network.until(() => !bob.running);
    expect(() => bob.messenger).toThrow('bob is not running');
    bob.planCommits();
    await bob.restart();
    await network.until(() => bob.texts.includes('are you there?'));
  });

  it('has a clock of its own, a storage of its own and another engine where the test says so', async () => {
    const network = createTestNetwork({ engine: libsignalEngine() });
    const medium = createMemoryMedium();
    const alice = await network.user('alice', { storage: () => memoryStorage({ medium }) });
    const bob = await network.user('bob');
    await network.introduce(alice, bob);
    bob.skewClock(3_600_000);
    await alice.messenger.messages.send(bob.id, { text: 'what time is it?' });
    await network.until(() => bob.texts.length === 1);
    expect(bob.received[0]!.receivedAt - network.clock.now()).toBeGreaterThan(3_500_000);
    await alice.restart();
    expect(await alice.messenger.messages.list(bob.id)).toHaveLength(1);
  });

  it('waits for nothing that cannot happen', async () => {
    const network = createTestNetwork();
    await expect(network.until(() => false, 'pigs fly')).rejects.toThrow('pigs fly');
    const real = createTestNetwork({ clock: systemClock });
    await expect(async () => real.pass(1)).rejects.toThrow(TypeError);
  });
});

describe('a failing storage', () => {
  runStorageConformance(
    { describe, it },
    {
      name: 'failing storage, when nothing fails',
      createMedium: () => {
        const medium = createMemoryMedium();
        return { open: () => failingStorage(memoryStorage({ medium })) };
      },
      supports: { concurrentAdapters: true },
    },
  );

  it('writes nothing at a commit that fails, and everything before a death', async () => {
    const medium = createMemoryMedium();
    const fates = ['fail', 'die-after'] as const;
    let commits = 0;
    let deaths = 0;
    const written: string[] = [];
    const storage = failingStorage(memoryStorage({ medium }), {
      plan: () => fates[commits++],
      written: (changes) => written.push(...changes.map(({ key }) => key)),
      died: () => (deaths += 1),
    });
    const fence = await storage.acquire();
    const put = (key: string) => storage.commit([{ key, value: new Uint8Array(1) }], { fence });
    await expect(put('a')).rejects.toMatchObject({ code: 'storage-failed' });
    let answered = false;
    const mark = () => (answered = true);
    put('b').then(mark, mark);
    await createTestNetwork().settle();
    storage.get(['b']).then(mark, mark);
    put('c').then(mark, mark);
    await createTestNetwork().settle();
    expect([answered, deaths, written]).toEqual([false, 1, ['b']]);
    const survivors = await memoryStorage({ medium }).get(['a', 'b', 'c']);
    expect(survivors).toEqual([undefined, new Uint8Array(1), undefined]);
  });
});
