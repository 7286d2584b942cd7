/** Registration, deletion and resolution against a running relay. Run with PGlite and with PostgreSQL. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveContactCode } from '@sotto/sdk/verification';
import type { AccountId, DeviceManifest, Username } from '@sotto/sdk/wire';
import type { Database } from '../../src/ports.js';
import { relayLimits } from '../../src/relay-limits.js';
import { Person, bytes } from '../support/people.js';
import { startTestRelay, type TestRelay } from '../support/test-relay.js';

/** @param open - opens an empty database */
export function runAccountsSuite(name: string, open: () => Promise<Database>): void {
  describe(`accounts: ${name}`, () => {
    let test: TestRelay;
    beforeAll(async () => {
      test = await startTestRelay({}, open);
    });
    afterAll(() => test.close());

    describeRegistration(() => test);
    describeDeletion(() => test);
    describeResolution(() => test);
  });
}

function describeRegistration(test: () => TestRelay): void {
  const codeOf = async (person: Person, changes: Parameters<Person['registration']>[0] = {}) =>
    (await test().client.call('accounts.register', person.registration(changes))).problem?.code;

  it('stores statement, manifest, device and contact code', async () => {
    const person = new Person();
    await test().client.register(person);
    const [account] = await test().database.query('SELECT contact_code FROM accounts WHERE account_id = $1', [
      person.accountId,
    ]);
    const { identityKey, username } = person;
    expect(account).toEqual({ contact_code: await deriveContactCode({ identityKey, username }) });
    const devices = await test().database.query('SELECT * FROM devices WHERE account_id = $1', [
      person.accountId,
    ]);
    const [{ authKey, registrationId, addedDay }] = person.manifest.devices as [DeviceManifest['devices'][0]];
    expect(devices).toEqual([
      {
        account_id: person.accountId,
        device_id: 1,
        registration_id: registrationId,
        auth_key: authKey,
        added_day: addedDay,
        last_envelope_seq: 0,
        depth_base_seq: 0,
        acknowledged_store_seq: 0,
      },
    ]);
  });

  it('refuses what the identity key has not signed, or has signed for another', async () => {
    const person = new Person();
    const other = new Person();
    const [device] = person.manifest.devices as [DeviceManifest['devices'][0]];
    const refused = {
      'forged statement': { statement: person.makeStatement({ signature: bytes(64) }) },
      'statement of another name': { statement: { ...person.statement, username: other.username } },
      'statement under another key': { statement: { ...person.statement, identityKey: other.identityKey } },
      'forged manifest': { manifest: person.makeManifest({ signature: bytes(64) }) },
      'another account’s manifest': { manifest: other.manifest },
      'manifest by the right key for another account': {
        manifest: person.makeManifest({ accountId: other.accountId }),
      },
      'manifest of version 2': { manifest: person.makeManifest({ version: 2, previousHash: bytes(32) }) },
      'manifest with a past': { manifest: person.makeManifest({ previousHash: bytes(32) }) },
      'two devices': {
        manifest: person.makeManifest({
          devices: [device, { ...device, deviceId: 2 as typeof device.deviceId }],
        }),
      },
      'a key that is none': {
        statement: person.makeStatement({ identityKey: Uint8Array.of(7, ...bytes(32)) }),
      },
    };
    for (const [what, changes] of Object.entries(refused)) {
      expect(await codeOf(person, changes), what).toBe('signature-refused');
    }
    await test().client.register(person);
  });

  it('refuses a name and an account id that are taken', async () => {
    const person = new Person();
    await test().client.register(person);
    expect(await codeOf(new Person(person.username))).toBe('username-taken');
    const sameId = new Person();
    Object.assign(sameId, { accountId: person.accountId });
    const statement = sameId.makeStatement({ accountId: person.accountId });
    const manifest = sameId.makeManifest({ accountId: person.accountId });
    expect(await codeOf(sameId, { statement, manifest })).toBe('account-id-taken');
  });

  it('gives one name to one of many who ask at once', async () => {
    const people = Array.from({ length: 8 }, () => new Person('wanted_by_many'));
    const codes = await Promise.all(people.map((person) => codeOf(person)));
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code === 'username-taken')).toHaveLength(7);
    const rows = await test().database.query(
      "SELECT 1 AS one FROM accounts WHERE username = 'wanted_by_many'",
    );
    expect(rows).toHaveLength(1);
  });

  it('succeeds again for the very same registration, also in parallel', async () => {
    const person = new Person();
    const answers = await Promise.all(Array.from({ length: 3 }, () => test().client.register(person)));
    expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(3);
    for (const { refreshToken } of answers)
      await test().client.ok('auth.refresh', person.refresh(refreshToken));
  });

  it('does not take another login key, statement or manifest for a repetition', async () => {
    const person = new Person();
    await test().client.register(person);
    for (const changes of [
      { loginKey: bytes(32) },
      { statement: person.makeStatement() },
      { manifest: person.makeManifest() },
    ]) {
      // A signature is random, so a document signed again is another document.
      expect(await codeOf(person, changes)).toBe('username-taken');
    }
  });

  it('takes no repetition once the device has uploaded keys: a password alone opens no account', async () => {
    const person = new Person();
    const { accessToken } = await test().client.register(person);
    await test().client.proven(person, 'keys.upload', { keys: person.keys(1) }, accessToken);
    expect(await codeOf(person)).toBe('username-taken');
  });
}

