/** A web application that the relay serves: its files, its page under every address, its headers, and nothing else. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relayLimits } from '../../src/relay-limits.js';
import { createRelay } from '../../src/relay.js';
import { startTestRelay, type TestRelay } from '../support/test-relay.js';

const page = '<!doctype html><title>An application</title>';
const script = 'export const answer = 42;\n'.repeat(100);
const navigation = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

let folder: string;
let test: TestRelay;
const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(test.relay.url + path, { method, headers });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sotto-web-app-'));
  mkdirSync(join(folder, 'app', 'assets'), { recursive: true });
  writeFileSync(join(folder, 'app', 'index.html'), page);
  writeFileSync(join(folder, 'app', 'assets', 'main-1a2b.js'), script);
  writeFileSync(join(folder, 'app', 'notes.txt'), 'not for everybody');
  writeFileSync(join(folder, 'secret.json'), '{}');
  test = await startTestRelay({ appFolder: join(folder, 'app') });
});

afterAll(async () => {
  await test.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a web application served by the relay', () => {
  it('has its page at the root and under every address that somebody opens', async () => {
    for (const path of ['/', '/chat/somebody', '/add']) {
      const response = await ask(path, navigation);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(await response.text()).toBe(page);
    }
  });

  it('allows code, styles and connections of its own origin alone, and nothing inline', async () => {
    const { headers } = await ask('/', navigation);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('permissions-policy')).toContain('camera=(self)');
  });

  it('lets a browser keep what is named after its content, and ask again for the rest', async () => {
    const file = await ask('/assets/main-1a2b.js', { 'accept-encoding': 'br' });
    expect(file.headers.get('content-encoding')).toBe('br');
    expect(await file.text()).toBe(script);
    expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const first = await ask('/', navigation);
    expect(first.headers.get('cache-control')).toBe('no-cache');
    const again = await ask('/', { ...navigation, 'if-none-match': first.headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
    const plain = await ask('/assets/main-1a2b.js', { 'accept-encoding': 'identity' });
    expect(plain.headers.get('content-encoding')).toBeNull();
  });

  it('hands out no other file, and leaves the relay’s own answers as they are', async () => {
    for (const path of ['/notes.txt', '/../secret.json', '/%2e%2e/secret.json', '/assets/', '/v1/nothing']) {
      const response = await ask(path);
      expect(response.status, path).toBe(404);
      expect(response.headers.get('content-type'), path).toContain('application/problem+json');
    }
    expect((await ask('/v1/relay', navigation)).headers.get('content-type')).toContain('application/json');
    expect((await ask('/', navigation, 'POST')).status).toBe(404);
  });

  it('must be there, and an application', async () => {
    const start = (appFolder: string) =>
      createRelay({ port: 0, dataFolder: join(folder, 'data'), appFolder });
    await expect(start(join(folder, 'nowhere'))).rejects.toThrow(/^SOTTO_APP is no folder/);
    await expect(start(folder)).rejects.toThrow(/^SOTTO_APP has no index.html/);
    writeFileSync(join(folder, 'app', 'large.js'), Buffer.alloc(relayLimits.maxWebAppBytes));
    await expect(start(join(folder, 'app'))).rejects.toThrow(/^SOTTO_APP holds more/);
  });
});
