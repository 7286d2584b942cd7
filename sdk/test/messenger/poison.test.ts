/**
 * A relay that pours forged envelopes over a device: what they cost is bounded, in records, memory and steps of
 * ratchets, and nobody's good messages wait for them. A few thousand; a hundred thousand under `SLOW=1`.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { contactKey, contactRecord } from '../../src/contacts/contact-record.js';
import { limits } from '../../src/limits.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { memoryStorage } from '../../src/storage/memory/index.js';
import { wireLimits, type AccountId, type Envelope, type EnvelopeId } from '../../src/wire/index.js';
import { claimingPlace } from '../support/ciphertext-fields.js';
import { introduced, Party } from '../support/party.js';
import { changeStored } from '../support/stored-records.js';

const poisonCount = process.env['SLOW'] ? 100_000 : 2_400;
/** Poured between two good messages: more than a relay has in flight, less than a device drops. */
const pagesPerRound = 60;
const perRound = pagesPerRound * wireLimits.maxEnvelopesPerPage;
/** As far ahead as a message may be. */
const maxJump = 25_000;

/** Alice hears bob, whom the relay will pretend to be, and carol, who has nothing to do with it. */
async function threePeople(seed: string) {
  const scene = await introduced(seed);
  const { world, alice, bob, aliceId, bobId } = scene;
  const carol = await Party.register(world, 'carol');
  await carol.messenger.contacts.add(await alice.code());
  await carol.messenger.messages.send(aliceId, { text: 'hello by carol' });
  await world.until(async () => (await alice.texted(carol)).length === 1);
  await alice.messenger.contacts.accept(await carol.id());
  await alice.messenger.messages.send(bobId, { text: 'hello again' });
  await world.pass(5_000);
  const caught = await nextEnvelope(alice, bob);
  await world.pass(5_000);
  return { ...scene, carol, caught };
}

/** What bob's next message to alice looks like to the relay. */
async function nextEnvelope(alice: Party, bob: Party): Promise<Envelope> {
  const { world } = alice;
  let caught: Envelope | undefined;
  world.relay.tamper.envelopes = (page, to) => {
    if (to.accountId === caught?.sender.accountId) return page;
    caught ??= page.find(({ kind }) => kind === 'message');
    return page;
  };
  await bob.messenger.messages.send(await alice.id(), { text: 'caught' });
  await world.until(() => caught !== undefined && alice.texts.includes('caught'));
  delete world.relay.tamper.envelopes;
  return caught!;
}

/** Forged envelopes in the name of who wrote the caught one, of several kinds, all different. */
function forgery(caught: Envelope, seed: string, farAhead: number) {
  const random = seededRandom(seed);
  let made = 0;
  return (): Envelope => {
    made += 1;
    const id = `00000000-0000-4000-8000-${made.toString(16).padStart(12, '0')}` as EnvelopeId;
    return { ...caught, id, ...body(made) };
  };
  function body(number: number): Pick<Envelope, 'kind' | 'ciphertext'> {
    const bytes = random.bytes(40);
    if (number <= farAhead) {
      // Under a ratchet key that every state could be turned by.
      const key = Uint8Array.from([5, ...bytes.subarray(0, 31), 0x20]);
      return { kind: 'message', ciphertext: claimingPlace(caught.ciphertext, maxJump - 10 - number, key) };
    }
    if (number % 4 === 0) return { kind: 'message', ciphertext: Uint8Array.from(bytes) };
    if (number % 4 === 1) return { kind: 'prekey', ciphertext: Uint8Array.from([0x44, ...bytes]) };
    // In a chain that there is, and near: each is looked into.
    return { kind: 'message', ciphertext: claimingPlace(caught.ciphertext, 20 + (number % 100)) };
  }
}

/** Alice's device has spent nearly all that it spends on bob in an hour. */
async function nearlySpent(alice: Party, bobId: AccountId, left: number): Promise<void> {
  alice.kill();
  const refusedWork = { since: alice.world.clock.now(), steps: limits.maxRefusedSteps - left };
  await changeStored(alice.medium, contactKey(bobId), (fields) => ({ ...fields, refusedWork }));
  await alice.start();
  await alice.online();
}

async function refusedSteps(alice: Party, bobId: AccountId): Promise<number> {
  const [value] = await memoryStorage({ medium: alice.medium }).get([contactKey(bobId)]);
  return contactRecord.decode(value!).refusedWork?.steps ?? 0;
}

