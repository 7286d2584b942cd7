import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import {
  canonicalJson,
  fromBase64Url,
  httpOperations,
  jsonBytes,
  makeProblem,
  problemCatalogue,
  problemDocument,
  proofBodyBytes,
  sendRequest,
  toBase64Url,
  type ProblemCode,
} from '../../src/wire/index.js';

describe('bytes in JSON', () => {
  const field = jsonBytes({ min: 2, max: 5 });

  it('round-trip', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 5 }), (bytes) => {
        expect(z.decode(field, z.encode(field, bytes))).toEqual(bytes);
      }),
    );
  });

  it.each([
    ['too short', 'AA'],
    ['too long', 'AAAAAAAA'],
    ['padded', 'AAA='],
    ['not canonical', 'AAF'],
    ['of the other alphabet', 'AA+/'],
    ['with white space', 'AA A'],
    ['a number', 7],
    ['null', null],
  ])('refuses what is %s', (_name, text) => {
    expect(z.safeDecode(field, text as string).success).toBe(false);
  });

  it('have one spelling', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (text) => {
        try {
          expect(toBase64Url(fromBase64Url(text))).toBe(text);
        } catch (error) {
          if (!(error instanceof Error)) throw error;
        }
      }),
    );
  });
});

describe('canonical JSON', () => {
  it('does not depend on the order of keys', () => {
    expect(canonicalJson({ b: 1, a: [true, null, 'x'], c: undefined })).toBe('{"a":[true,null,"x"],"b":1}');
    expect(canonicalJson({ a: [true, null, 'x'], b: 1 })).toBe('{"a":[true,null,"x"],"b":1}');
  });

  it.each([1.5, Number.NaN, -0, 2 ** 53, '\ud800', { a: () => 1 }])('refuses %s', (value) => {
    expect(() => canonicalJson(value as never)).toThrow(TypeError);
  });

  it('leaves the proof out of what the proof covers', () => {
    const body = { accountId: 'x', proof: { nonce: 'n' } };
    expect(new TextDecoder().decode(proofBodyBytes(body))).toBe('{"accountId":"x"}');
  });
});

describe('the tables', () => {
  it('make a document of every problem that fits its own schema', () => {
    for (const code of Object.keys(problemCatalogue) as ProblemCode[]) {
      expect(problemDocument.parse(makeProblem(code)).code).toBe(code);
    }
  });

  it('give each operation a path of its own per method', () => {
    const places = Object.values(httpOperations).map(({ method, path }) => `${method} ${path}`);
    expect(new Set(places).size).toBe(places.length);
  });

  it('take one body per device and no more', () => {
    const body = { deviceId: 1, registrationId: 1, kind: 'message', ciphertext: new Uint8Array(1) };
    const send = (bodies: unknown[]) => ({
      attemptId: new Uint8Array(16),
      storeSeq: 0,
      recipient: '00000000-0000-4000-8000-000000000000',
      reachToken: 't',
      bodies,
    });
    expect(sendRequest.safeParse(send([body, { ...body, deviceId: 2 }])).success).toBe(true);
    expect(sendRequest.safeParse(send([body, body])).success).toBe(false);
  });
});
