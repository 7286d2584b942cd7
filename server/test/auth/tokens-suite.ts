/** Registration, signing in and tokens against a running relay. Run with PGlite and with PostgreSQL. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromBase64Url, toBase64Url, type RequestOf, type TokenPair } from '@sotto/sdk/wire';
import type { Database } from '../../src/ports.js';
import { relayLimits } from '../../src/relay-limits.js';
import { createAuthStore } from '../../src/storage/postgres/auth-store.js';
import { Person, bytes } from '../support/people.js';
import { startTestRelay, type TestRelay } from '../support/test-relay.js';

/** @param open - opens an empty database */
export function runTokensSuite(name: string, open: () => Promise<Database>): void {
  describe(`tokens: ${name}`, () => {
    let test: TestRelay;
    beforeAll(async () => {
      test = await startTestRelay({}, open);
    });
    afterAll(() => test.close());

    const refresh = (request: RequestOf<'auth.refresh'>) => test.client.call('auth.refresh', request);
    const register = async (): Promise<{ person: Person; tokens: TokenPair }> => {
      const person = new Person();
      return { person, tokens: await test.client.register(person) };
    };
    const families = async (person: Person) =>
      (
        await test.database.query('SELECT family_id FROM refresh_families WHERE account_id = $1', [
          person.accountId,
        ])
      ).length;

    it('lets a registered device in, for ten minutes at a time', async () => {
      const { tokens } = await register();
      expect(tokens.accessExpiresInMs).toBe(600_000);
      await test.client.ok('keys.status', {}, tokens.accessToken);
      test.advance(600_000);
      const late = await test.client.call('keys.status', {}, tokens.accessToken);
      expect(late.problem?.code).toBe('unauthorized');
      expect(late.headers.get('www-authenticate')).toBe('Bearer');
    });

    it('refuses altered, foreign and missing access tokens alike', async () => {
      const { tokens } = await register();
      const [header, payload, signature] = tokens.accessToken.split('.') as [string, string, string];
      const otherPayload = toBase64Url(
        Buffer.from(
          Buffer.from(payload, 'base64url')
            .toString()
            .replace(/"device":1/, '"device":2'),
        ),
      );
      const none = toBase64Url(Buffer.from('{"alg":"none","typ":"at+jwt"}'));
      const bad = [
        undefined,
        'x',
        `${header}.${otherPayload}.${signature}`,
        `${none}.${payload}.`,
        `${header}.${payload}.${toBase64Url(bytes(64))}`,
        tokens.refreshToken,
      ];
      const answers = await Promise.all(bad.map((token) => test.client.call('keys.status', {}, token)));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(answers[0]!.problem?.code).toBe('unauthorized');
    });

    it('keeps no refresh token, only its hash', async () => {
      const { person, tokens } = await register();
      const [row] = await test.database.query(
        'SELECT token_hash FROM refresh_families WHERE account_id = $1',
        [person.accountId],
      );
      expect(row).toEqual({
        token_hash: Uint8Array.from(createHash('sha256').update(tokens.refreshToken).digest()),
      });
    });

    it('rotates: each token is good once, its successor works', async () => {
      const { person, tokens } = await register();
      const first = await refresh(person.refresh(tokens.refreshToken));
      expect(first.value.refreshToken).not.toBe(tokens.refreshToken);
      const second = await refresh(person.refresh(first.value.refreshToken));
      await test.client.ok('keys.status', {}, second.value.accessToken);
    });

    it('answers the same signed request with the same successor, however often', async () => {
      const { person, tokens } = await register();
      const request = person.refresh(tokens.refreshToken);
      const answers = [];
      for (let count = 0; count < 3; count += 1) answers.push((await refresh(request)).value.refreshToken);
      expect(new Set(answers).size).toBe(1);
      expect((await refresh(person.refresh(answers[0]!))).status).toBe(200);
    });

    it('gives 50 parallel identical requests one family and one successor', async () => {
      const { person, tokens } = await register();
      const request = person.refresh(tokens.refreshToken);
      const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(request)));
      expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
      expect(new Set(answers.map(({ value }) => value.refreshToken)).size).toBe(1);
      expect(await families(person)).toBe(1);
      expect((await refresh(person.refresh(answers[0]!.value.refreshToken))).status).toBe(200);
    });

    it('lets one of many advance a family, in the store itself', async () => {
      const { person } = await register();
      const store = createAuthStore(test.database);
      const [row] = await test.database.query<{ family_id: string; token_hash: Uint8Array }>(
        'SELECT family_id, token_hash FROM refresh_families WHERE account_id = $1',
        [person.accountId],
      );
      const now = Date.now();
      const step = {
        familyId: row!.family_id,
        tokenHash: row!.token_hash,
        nextTokenHash: bytes(32),
        requestHash: bytes(32),
        expiresAt: now + 1_000,
        now,
      };
      const advanced = await Promise.all(Array.from({ length: 20 }, () => store.advanceFamily(step)));
      expect(advanced.filter(Boolean)).toHaveLength(1);
      expect(await store.findFamily(step.familyId)).toMatchObject({ number: 1, expiresAt: now + 1_000 });
      const late = { ...step, tokenHash: step.nextTokenHash, now: now + 1_000 };
      expect(await store.advanceFamily(late)).toBe(false);
    });

    it('ends the family when a spent token comes back in another request', async () => {
      const { person, tokens } = await register();
      const next = (await refresh(person.refresh(tokens.refreshToken))).value;
      expect((await refresh(person.refresh(tokens.refreshToken))).problem?.code).toBe('refresh-refused');
      expect((await refresh(person.refresh(next.refreshToken))).problem?.code).toBe('refresh-refused');
      expect(await families(person)).toBe(0);
    });

    it('ends the family when a spent token comes back without the device’s signature', async () => {
      const { person, tokens } = await register();
      const request = person.refresh(tokens.refreshToken);
      await refresh(request);
      expect((await refresh({ ...request, signature: bytes(64) })).problem?.code).toBe('refresh-refused');
      expect(await families(person)).toBe(0);
    });

    it('ends one family alone: other logins of the device stay', async () => {
      const { person, tokens } = await register();
      const other = (await test.client.login(person)).value;
      await refresh(person.refresh(tokens.refreshToken));
      await refresh(person.refresh(tokens.refreshToken));
      expect((await refresh(person.refresh(other.refreshToken))).status).toBe(200);
    });

    it('changes nothing when a thief holds the newest token without the device’s key', async () => {
      const { person, tokens } = await register();
      const thief = new Person();
      expect((await refresh(thief.refresh(tokens.refreshToken))).problem?.code).toBe('refresh-refused');
      expect((await refresh(person.refresh(tokens.refreshToken))).status).toBe(200);
    });

    it('refuses made-up refresh tokens, and one altered in any byte', async () => {
      const { person, tokens } = await register();
      const token = fromBase64Url(tokens.refreshToken);
      const altered = Array.from(token.keys(), (index) => {
        const copy = Uint8Array.from(token);
        copy[index]! ^= 1;
        return toBase64Url(copy);
      });
      for (const bad of ['x', toBase64Url(bytes(54)), `${tokens.refreshToken}A`, ...altered]) {
        expect((await refresh(person.refresh(bad))).problem?.code).toBe('refresh-refused');
      }
      expect((await refresh(person.refresh(tokens.refreshToken))).status).toBe(200);
    });

    it('forgets a family after 60 days without use, counted from the last use', async () => {
      const { person, tokens } = await register();
      test.advance(relayLimits.refreshTtlMs - 60_000);
      const next = await refresh(person.refresh(tokens.refreshToken));
      expect(next.status).toBe(200);
      test.advance(relayLimits.refreshTtlMs + 1);
      expect((await refresh(person.refresh(next.value.refreshToken))).problem?.code).toBe('refresh-refused');
    });

    it('bounds the families of a device: the oldest goes', async () => {
      const { person, tokens } = await register();
      for (let login = 0; login < relayLimits.maxFamiliesPerDevice; login += 1) {
        test.advance(1_000);
        expect((await test.client.login(person)).status).toBe(200);
      }
      expect(await families(person)).toBe(relayLimits.maxFamiliesPerDevice);
      expect((await refresh(person.refresh(tokens.refreshToken))).problem?.code).toBe('refresh-refused');
    });

    it('logs out: the refresh token is worth nothing', async () => {
      const { person, tokens } = await register();
      await test.client.ok('auth.logout', {}, tokens.accessToken);
      expect((await refresh(person.refresh(tokens.refreshToken))).problem?.code).toBe('refresh-refused');
      expect((await test.client.login(person)).status).toBe(200);
    });

    describe('nonces', () => {
      const upload = (person: Person, token: string, nonce: Uint8Array<ArrayBuffer>) => {
        const keys = {};
        const proof = person.prove('keys.upload', { keys }, nonce);
        return test.client.call('keys.upload', { keys, proof }, token);
      };

      it('are good once, even for parallel requests', async () => {
        const { person, tokens } = await register();
        const nonce = await test.client.nonce();
        const answers = await Promise.all(
          Array.from({ length: 10 }, () => upload(person, tokens.accessToken, nonce)),
        );
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
        expect(answers.filter(({ problem }) => problem?.code === 'proof-refused')).toHaveLength(9);
      });

      it('are good for five minutes', async () => {
        const { person, tokens } = await register();
        const nonce = await test.client.nonce();
        test.advance(relayLimits.nonceTtlMs);
        expect((await upload(person, tokens.accessToken, nonce)).problem?.code).toBe('proof-refused');
      });

      it('are refused when made up', async () => {
        const { person, tokens } = await register();
        expect((await upload(person, tokens.accessToken, bytes(32))).problem?.code).toBe('proof-refused');
      });

      it('are bounded in number: the oldest go', async () => {
        const store = createAuthStore(test.database);
        await store.sweepNonces(Number.MAX_SAFE_INTEGER, 0);
        for (let index = 1; index <= 10; index += 1)
          await store.addNonce(Uint8Array.of(index), 1_000 + index);
        expect(await store.sweepNonces(1_002, 5)).toBe(5);
        expect(await test.database.query('SELECT count(*) AS count FROM auth_nonces')).toEqual([
          { count: 5 },
        ]);
        expect(await store.takeNonce(Uint8Array.of(10), 1_002)).toBe(true);
        expect(await store.takeNonce(Uint8Array.of(5), 1_002)).toBe(false);
      });
    });

    describe('proofs', () => {
      it('cover the operation, the body and the device', async () => {
        const { person, tokens } = await register();
        const other = new Person();
        const { client } = test;
        const keys = { oneTime: [person.ecKey(5)] };
        const swapped = person.prove('keys.upload', { keys: {} }, await client.nonce());
        const wrongOperation = person.prove(
          'accounts.delete',
          { accountId: person.accountId },
          await client.nonce(),
        );
        const wrongKey = other.prove('keys.upload', { keys }, await client.nonce());
        const right = person.prove('keys.upload', { keys }, await client.nonce());
        const wrongNonce = { ...right, nonce: await client.nonce() };
        for (const proof of [swapped, wrongOperation, wrongKey, wrongNonce]) {
          const answer = await client.call('keys.upload', { keys, proof }, tokens.accessToken);
          expect(answer.problem?.code).toBe('proof-refused');
        }
        expect((await client.ok('keys.status', {}, tokens.accessToken)).oneTime).toBe(0);
        await client.ok('keys.upload', { keys, proof: right }, tokens.accessToken);
      });
    });
  });
}
