/** The protocol suite against an embedded relay, every answer held against the OpenAPI document as well. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpOperations } from '@sotto/sdk/wire';
import { runProtocolSuite } from '../../protocol-suite/suite.js';
import { createOpenApiDocument } from '../../src/http/openapi.js';
import type { Database } from '../../src/ports.js';
import { createRelay, type Relay } from '../../src/relay.js';
import { openPGliteDatabase } from '../../src/storage/postgres/index.js';
import { OpenApiCheck } from './openapi-check.js';

const openApi = new OpenApiCheck(createOpenApiDocument() as never);
let database: Database;
let relay: Relay;
beforeAll(async () => {
  database = await openPGliteDatabase();
  const logSink = { write: () => {} };
  relay = await createRelay({ port: 0, limitFactor: 100_000 }, { database, logSink });
});
afterAll(async () => {
  await relay.close();
  await database.close();
});

const observe = (exchange: Parameters<OpenApiCheck['check']>[0]) => openApi.check(exchange);
runProtocolSuite({ describe, it, url: () => relay.url, observe });

describe('OpenAPI document', () => {
  it('is served', async () => {
    const response = await fetch(`${relay.url}/openapi.json`);
    expect(await response.json()).toEqual(createOpenApiDocument());
  });

  it('describes every answer that the suite saw', () => {
    expect(openApi.violations).toEqual([]);
    for (const name of Object.keys(httpOperations)) expect(openApi.checked).toContain(`${name} 200`);
    expect(openApi.checked.size).toBeGreaterThan(30);
  });

  it('would not describe other answers', () => {
    const check = new OpenApiCheck(openApi.document);
    const json = { contentType: 'application/json' };
    const problem = { contentType: 'application/problem+json; charset=utf-8' };
    check.check({ operation: 'auth.nonce', status: 200, ...json, body: { nonce: 'short' } });
    check.check({ operation: 'auth.nonce', status: 200, ...json, body: { nonce: 'A'.repeat(43), more: 1 } });
    check.check({ operation: 'auth.nonce', status: 200, ...problem, body: { nonce: 'A'.repeat(43) } });
    check.check({ operation: 'auth.nonce', status: 404, ...problem, body: {} });
    const body = { type: 'x', title: 'x', status: 400, code: 'login-refused' };
    check.check({ operation: 'auth.nonce', status: 400, ...problem, body });
    expect(check.violations).toHaveLength(5);
    check.check({ operation: 'auth.nonce', status: 200, ...json, body: { nonce: 'A'.repeat(43) } });
    check.check({
      operation: 'auth.nonce',
      status: 400,
      ...problem,
      body: { ...body, code: 'invalid-request' },
    });
    expect(check.violations).toHaveLength(5);
  });
});
