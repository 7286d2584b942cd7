import { describe, expect, it } from 'vitest';
import { createRelayLog, describeUnexpected, type LogFields } from '../../src/logging/relay-log.js';

function capture() {
  const lines: string[] = [];
  const log = createRelayLog({
    level: 'info',
    now: () => 1234,
    sink: { write: (line) => void lines.push(line) },
  });
  return { log, lines };
}

describe('the log', () => {
  it('writes one line of JSON with the allowed fields alone', () => {
    const { log, lines } = capture();
    const fields = {
      operation: 'auth.login',
      status: 401,
      durationMs: 12,
      username: 'canary-name',
      accessToken: 'canary-token',
      body: { loginKey: 'canary-key' },
      problem: { nested: 'canary-object' },
    };
    log.log('info', 'operation', fields as unknown as LogFields);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'info',
      time: 1234,
      event: 'operation',
      operation: 'auth.login',
      status: 401,
      durationMs: 12,
    });
    expect(lines[0]).not.toContain('canary');
  });

  it('cuts a field that is too long, and drops lines below its level', () => {
    const { log, lines } = capture();
    log.log('debug', 'quiet');
    log.log('warn', 'loud', { errorAt: 'x'.repeat(10_000) });
    expect(lines).toHaveLength(1);
    expect(lines[0]!.length).toBeLessThan(700);
  });

  it('says of an unexpected error where it came from and not what it said', () => {
    const error = Object.assign(new TypeError('canary-message\n    at canary (/canary/file.ts:1:1)'), {
      code: '23505',
      detail: 'canary-detail',
    });
    const fields = describeUnexpected(error);
    expect(fields).toMatchObject({ errorName: 'TypeError', errorCode: '23505' });
    expect(fields.errorAt).toMatch(/relay-log\.test\.ts:\d+/);
    expect(JSON.stringify(fields)).not.toMatch(/canary-|file\.ts/);
    expect(describeUnexpected('canary')).toEqual({ errorName: 'string' });
    expect(describeUnexpected(Object.assign(new Error(), { code: 'canary with spaces' }))).not.toHaveProperty(
      'errorCode',
    );
  });
});
