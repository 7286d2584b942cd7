/** Every exported verifier against values that are not what its types say: a throw, and never a verdict. */
import { describe, expect, it } from 'vitest';
import * as verification from '@sotto/sdk/verification';
import { isSottoError } from '../../src/errors.js';
import { Signer } from './signed.js';

const alice = new Signer();
const statement = alice.statement();
const manifest = alice.manifest();
const expected = { identityKey: alice.identityKey, accountId: statement.accountId };
const bytes = (length: number) => new Uint8Array(length).fill(1);

/** Arguments that are well-formed, though nothing here verifies but the statement and the manifest. */
const calls: Readonly<Record<string, readonly unknown[]>> = {
  verifySignature: [alice.identityKey, bytes(3), bytes(64)],
  verifyDeviceSignature: [bytes(32), bytes(3), bytes(64)],
  verifyStatement: [statement],
  verifyManifest: [manifest, expected],
  parseContactCode: ['@alice#0123-4567-89AB'],
  formatContactCode: [{ username: 'alice', digits: '0123456789AB' }],
  matchContactCode: ['0123456789ABCDEF', '01234567'],
  formatContactLink: [
    { relayOrigin: 'https://relay.example', username: 'alice', identityKey: alice.identityKey },
  ],
  parseContactLink: ['sotto:contact#sotto-contact=1&relay=https%3A%2F%2Frelay.example'],
  requestProofMessage: [{ operation: 'x', encodedBody: {} }, bytes(32)],
  verifyRequestProof: [
    {
      operation: 'x',
      encodedBody: {},
      proof: { nonce: bytes(32), signature: bytes(64) },
      authKey: bytes(32),
    },
  ],
  verifyIdentityProof: [
    {
      operation: 'x',
      encodedBody: {},
      proof: { nonce: bytes(32), signature: bytes(64) },
      identityKey: bytes(33),
    },
  ],
  verifyRefreshSignature: [
    { refreshToken: 't', requestId: bytes(16), signature: bytes(64), authKey: bytes(32) },
  ],
};

const wrong: readonly unknown[] = [
  undefined,
  null,
  true,
  7,
  7n,
  'text',
  [],
  {},
  [1, 2, 3],
  new ArrayBuffer(33),
  () => 1,
];

/** The well-formed value with one part after another replaced, at any depth. */
function* spoilt(value: unknown): Generator<unknown> {
  yield* wrong;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  for (const [key, member] of Object.entries(value)) {
    // A body to be hashed may hold any JSON; absent members have a meaning of their own.
    if (key === 'encodedBody') continue;
    for (const bad of spoilt(member)) {
      if (sameType(bad, member)) continue;
      yield Array.isArray(value) ? value.with(Number(key), bad) : { ...value, [key]: bad };
    }
  }
}

const sameType = (left: unknown, right: unknown) =>
  typeof left === typeof right &&
  (left === null) === (right === null) &&
  left?.constructor === right?.constructor;

const api = verification as unknown as Record<string, (...parts: unknown[]) => unknown>;

describe('malformed input', () => {
  it.each(Object.keys(calls))('%s throws a TypeError or a SottoError', (name) => {
    const good = calls[name] as readonly unknown[];
    let tried = 0;
    good.forEach((argument, position) => {
      for (const bad of spoilt(argument)) {
        if (sameType(bad, argument) && !isDeepChange(bad, argument)) continue;
        const thrown = thrownBy(() => api[name]?.(...good.with(position, bad)));
        expect([name, position, thrown instanceof TypeError || isSottoError(thrown)]).toEqual([
          name,
          position,
          true,
        ]);
        tried += 1;
      }
    });
    expect(tried).toBeGreaterThan(8);
  });

  it('reaches every function that checks something', () => {
    // Hashes take whatever has a canonical spelling; deriving a code is asynchronous and tested beside its vectors;
    // a device's state is compared after the wire's schema has taken it.
    const hashes = ['manifestHash', 'requestBodyHash', 'deriveContactCode'];
    const others = ['isSottoError', ...hashes, 'judgeContinuity', 'continuityAfter'];
    const functions = Object.keys(verification).filter(
      (name) => /^[a-z]/.test(name) && !others.includes(name),
    );
    expect(functions.sort()).toEqual(Object.keys(calls).sort());
  });
});

const isDeepChange = (bad: unknown, argument: unknown) =>
  typeof bad === 'object' &&
  bad !== null &&
  Object.keys(bad).length >= Object.keys(argument as object).length;

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
