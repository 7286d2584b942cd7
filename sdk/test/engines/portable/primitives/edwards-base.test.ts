import { ed25519 } from '@noble/curves/ed25519.js';
import sodium from 'libsodium-wrappers-sumo';
import { describe, expect, it } from 'vitest';
import { portableEngine, type Sodium } from '../../../../src/engines/portable/index.js';
import {
  clampedScalar,
  portableEdwardsBase,
  pointFromCoordinates,
} from '../../../../src/engines/portable/primitives/edwards-base.js';
import { parsePrivateKey } from '../../../../src/engines/portable/primitives/keys.js';
import { portableOperations } from '../../../../src/engines/portable/primitives/curve.js';
import { nodeEdwardsBase } from '../../../../src/engines/portable/primitives/node/edwards-base.js';
import { sodiumEdwardsBase } from '../../../../src/engines/portable/primitives/sodium.js';
import { toBytes, toInteger } from '../../../../../test-vectors/generate/xeddsa-sign.js';
import { host } from './providers.js';
import { randomFor, seed, slow } from './support.js';

await sodium.ready;

const { Fn } = ed25519.Point;
const order = Fn.ORDER;
const rounds = slow ? 20_000 : 200;
const random = randomFor('edwards base');
const someScalar = () => Fn.create(toInteger(random.bytes(64))) || 1n;

/** Next to everything where the arithmetic turns. */
const awkward = [0n, order / 8n, order / 2n, order, 2n ** 252n, 8n * 2n ** 124n]
  .flatMap((near) => Array.from({ length: 21 }, (_, index) => near + BigInt(index - 10)))
  .filter((scalar) => scalar > 0n && scalar < order);

describe(`multiples of the base point (seed ${seed})`, () => {
  const node = nodeEdwardsBase(host);

  it.each([
    ['node:crypto', node],
    ['libsodium', sodiumEdwardsBase(sodium)],
  ])('are those of portable code by %s, for every scalar', (_, { multiply }) => {
    for (const scalar of [...awkward, ...Array.from({ length: rounds }, someScalar)]) {
      expect([scalar, multiply(scalar)]).toEqual([scalar, portableEdwardsBase.multiply(scalar)]);
    }
  });

  it.each<[string, object]>([
    ['is not ready', {}],
    ['clamps', { crypto_scalarmult_ed25519_base_noclamp: sodium.crypto_scalarmult_ed25519_base }],
    ['gives coordinates', { crypto_scalarmult_ed25519_base_noclamp: sodium.crypto_scalarmult_base }],
  ])('are not taken from a libsodium that %s', (_, given) => {
    expect(() => sodiumEdwardsBase(given as Sodium)).toThrow(TypeError);
    expect(() => portableEngine({ sodium: given as Sodium })).toThrow(TypeError);
    expect(portableEngine({ sodium }).name).toBe('portable');
  });

  it('are left to noble next to 0 and the order alone', () => {
    const missing = awkward.filter((scalar) => clampedScalar(scalar) === undefined);
    expect(missing.every((scalar) => scalar < 2n ** 128n || order - scalar < 2n ** 128n)).toBe(true);
    expect(clampedScalar(0n)).toBeUndefined();
    expect(clampedScalar(order)).toBeUndefined();
  });
});

describe(`scalars as X25519 takes them (seed ${seed})`, () => {
  it('are clamped already, and plus or minus what they stand for', () => {
    for (const scalar of [...awkward, ...Array.from({ length: rounds }, someScalar)]) {
      const clamped = clampedScalar(scalar);
      if (clamped === undefined) continue;
      const bytes = toBytes(clamped);
      expect(parsePrivateKey(bytes)).toEqual(bytes);
      expect([scalar, order - scalar]).toContain(clamped % order);
    }
  });

  it('are as many of one sign as of the other', () => {
    const negative = Array.from({ length: 2_000 }, someScalar).filter(
      (scalar) => (clampedScalar(scalar) as bigint) % order !== scalar,
    );
    // Six deviations around half.
    expect(Math.abs(negative.length - 1_000)).toBeLessThan(135);
  });
});

it(`a point comes from two coordinates (seed ${seed})`, () => {
  const coordinate = (scalar: bigint) =>
    (
      portableOperations.publicKeyOf(toBytes(clampedScalar(scalar) as bigint) as never) as Uint8Array
    ).subarray(1);
  for (let round = 0; round < 20; round += 1) {
    const scalar = someScalar();
    const point = pointFromCoordinates(coordinate(scalar), coordinate(scalar + 1n));
    expect(point).toEqual(ed25519.Point.BASE.multiply(scalar).toBytes());
    // The neighbour tells the sign: with that of the negative point it is the negative point.
    const negative = pointFromCoordinates(coordinate(scalar), coordinate(order - scalar + 1n));
    expect(negative).toEqual(ed25519.Point.BASE.multiply(order - scalar).toBytes());
  }
});
