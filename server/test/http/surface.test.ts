import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { relayInfo } from '@sotto/sdk/wire';
import { clientAddress } from '../../src/http/client-address.js';
import { createRelay } from '../../src/relay.js';
import type { Database } from '../../src/ports.js';
import { openPGliteDatabase } from '../../src/storage/postgres/index.js';
import { Person } from '../support/people.js';
import { RelayClient } from '../support/relay-client.js';
import { startTestRelay, type TestRelay } from '../support/test-relay.js';

describe('the HTTP surface', () => {
  let test: TestRelay;
  beforeAll(async () => {
    test = await startTestRelay({ allowedOrigins: ['https://chat.example.org'], limitFactor: 1 });
  });
  afterAll(() => test.close());

  it('introduces itself', async () => {
    const info = relayInfo.parse(await test.client.ok('relay.info', {}));
    expect(info).toEqual({ relayId: test.relay.relayId, protocol: 1, authScheme: 'scrypt-hkdf-v1' });
  });

  it('sets no cookie, allows no caching, and names every request', async () => {
    const { headers } = await test.client.raw('/v1/relay');
    expect(headers.get('set-cookie')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('etag')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('lets pages of configured origins in and no others, and never with credentials', async () => {
    const preflight = {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    };
    const ask = (origin: string, method: string, more = {}) =>
      fetch(`${test.relay.url}/v1/accounts`, { method, headers: { origin, ...more } });
    const allowed = await ask('https://chat.example.org', 'OPTIONS', preflight);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://chat.example.org');
    expect(allowed.headers.get('access-control-allow-headers')).toBe('authorization, content-type');
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
    for (const origin of [
      'https://evil.example.org',
      'https://chat.example.org.evil.org',
      'http://chat.example.org',
      'null',
    ]) {
      const refused = await ask(origin, 'OPTIONS', preflight);
      expect(refused.status).toBe(405);
      expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    }
    expect((await ask('https://chat.example.org', 'POST')).headers.get('access-control-allow-origin')).toBe(
      'https://chat.example.org',
    );
  });

  it('says in a header and in the problem when to come back', async () => {
    const person = new Person();
    const { username, loginKey } = person;
    let answer = await test.client.login(person);
    for (let attempt = 0; attempt < 20 && answer.status !== 429; attempt += 1) {
      answer = await test.client.proven(person, 'auth.login', { username, loginKey, deviceId: 1 as never });
    }
    expect(answer.problem?.code).toBe('rate-limited');
    expect(answer.problem?.retryAfterMs).toBeGreaterThan(0);
    expect(Number(answer.headers.get('retry-after'))).toBe(Math.ceil(answer.problem!.retryAfterMs! / 1000));
  });

  it('is alive and ready', async () => {
    expect((await test.client.raw('/healthz')).value).toEqual({ status: 'alive' });
    expect((await test.client.raw('/readyz')).value).toEqual({ status: 'ready' });
  });
});

describe('the client’s address', () => {
  const request = (forwarded?: string | string[]) =>
    ({
      socket: { remoteAddress: '10.0.0.1' },
      headers: { 'x-forwarded-for': forwarded },
    }) as unknown as IncomingMessage;

  it('is the peer’s, unless proxies are trusted, and then what the outermost of them saw', () => {
    expect(clientAddress(request('203.0.113.9'), 0)).toBe('10.0.0.1');
    expect(clientAddress(request(), 1)).toBe('10.0.0.1');
    expect(clientAddress(request('198.51.100.1, 203.0.113.9'), 1)).toBe('203.0.113.9');
    expect(clientAddress(request('6.6.6.6, 198.51.100.1, 10.0.0.2'), 2)).toBe('198.51.100.1');
    expect(clientAddress(request(['198.51.100.1', '203.0.113.9']), 1)).toBe('203.0.113.9');
  });
});

describe('a relay whose database fails', () => {
  it('is alive, not ready, and says so; and comes back', async () => {
    const database = await openPGliteDatabase();
    let failing = false;
    const lost = () => Promise.reject(Object.assign(new Error('canary-address'), { code: 'ECONNREFUSED' }));
    const unreliable: Database = {
      query: (sql, parameters) => (failing ? lost() : database.query(sql, parameters)),
      transaction: (work) => (failing ? lost() : database.transaction(work)),
      close: () => database.close(),
    };
    const log: string[] = [];
    const relay = await createRelay(
      { port: 0 },
      { database: unreliable, logSink: { write: (line) => void log.push(line) } },
    );
    const client = new RelayClient(relay.url);
    failing = true;
    const ready = await client.raw('/readyz');
    expect(ready.problem).toMatchObject({ code: 'unavailable', retryAfterMs: 1_000 });
    expect((await client.raw('/healthz')).status).toBe(200);
    expect((await client.call('auth.nonce', {})).problem?.code).toBe('unavailable');
    failing = false;
    expect((await client.raw('/readyz')).status).toBe(200);
    await client.nonce();
    await relay.close();
    await database.close();
    expect(log.join('')).not.toContain('canary');
  });
});

describe('the drain', () => {
  let test: TestRelay | undefined;
  afterEach(() => test?.close());

  it('lets requests under way end, takes no new ones, and ends', async () => {
    test = await startTestRelay();
    const { relay } = test;
    const body = JSON.stringify({});
    const slow = httpRequest(`${relay.url}/v1/auth/nonce`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': body.length, expect: '100-continue' },
    });
    const answered = new Promise<number | undefined>((resolve, reject) => {
      slow.on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      slow.on('error', reject);
    });
    slow.flushHeaders();
    // The relay says so when it has the head of the request.
    await once(slow, 'continue');
    slow.write(body.slice(0, 1));
    const closed = relay.close();
    slow.end(body.slice(1));
    expect(await answered).toBe(200);
    await closed;
    await relay.close();
    await expect(fetch(`${relay.url}/healthz`)).rejects.toThrow();
  });
});