async function spaces(party: Party): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const key of (await party.dump()).keys()) {
    const space = key.split('/')[0]!;
    counts.set(space, (counts.get(space) ?? 0) + 1);
  }
  return counts;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapMiB(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

describe('poisoned envelopes', () => {
  it(
    'cost bounded memory, and delay nobody else',
    async () => {
      const { world, alice, aliceId, bobId, carol, caught } = await threePeople('poison');
      const farAhead = 40;
      await nearlySpent(alice, bobId, 2 * maxJump);
      const next = forgery(caught, 'poison/forged', farAhead);
      let poured = 0;
      world.relay.tamper.push = (push, to) => {
        if (push.name !== 'envelopes' || to.accountId !== aliceId || poured >= poisonCount) return [push];
        poured += perRound;
        const page = () => Array.from({ length: wireLimits.maxEnvelopesPerPage }, next);
        return [
          ...Array.from({ length: pagesPerRound }, () => ({
            name: 'envelopes',
            payload: { envelopes: page() },
          })),
          push,
        ];
      };
      const heapsMiB: number[] = [];
      const rounds = Math.ceil(poisonCount / perRound);
      for (let round = 0; round < rounds; round += 1) {
        const text = `good ${round}`;
        await carol.messenger.messages.send(aliceId, { text });
        const sentAt = world.clock.now();
        // It is there without any time passing: behind what was poured before it, and nothing else.
        await world.settle();
        expect(alice.texts.at(-1)).toBe(text);
        expect(world.clock.now()).toBe(sentAt);
        // What the test itself remembers.
        alice.events.undecryptable = [];
        alice.journal.clear();
        await world.pass(1_000);
        heapsMiB.push(heapMiB());
      }
      expect(poured).toBeGreaterThanOrEqual(poisonCount);
      delete world.relay.tamper.push;
      const { undecryptable } = await alice.messenger.diagnostics.counters();
      expect(Object.values(undecryptable).reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(poured);
      expect(undecryptable['decryption-deferred']).toBeGreaterThanOrEqual(farAhead - 4);
      // The steps: what there is in an hour, and what every message is worth.
      expect(await refusedSteps(alice, bobId)).toBeLessThanOrEqual(
        limits.maxRefusedSteps + poured * 2 * limits.freeDecryptionSteps,
      );
      const records = await spaces(alice);
      expect(records.get('deferred')).toBeLessThanOrEqual(limits.maxDeferredPerSender);
      expect(records.get('quarantine') ?? 0).toBe(0);
      for (const space of ['seen', 'journal']) {
        expect(records.get(space) ?? 0).toBeLessThan(2 * limits.maxLazyChanges + perRound);
      }
      expect([...records.values()].reduce((sum, count) => sum + count)).toBeLessThan(4_000);
      // At no time, not only at the end.
      const growthMiB = Math.max(...heapsMiB) - heapsMiB[0]!;
      if (process.env['SLOW']) {
        const stored = [...records].map(([space, count]) => `${space} ${count}`).join(', ');
        console.log(
          `${poured} poured, heap ${heapsMiB[0]!.toFixed(1)} MiB + ${growthMiB.toFixed(1)}; ${stored}`,
        );
      }
      expect(growthMiB).toBeLessThan(40);
    },
    process.env['SLOW'] ? 3_600_000 : 120_000,
  );

  it('are set aside when they are dear, and what is genuine among them takes effect within the hour', async () => {
    const { world, alice, bob, aliceId, bobId, caught } = await threePeople('dear');
    await nearlySpent(alice, bobId, 100);
    alice.events.undecryptable = [];
    // Forged, and as far ahead as can be: not looked into now.
    const next = forgery(caught, 'dear/forged', 3);
    const ahead = [next(), next(), next()];
    world.relay.tamper.push = (push, to) => {
      if (push.name !== 'envelopes' || to.accountId !== aliceId) return [push];
      delete world.relay.tamper.push;
      return [{ name: 'envelopes', payload: { envelopes: ahead } }, push];
    };
    await bob.messenger.messages.send(aliceId, { text: 'near' });
    await world.until(() => alice.texts.includes('near'));
    expect(alice.undecryptable).toEqual(Array.from({ length: 3 }, () => 'decryption-deferred'));
    expect((await spaces(alice)).get('deferred')).toBe(3);

    // A genuine one that the relay delivers far ahead of the others.
    await alice.messenger.disconnect();
    const texts = Array.from({ length: limits.freeDecryptionSteps + 20 }, (_, number) => `row ${number}`);
    for (const text of texts) await bob.messenger.messages.send(aliceId, { text });
    await world.until(async () => (await bob.rows(aliceId)).every(({ status }) => status !== 'pending'));
    const last = world.relay.waiting(await alice.address()).at(-1)!;
    world.relay.tamper.envelopes = (page) => page.filter(({ id }) => id === last.id);
    await alice.online();
    await world.until(() => alice.undecryptable.length === 4);
    expect(alice.undecryptable.at(-1)).toBe('decryption-deferred');
    expect(alice.texts).not.toContain(texts.at(-1));

    // The first forged one uses the new hour up, or ends as what it is; the genuine one has its turn.
    await world.pass(limits.refusedStepsWindowMs);
    await world.until(() => alice.texts.includes(texts.at(-1)!));
    delete world.relay.tamper.envelopes;
    await alice.messenger.disconnect();
    await alice.online();
    await world.until(() => alice.texts.includes(texts[0]!));
    await world.settle();
    expect([...alice.texts].sort()).toEqual([...new Set(alice.texts)].sort());
    expect(alice.texts).toEqual(expect.arrayContaining(texts));
    expect((await spaces(alice)).get('deferred') ?? 0).toBe(0);
  }, 120_000);
});
