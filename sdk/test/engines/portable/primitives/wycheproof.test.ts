/**
 * C2SP/Wycheproof, read from the folder that `SOTTO_WYCHEPROOF` names; it is not part of this repository.
 * Without it the cases here are skipped, which the test report says.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha3_256, shake256 } from '@noble/hashes/sha3.js';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../../src/bytes.js';
import {
  aesCbcDecrypt,
  aesCbcEncrypt,
  aesGcmSivOpen,
  aesGcmSivSeal,
} from '../../../../src/engines/portable/primitives/aes.js';
import { portableCurve } from '../../../../src/engines/portable/primitives/curve.js';
import { hkdf, hmacSha256 } from '../../../../src/engines/portable/primitives/hash.js';
import {
  parsePrivateKey,
  publicKeyFromCoordinate,
} from '../../../../src/engines/portable/primitives/keys.js';
import { nobleKyber1024 } from '../../../../src/engines/portable/primitives/kyber1024.js';
import {
  assertVector,
  decapsulate,
  encapsulateVector,
  firstHalfFrom,
  keyPairFrom,
} from '../../../../src/engines/portable/primitives/ml-kem-768/index.js';
import type { KemKeyPair } from '../../../../src/engines/portable/primitives/primitives.js';
import { outcomeOf } from '../../../verification/outcome.js';
import { fixedRandom, randomFor } from './support.js';

const folder = process.env['SOTTO_WYCHEPROOF'] ?? '';
const present = folder !== '' && existsSync(join(folder, 'x25519_test.json'));
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

if (!present) console.warn('Wycheproof vectors are absent (SOTTO_WYCHEPROOF): their tests are skipped.');

interface Group {
  readonly keySize?: number;
  readonly tagSize?: number;
  readonly tests: readonly Test[];
}

/** What all of their files have together; a test names what its file has. */
interface Test {
  readonly tcId: number;
  readonly flags: readonly string[];
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly [part: string]: unknown;
}

/** All tests of a file with what their group says. */
function testsOf(name: string): (Test & { readonly group: Group })[] {
  const file = JSON.parse(readFileSync(join(folder, `${name}_test.json`), 'utf8')) as {
    readonly testGroups: readonly Group[];
  };
  return file.testGroups.flatMap((group) => group.tests.map((test) => ({ ...test, group })));
}

/** A part of a test that is hexadecimal. */
const part = (test: Test, name: string) => bytes(test[name] as string);

