/** Upload and handing out of pre-keys against a running relay. Run with PGlite and with PostgreSQL. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveContactCode } from '@sotto/sdk/verification';
import { wireLimits, type DeviceId, type PreKeyUpload } from '@sotto/sdk/wire';
import type { Database } from '../../src/ports.js';
import { dayOf } from '../../src/relay-limits.js';
import { createKeysStore } from '../../src/storage/postgres/keys-store.js';
import { Person, bytes } from '../support/people.js';
import { startTestRelay, type TestRelay } from '../support/test-relay.js';

const room = { maxPerKind: 200, replace: false };

const device = 1 as DeviceId;

/** For tests of hundreds of requests, on a machine that has other work as well. */
const longTestMs = 120_000;

/** Somebody registered, and how they use their keys. */
class KeyOwner extends Person {
  #token = '';

  constructor(readonly test: TestRelay) {
    super();
  }

  async register(): Promise<this> {
    this.#token = (await this.test.client.register(this)).accessToken;
    return this;
  }

  async upload(keys: PreKeyUpload) {
    const { value, problem } = await this.test.client.proven(this, 'keys.upload', { keys }, this.#token);
    if (problem) throw new Error(problem.code);
    return value;
  }

  /** The statuses of an upload, in order. */
  async statuses(keys: PreKeyUpload): Promise<string[]> {
    return (await this.upload(keys)).results.map(({ kind, id, status }) => `${kind} ${id} ${status}`);
  }

  async status() {
    return this.test.client.ok('keys.status', {}, this.#token);
  }

  /** A function that asks for this one's bundle. */
  async introduceTo(asker: KeyOwner) {
    const { identityKey, username, accountId } = this;
    const code = await deriveContactCode({ identityKey, username });
    const { client } = this.test;
    const { introductionToken } = await client.ok('contacts.resolve', { username, code }, asker.#token);
    return (deviceIds: DeviceId[] = [device]) =>
      client.call('keys.bundle', { accountId, reachToken: introductionToken, deviceIds }, asker.#token);
  }
}

/** @param open - opens an empty database */
export function runKeysSuite(name: string, open: () => Promise<Database>): void {
  describe(`keys: ${name}`, () => {
    let test: TestRelay;
    beforeAll(async () => {
      test = await startTestRelay({}, open);
    });
    afterAll(() => test.close());
    const newOwner = () => new KeyOwner(test).register();

    describeUpload(newOwner);
    describeBundles(newOwner);
    describeStore(() => test, newOwner);
  });
}

function describeUpload(newOwner: () => Promise<KeyOwner>): void {
  it('stores every kind and says what is there', async () => {
    const owner = await newOwner();
    expect(await owner.status()).toEqual({
      oneTime: 0,
      kemOneTime: 0,
      signedId: null,
      kemLastResortId: null,
    });
    const { results, status } = await owner.upload(owner.keys(2, 10));
    expect(results.map(({ kind, id, status: one }) => `${kind} ${id} ${one}`)).toEqual([
      'signed 10 stored',
      'kem-last-resort 1000010 stored',
      'one-time 10 stored',
      'one-time 11 stored',
      'kem-one-time 10 stored',
      'kem-one-time 11 stored',
    ]);
    expect(status).toEqual({ oneTime: 2, kemOneTime: 2, signedId: 10, kemLastResortId: 1_000_010 });
    expect(await owner.status()).toEqual(status);
  });

  it(
    'answers an upload that is repeated a hundred times with "unchanged"',
    async () => {
      const owner = await newOwner();
      const keys = owner.keys(2);
      const first = await owner.upload(keys);
      for (let count = 0; count < 100; count += 1) {
        const { results, status } = await owner.upload(keys);
        expect(new Set(results.map((result) => result.status))).toEqual(new Set(['unchanged']));
        expect(status).toEqual(first.status);
      }
    },
    longTestMs,
  );

  it('lets one bad key block no other', async () => {
    const owner = await newOwner();
    const stranger = new Person();
    const good = owner.keys(3);
    await owner.upload({ oneTime: [good.oneTime![2]!] });
    const bad = {
      signed: { ...owner.signedPreKey(1), signature: bytes(64) },
      kemLastResort: { ...owner.kemPreKey(2), publicKey: Uint8Array.of(0x08, ...bytes(1568)) },
      oneTime: [
        good.oneTime![0]!,
        { id: 50, publicKey: Uint8Array.of(0x06, ...bytes(32)) },
        owner.ecKey(3),
        good.oneTime![1]!,
      ],
      kemOneTime: [
        good.kemOneTime![0]!,
        { ...owner.kemPreKey(60), publicKey: Uint8Array.of(0x07, ...bytes(1568)) },
        stranger.kemPreKey(61),
        good.kemOneTime![1]!,
      ],
    };
    expect(await owner.statuses(bad)).toEqual([
      'signed 1 invalid',
      'kem-last-resort 2 invalid',
      'one-time 1 stored',
      'one-time 50 invalid',
      'one-time 3 conflict',
      'one-time 2 stored',
      'kem-one-time 1 stored',
      'kem-one-time 60 invalid',
      'kem-one-time 61 invalid',
      'kem-one-time 2 stored',
    ]);
    expect(await owner.status()).toEqual({
      oneTime: 3,
      kemOneTime: 2,
      signedId: null,
      kemLastResortId: null,
    });
  });

  it('gives each kind ids of its own, and compares ids within one upload too', async () => {
    const owner = await newOwner();
    const key = owner.ecKey(0xffffffff);
    const keys = { signed: owner.signedPreKey(0), oneTime: [owner.ecKey(0), key, key, owner.ecKey(0)] };
    expect(await owner.statuses(keys)).toEqual([
      'signed 0 stored',
      'one-time 0 stored',
      'one-time 4294967295 stored',
      'one-time 4294967295 unchanged',
      'one-time 0 conflict',
    ]);
  });

  it('replaces lasting keys by new ids, and not under the same id', async () => {
    const owner = await newOwner();
    await owner.upload({ signed: owner.signedPreKey(1), kemLastResort: owner.kemPreKey(1) });
    expect(
      await owner.statuses({ signed: owner.signedPreKey(1), kemLastResort: owner.kemPreKey(2) }),
    ).toEqual(['signed 1 conflict', 'kem-last-resort 2 stored']);
    expect(await owner.status()).toMatchObject({ signedId: 1, kemLastResortId: 2 });
  });

  it('keeps no more of a kind than it may', async () => {
    const owner = await newOwner();
    const { maxPreKeysPerDevice, maxPreKeysPerUpload } = wireLimits;
    const fill = Array.from({ length: maxPreKeysPerUpload }, (_, id) => owner.ecKey(id));
    for (let stored = 0; stored < maxPreKeysPerDevice; stored += fill.length)
      await owner.upload({ oneTime: fill });
    const more = { oneTime: [fill[0]!, owner.ecKey(1_000)], kemOneTime: [owner.kemPreKey(1_000)] };
    expect(await owner.statuses(more)).toEqual([
      'one-time 0 unchanged',
      'one-time 1000 full',
      'kem-one-time 1000 stored',
    ]);
  });
}

function describeBundles(newOwner: () => Promise<KeyOwner>): void {
  it('hand out each one-time key once, then the last-resort key, and say so', async () => {
    const [owner, asker] = [await newOwner(), await newOwner()];
    const keys = owner.keys(2);
    await owner.upload(keys);
    const ask = await owner.introduceTo(asker);
    const bundles = [(await ask()).value, (await ask()).value, (await ask()).value].map(
      ({ devices }) => devices[0]!,
    );
    expect(
      bundles.slice(0, 2).map((bundle) => [bundle.oneTimePreKey, bundle.kemPreKey, bundle.kemLastResort]),
    ).toEqual([
      [keys.oneTime![0], keys.kemOneTime![0], false],
      [keys.oneTime![1], keys.kemOneTime![1], false],
    ]);
    expect(bundles[2]).toEqual({
      deviceId: 1,
      registrationId: 77,
      signedPreKey: keys.signed,
      kemPreKey: keys.kemLastResort,
      kemLastResort: true,
    });
  });

  it('never hand out a key again, whatever is uploaded after that', async () => {
    const [owner, asker] = [await newOwner(), await newOwner()];
    const keys = owner.keys(1);
    await owner.upload(keys);
    const ask = await owner.introduceTo(asker);
    expect((await ask()).value.devices[0]!.oneTimePreKey).toEqual(keys.oneTime![0]);
    const { results } = await owner.upload(keys);
    expect(results.slice(2).map(({ status }) => status)).toEqual(['conflict', 'conflict']);
    expect((await ask()).value.devices[0]).not.toHaveProperty('oneTimePreKey');
    expect(await owner.status()).toMatchObject({ oneTime: 0, kemOneTime: 0 });
  });

  it('need the lasting keys, and use nothing up without them', async () => {
    const [owner, asker] = [await newOwner(), await newOwner()];
    const { signed, ...others } = owner.keys(1);
    await owner.upload(others);
    const ask = await owner.introduceTo(asker);
    expect((await ask()).problem?.code).toBe('keys-missing');
    expect(await owner.status()).toMatchObject({ oneTime: 1, kemOneTime: 1 });
    await owner.upload({ signed: signed! });
    expect((await ask()).status).toBe(200);
  });

  it('give the statement and manifest alone for no device, and leave out devices that are not listed', async () => {
    const [owner, asker] = [await newOwner(), await newOwner()];
    await owner.upload(owner.keys(1));
    const ask = await owner.introduceTo(asker);
    const { statement, manifest } = owner;
    expect((await ask([])).value).toEqual({ statement, manifest, devices: [] });
    expect((await ask([2 as DeviceId])).value).toEqual({ statement, manifest, devices: [] });
    expect(await owner.status()).toMatchObject({ oneTime: 1, kemOneTime: 1 });
    const both = (await ask([device, 2 as DeviceId, device])).value.devices;
    expect(both.map(({ deviceId }) => deviceId)).toEqual([1]);
    expect(await owner.status()).toMatchObject({ oneTime: 0, kemOneTime: 0 });
  });

  it(
    'give 100 keys to 200 who ask at once, each key to one',
    async () => {
      const [owner, asker] = [await newOwner(), await newOwner()];
      await owner.upload(owner.keys(100));
      const ask = await owner.introduceTo(asker);
      const answers = await Promise.all(Array.from({ length: 200 }, () => ask()));
      const bundles = answers.map(({ value }) => value.devices[0]!);
      const ids = bundles.flatMap(({ oneTimePreKey }) => (oneTimePreKey ? [oneTimePreKey.id] : []));
      const kemIds = bundles.flatMap(({ kemLastResort, kemPreKey }) => (kemLastResort ? [] : [kemPreKey.id]));
      expect(new Set(ids).size).toBe(ids.length);
      expect(new Set(kemIds).size).toBe(kemIds.length);
      expect([ids.length, kemIds.length]).toEqual([100, 100]);
    },
    longTestMs,
  );
}

function describeStore(test: () => TestRelay, newOwner: () => Promise<KeyOwner>): void {
  const key = (id: number) => ({ kind: 'one-time', id, publicKey: bytes(33), signature: undefined }) as const;

  it('gives parallel claims different keys, and uploads at the same time bring none back', async () => {
    const { accountId } = await newOwner();
    const store = createKeysStore(test().database);
    const owner = { accountId, deviceId: device };
    const keys = Array.from({ length: 50 }, (_, id) => key(id));
    await store.add(owner, keys, room);
    const today = dayOf(Date.now());
    const work = Array.from({ length: 100 }, async (_, index) => {
      if (index % 4 === 0) await store.add(owner, keys, room);
      return (await store.claim(accountId, [device], today))[0]?.oneTime?.id;
    });
    const claimed = (await Promise.all(work)).filter((id) => id !== undefined);
    expect(claimed).toHaveLength(50);
    expect(new Set(claimed).size).toBe(50);
  });

  it('tells what is left, remembers handed-out ids for 31 days, and keeps none of their bytes', async () => {
    const { accountId } = await newOwner();
    const store = createKeysStore(test().database);
    const owner = { accountId, deviceId: device };
    await store.add(owner, [key(1), key(2), { ...key(9), kind: 'kem-one-time', signature: bytes(64) }], room);
    const [claimed] = await store.claim(accountId, [device], 1_000);
    expect(claimed).toMatchObject({ deviceId: 1, oneTime: { id: 1 }, kemOneTime: { id: 9 }, left: 0 });
    const sql =
      'SELECT key_id, public_key FROM one_time_pre_keys WHERE account_id = $1 AND handed_out_day = 1000 ORDER BY key_id';
    expect(await test().database.query(sql, [accountId])).toEqual([
      { key_id: 1, public_key: null },
      { key_id: 9, public_key: null },
    ]);
    expect(await store.sweepHandedOut(999)).toBe(0);
    expect(await store.sweepHandedOut(1_000)).toBe(2);
    expect((await store.status(owner)).oneTime).toBe(1);
  });

  it('lets those in stock go that a replacement does not name, and no others', async () => {
    const { accountId } = await newOwner();
    const store = createKeysStore(test().database);
    const owner = { accountId, deviceId: device };
    const kept = key(3);
    await store.add(owner, [key(1), key(2), kept], room);
    await store.claim(accountId, [device], 1_000);
    const replacement = [kept, key(4)];
    for (const expected of [
      ['unchanged', 'stored'],
      ['unchanged', 'unchanged'],
    ]) {
      const results = await store.add(owner, replacement, { ...room, replace: true });
      expect(results?.map(({ status }) => status)).toEqual(expected);
    }
    expect((await store.status(owner)).oneTime).toBe(2);
    expect(await store.add(owner, [key(1)], room)).toMatchObject([{ status: 'conflict' }]);
    expect(await store.add(owner, [key(2)], room)).toMatchObject([{ status: 'stored' }]);
  });

  it('stores nothing for a device that is gone', async () => {
    const store = createKeysStore(test().database);
    const { accountId } = new Person();
    expect(await store.add({ accountId, deviceId: device }, [key(1)], room)).toBeUndefined();
  });
}
