/**
 * C2SP/Wycheproof, read from the folder that `SOTTO_WYCHEPROOF` names; it is not part of this repository.
 * Without it the cases here are skipped, which the test report says.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PublicKey } from '@signalapp/libsignal-client';
import { describe, expect, it } from 'vitest';
import { verifyDeviceSignature, verifySignature } from '@sotto/sdk/verification';
import { forgeLowOrder, toBytes } from '../../../test-vectors/generate/xeddsa-sign.js';
import { outcomeOf } from './outcome.js';

const folder = process.env['SOTTO_WYCHEPROOF'] ?? '';
const present = folder !== '' && existsSync(join(folder, 'ed25519_test.json'));
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));

if (!present) console.warn('Wycheproof vectors are absent (SOTTO_WYCHEPROOF): their tests are skipped.');

interface SignatureGroup {
  readonly publicKey: { readonly pk: string };
  readonly tests: readonly {
    readonly tcId: number;
    readonly msg: string;
    readonly sig: string;
    readonly result: string;
  }[];
}

interface AgreementGroup {
  readonly tests: readonly { readonly tcId: number; readonly public: string }[];
}

describe.skipIf(!present)('Wycheproof', () => {
  it('Ed25519: every verdict of verifyDeviceSignature', () => {
    const { testGroups, numberOfTests } = read('ed25519_test.json') as {
      testGroups: readonly SignatureGroup[];
      numberOfTests: number;
    };
    let seen = 0;
    for (const { publicKey, tests } of testGroups) {
      for (const { tcId, msg, sig, result } of tests) {
        const outcome = outcomeOf(() => verifyDeviceSignature(bytes(publicKey.pk), bytes(msg), bytes(sig)));
        expect([tcId, outcome === 'valid' ? 'valid' : 'invalid']).toEqual([tcId, result]);
        seen += 1;
      }
    }
    expect(seen).toBe(numberOfTests);
    expect(seen).toBeGreaterThan(100);
  });

  it('X25519: their awkward public keys get libsignal’s verdict from verifySignature', () => {
    const { testGroups } = read('x25519_test.json') as { testGroups: readonly AgreementGroup[] };
    const message = bytes('00112233');
    // One that verifies under u = 0, and so tells that key from the others.
    const signature = forgeLowOrder(toBytes(2n ** 255n - 20n), 2n, message);
    let seen = 0;
    for (const { tests } of testGroups) {
      for (const { tcId, public: u } of tests) {
        const publicKey = Uint8Array.of(5, ...bytes(u));
        if (publicKey.length !== 33) continue;
        const theirs = PublicKey.deserialize(publicKey).verify(message, signature)
          ? 'valid'
          : 'invalid-signature';
        expect([tcId, outcomeOf(() => verifySignature(publicKey, message, signature))]).toEqual([
          tcId,
          theirs,
        ]);
        seen += 1;
      }
    }
    expect(seen).toBeGreaterThan(400);
  });
});
