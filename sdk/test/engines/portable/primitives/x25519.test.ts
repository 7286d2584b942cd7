import { ed25519, x25519 as noble } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import { parsePrivateKey } from '../../../../src/engines/portable/primitives/keys.js';
import { x25519, x25519Base } from '../../../../src/engines/portable/primitives/x25519.js';
import { toBytes } from '../../../../../test-vectors/generate/xeddsa-sign.js';
import { asView, randomFor, seed, slow } from './support.js';

const rounds = slow ? 20_000 : 1_000;
const random = randomFor('x25519 portable');
const p = ed25519.Point.Fp.ORDER;

describe(`X25519 in portable code is noble’s (seed ${seed})`, () => {
  it('for any coordinate, on the curve and on the twist', () => {
    for (let round = 0; round < rounds; round += 1) {
      const [scalar, coordinate] = [parsePrivateKey(random.bytes(32)), random.bytes(32)];
      expect(x25519(scalar, asView(coordinate))).toEqual(noble.getSharedSecret(scalar, coordinate));
    }
  });

  it('for public keys', () => {
    for (let round = 0; round < rounds; round += 1) {
      const scalar = parsePrivateKey(random.bytes(32));
      expect(x25519Base(scalar)).toEqual(noble.getPublicKey(scalar));
    }
    for (const byte of [0, 255]) {
      const scalar = parsePrivateKey(new Uint8Array(32).fill(byte));
      expect(x25519Base(scalar)).toEqual(noble.getPublicKey(scalar));
    }
  });

  it('next to 0, p and 2^255, whose neighbours of low order give zeros', () => {
    const scalar = parsePrivateKey(random.bytes(32));
    let zeros = 0;
    for (const near of [19n, p, 2n ** 255n - 18n]) {
      for (let offset = -19n; offset <= 17n; offset += 1n) {
        const coordinate = toBytes(near + offset);
        const result = x25519(scalar, coordinate);
        const expected = nobleOrZeros(scalar, coordinate);
        zeros += expected.every((byte) => byte === 0) ? 1 : 0;
        expect([near + offset, result]).toEqual([near + offset, expected]);
      }
    }
    // 0, 1 and −1, the last two spelled in two ways, and seen twice each.
    expect(zeros).toBeGreaterThanOrEqual(5);
  });
});

function nobleOrZeros(scalar: Uint8Array, coordinate: Uint8Array): Uint8Array {
  try {
    return noble.getSharedSecret(scalar, coordinate);
  } catch {
    return new Uint8Array(32);
  }
}