function describeDeletion(test: () => TestRelay): void {
  it('needs a proof, and names the caller’s own account', async () => {
    const { client } = test();
    const person = new Person();
    const other = new Person();
    const { accessToken } = await client.register(person);
    await client.register(other);
    const proof = { nonce: await client.nonce(), signature: bytes(64) };
    const forged = await client.call('accounts.delete', { accountId: person.accountId, proof }, accessToken);
    expect(forged.problem?.code).toBe('proof-refused');
    const foreign = await client.proven(
      person,
      'accounts.delete',
      { accountId: other.accountId },
      accessToken,
    );
    expect(foreign.problem).toMatchObject({ code: 'invalid-request', fields: ['accountId'] });
    const left = await test().database.query(
      'SELECT 1 AS one FROM accounts WHERE account_id = ANY ($1::uuid[])',
      [[person.accountId, other.accountId]],
    );
    expect(left).toHaveLength(2);
  });

  it('removes everything of the account, and keeps its name and id from being used again', async () => {
    const { client, database } = test();
    const person = new Person();
    const tokens = await client.register(person);
    await client.proven(person, 'keys.upload', { keys: person.keys(3) }, tokens.accessToken);
    const { accountId } = person;
    expect((await client.proven(person, 'accounts.delete', { accountId }, tokens.accessToken)).status).toBe(
      200,
    );

    for (const table of [
      'accounts',
      'devices',
      'refresh_families',
      'lasting_pre_keys',
      'one_time_pre_keys',
    ]) {
      const rows = await database.query(`SELECT 1 AS one FROM ${table} WHERE account_id = $1`, [accountId]);
      expect(rows, table).toEqual([]);
    }
    expect((await client.call('auth.refresh', person.refresh(tokens.refreshToken))).problem?.code).toBe(
      'refresh-refused',
    );
    expect((await client.login(person)).problem?.code).toBe('login-refused');
    const again = await client.proven(person, 'accounts.delete', { accountId }, tokens.accessToken);
    expect(again.problem?.code).toBe('unauthorized');

    const register = (request: Parameters<typeof client.call<'accounts.register'>>[1]) =>
      client.call('accounts.register', request).then(({ problem }) => problem?.code);
    expect(await register(person.registration())).toBe('username-taken');
    expect(await register(new Person(person.username).registration())).toBe('username-taken');
    const heir = new Person();
    const statement = heir.makeStatement({ accountId });
    expect(await register(heir.registration({ statement, manifest: heir.makeManifest({ accountId }) }))).toBe(
      'account-id-taken',
    );
  });
}

function describeResolution(test: () => TestRelay): void {
  let asker: Person;
  let askerToken: string;
  let target: Person;
  let code: string;
  beforeAll(async () => {
    [asker, target] = [new Person(), new Person()];
    askerToken = (await test().client.register(asker)).accessToken;
    const targetToken = (await test().client.register(target)).accessToken;
    await test().client.proven(target, 'keys.upload', { keys: target.keys(1) }, targetToken);
    code = await deriveContactCode({ identityKey: target.identityKey, username: target.username });
  });
  const resolve = (username: Username, digits: string) =>
    test().client.call('contacts.resolve', { username, code: digits }, askerToken);
  const bundle = (reachToken: string, token = askerToken, accountId: AccountId = target.accountId) =>
    test().client.call('keys.bundle', { accountId, reachToken, deviceIds: [] }, token);

  it('answers a name and 8, 12 or 16 characters of its code', async () => {
    for (const length of [8, 12, 16]) {
      const { value } = await resolve(target.username, code.slice(0, length));
      expect(value.statement).toEqual(target.statement);
      expect(value.manifest).toEqual(target.manifest);
    }
  });

  it('answers an unknown name and a wrong code with the same bytes', async () => {
    const last = code.endsWith('0') ? '1' : '0';
    const wrong = [code.slice(0, 15) + last, code.slice(0, 11) + (code[11] === '0' ? '1' : '0'), '00000000'];
    const answers = await Promise.all([
      ...wrong.map((digits) => resolve(target.username, digits)),
      resolve('nobody_here' as Username, code),
      resolve(asker.username, code),
    ]);
    for (const answer of answers) expect(answer.problem?.code).toBe('not-found');
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });

  it('gives an introduction token that is for the asker, the target and ten minutes', async () => {
    const { introductionToken } = (await resolve(target.username, code)).value;
    expect((await bundle(introductionToken)).status).toBe(200);
    const stranger = new Person();
    const strangerToken = (await test().client.register(stranger)).accessToken;
    const altered = introductionToken.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
    for (const answer of [
      await bundle(introductionToken, strangerToken),
      await bundle(introductionToken, askerToken, stranger.accountId),
      await bundle(altered),
      await bundle('x'),
    ]) {
      expect(answer.problem?.code).toBe('introduction-required');
    }
    test().advance(relayLimits.introductionTtlMs);
    askerToken = (await test().client.login(asker)).value.accessToken;
    expect((await bundle(introductionToken)).problem?.code).toBe('introduction-required');
  });

  it('hands nothing of an account out once it is deleted', async () => {
    const gone = new Person();
    const { accessToken } = await test().client.register(gone);
    const digits = await deriveContactCode({ identityKey: gone.identityKey, username: gone.username });
    const { introductionToken } = (await resolve(gone.username, digits)).value;
    await test().client.proven(gone, 'accounts.delete', { accountId: gone.accountId }, accessToken);
    expect((await resolve(gone.username, digits)).problem?.code).toBe('not-found');
    expect((await bundle(introductionToken, askerToken, gone.accountId)).problem?.code).toBe(
      'introduction-required',
    );
  });
}
