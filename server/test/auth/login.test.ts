import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeviceId, RequestOf, Username } from '@sotto/sdk/wire';
import { createLoginKeys } from '../../src/auth/login-keys.js';
import { createDuties } from '../../src/duties.js';
import { createHashGate } from '../../src/hash-gate.js';
import { deriveRelaySecrets } from '../../src/secrets.js';
import { Person, bytes } from '../support/people.js';
import { startTestRelay, type TestRelay } from '../support/test-relay.js';

type LoginChanges = Partial<RequestOf<'auth.login'>>;

/** Everything about a login that can be wrong. */
const wrongs: readonly (readonly [string, LoginChanges])[] = [
  ['unknown username', { username: 'nobody_here' as Username }],
  ['wrong login key', { loginKey: bytes(32) }],
  ['unknown device', { deviceId: 2 as DeviceId }],
  ['unknown username and device', { username: 'nobody_here' as Username, deviceId: 9 as DeviceId }],
];

describe('login', () => {
  let test: TestRelay;
  let person: Person;
  beforeAll(async () => {
    test = await startTestRelay();
    person = new Person();
    await test.client.register(person);
  });
  afterAll(() => test.close());

  it('succeeds with the right key and the device’s signature', async () => {
    const { value } = await test.client.login(person);
    await test.client.ok('keys.status', {}, value.accessToken);
  });

  it('answers every wrong login with the same bytes and headers', async () => {
    const stranger = new Person();
    const answers = [];
    for (const [, changes] of wrongs) answers.push(await test.client.login(person, changes));
    const { username, loginKey } = person;
    const request = { username, loginKey, deviceId: 1 as DeviceId };
    answers.push(await test.client.proven(stranger, 'auth.login', request));
    for (const answer of answers) expect(answer.problem?.code).toBe('login-refused');
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    const stable = answers.map(({ headers }) =>
      JSON.stringify([...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id')),
    );
    expect(new Set(stable).size).toBe(1);
  });

  it('does the same work for every wrong login as for a right one', async () => {
    const real = createLoginKeys(createHashGate());
    let comparisons = 0;
    const loginKeys: typeof real = {
      hash: (key) => real.hash(key),
      matches: (hash, key) => {
        comparisons += 1;
        return real.matches(hash, key);
      },
    };
    const duties = await createDuties({
      storage: {
        database: test.database,
        relayId: test.relay.relayId,
        secrets: deriveRelaySecrets(bytes(32)),
      },
      connected: { signOut: () => {}, keysLow: () => {} },
      now: Date.now,
      random: bytes,
      loginKeys,
    });
    const login = duties.routes['auth.login'];
    for (const [name, changes] of [['right', {}] as const, ...wrongs]) {
      const { nonce } = await duties.routes['auth.nonce'].handle({
        request: {},
        encodedBody: {},
        claims: undefined,
      });
      const body = {
        username: person.username,
        loginKey: person.loginKey,
        deviceId: 1 as DeviceId,
        ...changes,
      };
      const proof = person.prove('auth.login', body, nonce);
      const encodedBody = { ...body, loginKey: Buffer.from(body.loginKey).toString('base64url') };
      comparisons = 0;
      const outcome = login.handle({ request: { ...body, proof }, encodedBody, claims: undefined });
      if (name === 'right') await outcome;
      else await expect(outcome, name).rejects.toMatchObject({ code: 'login-refused' });
      expect(comparisons, name).toBe(1);
    }
  });

  it('uses up its nonce and says so, whoever asks', async () => {
    const nonce = await test.client.nonce();
    const body = { username: person.username, loginKey: person.loginKey, deviceId: 1 as DeviceId };
    const request = { ...body, proof: person.prove('auth.login', body, nonce) };
    expect((await test.client.call('auth.login', request)).status).toBe(200);
    const again = await test.client.call('auth.login', request);
    const unknown = await test.client.call('auth.login', { ...request, username: 'nobody_here' as Username });
    expect(again.problem?.code).toBe('proof-refused');
    expect(unknown.text).toBe(again.text);
  });

  it('keeps the login key as an Argon2id hash under a versioned scheme', async () => {
    const [row] = await test.database.query(
      'SELECT auth_scheme, login_key_hash FROM accounts WHERE account_id = $1',
      [person.accountId],
    );
    expect(row).toMatchObject({ auth_scheme: 'scrypt-hkdf-v1+argon2id-v1' });
    expect(row!['login_key_hash']).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('refuses new hashes while too many wait, and takes them again afterwards', async () => {
    const gate = createHashGate(2);
    const release: (() => void)[] = [];
    const work = () => gate.run(() => new Promise<void>((resolve) => release.push(resolve)));
    const running = [work(), work()];
    await expect(work()).rejects.toMatchObject({ code: 'unavailable', extra: { retryAfterMs: 2_000 } });
    release.forEach((end) => end());
    await Promise.all(running);
    await gate.run(async () => 'taken');
  });
});
