import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  httpOperations,
  problemDocument,
  wireLimits,
  type HttpOperation,
  type HttpOperationName,
} from '@sotto/sdk/wire';
import { Person } from '../support/people.js';
import { startTestRelay, type TestRelay } from '../support/test-relay.js';

const names = Object.keys(httpOperations) as HttpOperationName[];
const json = { 'content-type': 'application/json' };

/** Every row, by what it is, so that nothing a refused request did goes unseen. */
const tables = [
  'accounts',
  'devices',
  'lasting_pre_keys',
  'one_time_pre_keys',
  'envelopes',
  'retired_usernames',
];

describe('hostile requests', () => {
  let test: TestRelay;
  let token: string;
  beforeAll(async () => {
    test = await startTestRelay();
    token = (await test.client.register(new Person())).accessToken;
  });
  afterAll(() => test.close());

  const countRows = async () => {
    const counts: Record<string, unknown> = {};
    for (const table of tables) {
      const [row] = await test.database.query(`SELECT count(*) AS count FROM ${table}`);
      counts[table] = row!['count'];
    }
    return counts;
  };
  const post = (path: string, body: BodyInit, headers: Record<string, string> = json) =>
    test.client.raw(path, {
      method: 'POST',
      body,
      headers: { ...headers, authorization: `Bearer ${token}` },
    });
  const postOperations = names.filter((name) => httpOperations[name].method === 'POST');

  it.each(postOperations)('%s refuses bodies that are not its own, and changes nothing', async (name) => {
    const { path }: HttpOperation = httpOperations[name];
    const before = await countRows();
    const deep = 20_000;
    const bodies: [string, BodyInit][] = [
      ['nothing', ''],
      ['no JSON', '{"a"'],
      ['half of it', '{"username":"al'],
      ['not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
      ['an array', '[]'],
      ['null', 'null'],
      ['a text', '"{}"'],
      ['a number', '1e999'],
      ['deep nesting', `{"a":${'['.repeat(deep)}${']'.repeat(deep)}}`],
      ['deep nesting, unclosed', '['.repeat(deep)],
      ['an unknown member', '{"unknown":1}'],
      ['a prototype', '{"__proto__":{"username":"x"},"constructor":{}}'],
      ['wrong types', '{"username":1,"loginKey":[],"code":{},"keys":"x","deviceIds":{"length":1e9}}'],
    ];
    for (const [what, body] of bodies) {
      const { problem } = await post(path, body);
      expect(problem?.code, what).toBe('invalid-request');
    }
    expect(await countRows()).toEqual(before);
  });

  it.each(postOperations)('%s refuses a body beyond its limit, announced or not', async (name) => {
    const { path, maxRequestBytes }: HttpOperation = httpOperations[name];
    const body = JSON.stringify({ padding: 'x'.repeat(maxRequestBytes) });
    const announced = await post(path, body);
    expect(announced.problem?.code).toBe('payload-too-large');
    expect(announced.headers.get('connection')).toBe('close');
    expect(await postChunked(path, body)).toMatchObject({ code: 'payload-too-large' });
  });

  function postChunked(path: string, body: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const headers = { ...json, authorization: `Bearer ${token}`, 'transfer-encoding': 'chunked' };
      const request = httpRequest(`${test.relay.url}${path}`, { method: 'POST', headers }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('end', () => resolve(JSON.parse(text)));
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  it('reads nothing but JSON in plain bytes', async () => {
    const types = [
      'text/plain',
      'application/jsonp',
      'application/json; charset=utf-16',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ];
    for (const type of types) {
      const { problem } = await post('/v1/auth/nonce', '{}', { 'content-type': type });
      expect(problem, type).toMatchObject({ code: 'invalid-request', fields: ['content-type'] });
    }
    const packed = await post('/v1/auth/nonce', '{}', { ...json, 'content-encoding': 'gzip' });
    expect(packed.problem).toMatchObject({ code: 'invalid-request', fields: ['body'] });
    expect(
      (await post('/v1/auth/nonce', '{}', { 'content-type': 'Application/JSON; charset=UTF-8' })).status,
    ).toBe(200);
  });

  it('names the fields that do not fit and never what was in them', async () => {
    const canary = 'CANARY';
    const body = { statement: { username: canary }, loginKey: canary, [canary]: canary };
    const { problem, text } = await post('/v1/accounts', JSON.stringify(body));
    expect(problem?.fields).toEqual(expect.arrayContaining(['statement.username', 'loginKey']));
    expect(text).not.toContain(canary);
  });

  it('ignores the body of a GET, and its query', async () => {
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(
        `${test.relay.url}/v1/relay?access_token=${token}`,
        { method: 'GET', headers: { ...json, 'content-length': 11 } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      request.on('error', reject);
      request.end('{"unknown":');
    });
    expect(answer).toBe(200);
    const byQuery = await test.client.raw(`/v1/keys?access_token=${token}&authorization=Bearer%20${token}`);
    expect(byQuery.problem?.code).toBe('unauthorized');
  });

  it('answers other paths with 404 and other methods with 405', async () => {
    for (const path of [
      '/',
      '/v1',
      '/v1/',
      '/v1/relay/',
      '//v1/relay',
      '/v1//relay',
      '/V1/relay',
      '/v1/%72elay/..',
      '/%',
      '/v1/relay%00',
      '/healthz/x',
    ]) {
      const { problem } = await test.client.raw(path);
      expect(problem?.code, path).toBe('not-found');
    }
    for (const method of ['DELETE', 'PUT', 'PATCH', 'OPTIONS', 'GET', 'PROPFIND']) {
      const { problem, headers } = await test.client.raw('/v1/accounts', { method });
      expect(problem?.code, method).toBe('method-not-allowed');
      expect(headers.get('allow')).toBe('POST');
    }
    expect((await test.client.raw('/v1/keys', { method: 'PUT' })).headers.get('allow')).toBe('POST, GET');
    expect((await fetch(`${test.relay.url}/v1/relay`, { method: 'HEAD' })).status).toBe(405);
  });

  it('answers what is no HTTP with a problem, and goes on', async () => {
    const speak = (text: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(test.relay.port, '127.0.0.1', () => socket.write(text));
        let answer = '';
        socket.on('data', (chunk) => (answer += String(chunk)));
        socket.on('close', () => resolve(answer));
        socket.on('error', reject);
      });
    for (const text of [
      '\0\0\0\0\r\n\r\n',
      'HELO relay\r\n\r\n',
      'FETCH / HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n',
    ]) {
      const [head, body] = (await speak(text)).split('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1\.1 400 /);
      expect(problemDocument.parse(JSON.parse(body!)).code).toBe('invalid-request');
    }
    const large = await speak(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`);
    expect(large).toMatch(/^HTTP\/1\.1 413 /);
    await test.client.ok('relay.info', {});
  });

  it('refuses odd authorization headers as unauthorized', async () => {
    const odd = [
      '',
      'Bearer',
      'Bearer ',
      `Basic ${token}`,
      token,
      `Bearer ${token} x`,
      `Bearer ${'x'.repeat(5_000)}`,
      `Bearer\t${token}`,
    ];
    for (const authorization of odd) {
      const { problem } = await test.client.raw('/v1/keys', { headers: { authorization } });
      expect(problem?.code, authorization.slice(0, 20)).toBe('unauthorized');
    }
  });

  it('answers any JSON with a typed problem, whatever the operation', async () => {
    const body = fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue());
    const property = fc.asyncProperty(fc.constantFrom(...postOperations), body, async (name, value) => {
      const text = JSON.stringify(value);
      if (name === 'auth.nonce' || name === 'auth.logout') fc.pre(text !== '{}');
      const { problem } = await post(httpOperations[name].path, text);
      expect(problem?.code).toBe('invalid-request');
    });
    // fast-check prints the seed of a failure.
    await fc.assert(property, { numRuns: 150 });
  });

  it('logged nothing of all that but its outcome', () => {
    const log = test.log.join('');
    expect(log).not.toMatch(/CANARY|"level":"error"|unknown":1/);
    expect(log).not.toContain(token);
    expect(wireLimits.maxTokenLength).toBeGreaterThan(token.length);
  });
});