describe.skipIf(!present)('Wycheproof', () => {
  it('X25519: every secret; the secrets of zeros are refused', () => {
    const curve = portableCurve(randomFor('wycheproof'));
    const seen = { valid: 0, 'invalid-key': 0 };
    for (const test of testsOf('x25519')) {
      const key = publicKeyFromCoordinate(part(test, 'public'));
      let shared: unknown;
      const outcome = outcomeOf(() => {
        shared = curve.agree(parsePrivateKey(part(test, 'private')), key);
      }) as keyof typeof seen;
      const expected = test.flags.includes('ZeroSharedSecret') ? undefined : part(test, 'shared');
      expect([test.tcId, outcome, shared]).toEqual([test.tcId, expected ? 'valid' : 'invalid-key', expected]);
      seen[outcome] += 1;
    }
    expect(seen['invalid-key']).toBeGreaterThan(25);
    expect(seen.valid).toBeGreaterThan(450);
  });

  it('HMAC-SHA-256: every code, whole and cut', () => {
    let seen = 0;
    for (const test of testsOf('hmac_sha256')) {
      const mac = hmacSha256(part(test, 'key'), part(test, 'msg')).subarray(0, (test.group.tagSize ?? 0) / 8);
      const matches = Buffer.from(mac).equals(part(test, 'tag'));
      expect([test.tcId, matches ? 'valid' : 'invalid']).toEqual([test.tcId, test.result]);
      seen += 1;
    }
    expect(seen).toBeGreaterThan(150);
  });

  it('HKDF-SHA-256: every derivation, and none above 8,160 bytes', () => {
    let seen = 0;
    for (const test of testsOf('hkdf_sha256')) {
      const derive = () =>
        hkdf(part(test, 'salt'), part(test, 'ikm'), part(test, 'info'), test['size'] as number);
      if (test.result === 'valid') expect([test.tcId, derive()]).toEqual([test.tcId, part(test, 'okm')]);
      else expect(derive).toThrow(RangeError);
      seen += 1;
    }
    expect(seen).toBeGreaterThan(80);
  });

  it('AES-CBC with padding: every verdict under keys of 256 bits', () => {
    const seen = { valid: 0, invalid: 0, acceptable: 0 };
    for (const test of testsOf('aes_cbc_pkcs5').filter(({ group }) => group.keySize === 256)) {
      const [key, iv, message, ciphertext] = ['key', 'iv', 'msg', 'ct'].map((name) => part(test, name));
      const valid = test.result === 'valid';
      if (valid) expect([test.tcId, aesCbcEncrypt(key!, iv!, message!)]).toEqual([test.tcId, ciphertext]);
      expect([test.tcId, aesCbcDecrypt(key!, iv!, ciphertext!)]).toEqual([
        test.tcId,
        valid ? message : undefined,
      ]);
      seen[test.result] += 1;
    }
    expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(20);
  });

  // All others have a nonce or associated data, which nothing here has.
  it('AES-GCM-SIV: under a nonce of zeros, without associated data', () => {
    const tests = testsOf('aes_gcm_siv').filter(
      (test) => test.group.keySize === 256 && /^0*$/.test(test['iv'] as string) && test['aad'] === '',
    );
    for (const test of tests) {
      const [key, message] = [part(test, 'key'), part(test, 'msg')];
      const sealed = concatBytes(part(test, 'ct'), part(test, 'tag'));
      const valid = test.result === 'valid';
      if (valid) expect([test.tcId, aesGcmSivSeal(key, message)]).toEqual([test.tcId, sealed]);
      expect([test.tcId, aesGcmSivOpen(key, sealed)]).toEqual([test.tcId, valid ? message : undefined]);
    }
    expect(tests.length).toBeGreaterThan(1);
  });

  it('ML-KEM-768: keys from seeds, and every decapsulation', () => {
    const seen = { valid: 0, invalid: 0, acceptable: 0 };
    for (const test of testsOf('mlkem_768')) {
      const [seed, ciphertext] = [part(test, 'seed'), part(test, 'c')];
      const open = () => {
        const { header, vector, decapsulationKey } = keyPairFrom(seed);
        expect(concatBytes(vector, header.subarray(0, 32))).toEqual(part(test, 'ek'));
        return decapsulate(decapsulationKey, ciphertext.subarray(0, 960), ciphertext.subarray(960));
      };
      if (test.result === 'valid') expect([test.tcId, open()]).toEqual([test.tcId, part(test, 'K')]);
      else if (seed.length !== 64) expect(open).toThrow();
      else expect([test.tcId, outcomeOf(() => void open())]).toEqual([test.tcId, 'invalid-message']);
      seen[test.result] += 1;
    }
    expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(30);
  });

  it('ML-KEM-768: every encapsulation, in halves; every key that is none is refused', () => {
    const seen = { valid: 0, invalid: 0, acceptable: 0 };
    for (const test of testsOf('mlkem_768_encaps')) {
      const key = part(test, 'ek');
      const vector = key.subarray(0, key.length - 32);
      const header = concatBytes(key.subarray(key.length - 32), sha3_256(key));
      const outcome = outcomeOf(() => assertVector(header, vector));
      const expected = test.result === 'valid' ? 'valid' : 'invalid-message';
      expect([test.tcId, outcome]).toEqual([test.tcId, expected]);
      if (test.result === 'valid') {
        const { ciphertext1, sharedSecret, pending } = firstHalfFrom(header, part(test, 'm'));
        const ciphertext = concatBytes(ciphertext1, encapsulateVector(pending, vector));
        expect([test.tcId, ciphertext]).toEqual([test.tcId, part(test, 'c')]);
        expect([test.tcId, sharedSecret]).toEqual([test.tcId, part(test, 'K')]);
      }
      seen[test.result] += 1;
    }
    expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(100);
  });

  it('ML-KEM-1024: keys and decapsulations, as Kyber1024 hashes their secrets', () => {
    let seen = 0;
    for (const test of testsOf('mlkem_1024').filter((each) => part(each, 'seed').length === 64)) {
      const kem = nobleKyber1024(fixedRandom(part(test, 'seed')));
      const { publicKey, secretKey } = kem.generateKeyPair() as KemKeyPair;
      expect([test.tcId, publicKey.subarray(1)]).toEqual([test.tcId, part(test, 'ek')]);
      const ciphertext = part(test, 'c');
      const open = () => kem.decapsulate(secretKey, Uint8Array.of(8, ...ciphertext));
      if (test.result === 'valid') {
        const hashed = concatBytes(part(test, 'K'), sha3_256(ciphertext));
        expect([test.tcId, open()]).toEqual([test.tcId, shake256(hashed, { dkLen: 32 })]);
      } else expect([test.tcId, outcomeOf(() => void open())]).toEqual([test.tcId, 'invalid-message']);
      seen += 1;
    }
    expect(seen).toBeGreaterThan(150);
  });

  it('ML-KEM-1024: every public key that is none is refused', () => {
    const kem = nobleKyber1024(randomFor('wycheproof'));
    const seen = { valid: 0, invalid: 0, acceptable: 0 };
    for (const test of testsOf('mlkem_1024_encaps')) {
      const key = Uint8Array.of(8, ...part(test, 'ek'));
      const outcome = outcomeOf(() => void kem.encapsulate(key));
      const expected = test.result === 'valid' ? 'valid' : 'invalid-key';
      expect([test.tcId, outcome]).toEqual([test.tcId, expected]);
      seen[test.result] += 1;
    }
    expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(100);
  });
});
