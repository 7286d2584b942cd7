import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveContactCode } from '@sotto/sdk/verification';
import { toBase64Url, type DeviceId } from '@sotto/sdk/wire';
import { logFieldNames } from '../../src/logging/relay-log.js';
import { Person } from '../support/people.js';
import { startTestRelay, type TestRelay } from '../support/test-relay.js';

/** How a secret could look in a log or a database. */
function spellings(secret: Uint8Array | string): string[] {
  const bytes = Buffer.from(secret);
  const forms = [bytes.toString('hex'), bytes.toString('base64'), toBase64Url(bytes), [...bytes].join(',')];
  return typeof secret === 'string' ? [secret, ...forms] : forms;
}

describe('what a busy relay lets slip', () => {
  let test: TestRelay;
  const [alice, bob] = [new Person(), new Person()];
  const secrets: (Uint8Array | string)[] = [];
  const identifiers: string[] = [];

  beforeAll(async () => {
    test = await startTestRelay({ logLevel: 'debug' });
    const { client } = test;
    const aliceTokens = await client.register(alice);
    const bobTokens = await client.register(bob);
    await client.proven(bob, 'keys.upload', { keys: bob.keys(2) }, bobTokens.accessToken);
    const code = await deriveContactCode({ identityKey: bob.identityKey, username: bob.username });
    const resolved = await client.ok(
      'contacts.resolve',
      { username: bob.username, code },
      aliceTokens.accessToken,
    );
    const reachToken = resolved.introductionToken;
    const deviceIds = [1 as DeviceId];
    await client.ok(
      'keys.bundle',
      { accountId: bob.accountId, reachToken, deviceIds },
      aliceTokens.accessToken,
    );
    const refreshed = await client.ok('auth.refresh', alice.refresh(aliceTokens.refreshToken));
    await client.call('auth.refresh', bob.refresh(aliceTokens.refreshToken));
    await client.login(alice, { loginKey: new Uint8Array(32) });
    await client.call(
      'contacts.resolve',
      { username: bob.username, code: '00000000' },
      aliceTokens.accessToken,
    );
    await client.proven(alice, 'accounts.delete', { accountId: alice.accountId }, refreshed.accessToken);
    for (const person of [alice, bob]) {
      secrets.push(person.loginKey, person.authSecret, Uint8Array.from(person.identity.serialize()));
      identifiers.push(person.accountId, person.username, toBase64Url(person.identityKey));
    }
    secrets.push(aliceTokens.accessToken, aliceTokens.refreshToken, refreshed.refreshToken, reachToken);
    identifiers.push(code, '127.0.0.1', '::1');
  });
  afterAll(() => test.close());

  it('logs no secret, no token, no account, no name, no address', () => {
    const log = test.log.join('');
    expect(test.log.length).toBeGreaterThan(10);
    for (const secret of secrets) for (const form of spellings(secret)) expect(log).not.toContain(form);
    for (const identifier of identifiers) expect(log).not.toContain(identifier);
  });

  it('logs the listed fields and no others', () => {
    const allowed = new Set<string>(['level', 'time', 'event', ...logFieldNames]);
    const seen = new Set(test.log.flatMap((line) => Object.keys(JSON.parse(line) as object)));
    expect([...seen].filter((name) => !allowed.has(name))).toEqual([]);
    expect(seen).toContain('operation');
  });

  it('stores no login key, no token and no private key', async () => {
    const tables = await test.database.query<{ name: string }>(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
    );
    let text = '';
    for (const { name } of tables) {
      const rows = await test.database.query<{ row: string }>(
        `SELECT to_jsonb(t)::text AS row FROM ${name} t`,
      );
      text += rows.map(({ row }) => row).join('\n');
    }
    // The scan sees what is there: a public key is found.
    expect(text).toContain(Buffer.from(bob.identityKey).toString('hex'));
    for (const secret of secrets) for (const form of spellings(secret)) expect(text).not.toContain(form);
  });
});
