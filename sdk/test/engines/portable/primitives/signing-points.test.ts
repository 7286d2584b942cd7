import { ed25519 } from '@noble/curves/ed25519.js';
import { expect, it } from 'vitest';
import { portableOperations } from '../../../../src/engines/portable/primitives/curve.js';
import { parsePrivateKey, type PublicKey } from '../../../../src/engines/portable/primitives/keys.js';
import { SigningPoints } from '../../../../src/engines/portable/primitives/signing-points.js';
import { toInteger } from '../../../../../test-vectors/generate/xeddsa-sign.js';
import { randomFor } from './support.js';

const random = randomFor('signing points');

function signer() {
  const privateKey = parsePrivateKey(random.bytes(32));
  const scalar = ed25519.Point.Fn.create(toInteger(privateKey));
  let computed = 0;
  return {
    publicKey: portableOperations.publicKeyOf(privateKey) as PublicKey,
    point: ed25519.Point.BASE.multiply(scalar).toBytes(),
    compute() {
      computed += 1;
      return this.point;
    },
    computed: () => computed,
  };
}

it('remembers the point of a public key, of either sign', () => {
  const points = new SigningPoints(20);
  for (const one of Array.from({ length: 10 }, signer)) {
    for (let time = 0; time < 3; time += 1) {
      expect(points.of(one.publicKey, () => one.compute())).toEqual(one.point);
    }
    expect(one.computed()).toBe(1);
  }
  expect(points.size).toBe(10);
});

it('computes what has no public key each time', () => {
  const [points, one] = [new SigningPoints(2), signer()];
  for (let time = 0; time < 3; time += 1) points.of(undefined, () => one.compute());
  expect([one.computed(), points.size]).toEqual([3, 0]);
});

it('learns nothing from a public key that is another’s', () => {
  const [points, one, other] = [new SigningPoints(2), signer(), signer()];
  expect(points.of(one.publicKey, () => other.compute())).toEqual(other.point);
  expect(points.size).toBe(0);
  expect(points.of(one.publicKey, () => one.compute())).toEqual(one.point);
});

it('is bounded, and forgets who signed least recently', () => {
  const points = new SigningPoints(2);
  const [first, second, third] = [signer(), signer(), signer()] as const;
  for (const one of [first, second, first, third]) points.of(one.publicKey, () => one.compute());
  expect(points.size).toBe(2);
  for (const one of [first, third, second]) points.of(one.publicKey, () => one.compute());
  expect([first, second, third].map((one) => one.computed())).toEqual([1, 2, 1]);
});
