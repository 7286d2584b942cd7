/** The curve's arithmetic, held against noble's. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it, vi } from 'vitest';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { combOf, timesBase, timesBasePublic, timesPublic } from '../../src/verification/edwards-multiples.js';
import {
  add,
  base,
  compress,
  decompress,
  double,
  isNeutral,
  negate,
  neutral,
  timesCofactor,
  type EdwardsPoint,
} from '../../src/verification/edwards-point.js';
import * as field from '../../src/verification/field.js';
import { invertPublic } from '../../src/verification/inversion.js';

const { Point } = ed25519;
const { Fp } = Point;
const slow = process.env['SLOW'] === '1';
const seed = process.env['SOTTO_SEED'] ?? (slow ? crypto.randomUUID() : '1');
const rounds = slow ? 50_000 : 1_000;
const random = seededRandom(`curve arithmetic ${seed}`);
const some = <Value>(make: () => Value, count = rounds) => Array.from({ length: count }, make);
const someInteger = () => field.integerOf(random.bytes(32));

/** Next to everything where the arithmetic turns. */
const near = (...integers: readonly bigint[]) =>
  integers.flatMap((integer) => [-3n, -2n, -1n, 0n, 1n, 2n, 3n].map((offset) => integer + offset));
const { p, order } = field;
const turns = near(0n, 19n, p / 2n, p, 2n * p, order, 2n ** 64n, 2n ** 128n, 2n ** 255n, 2n ** 256n);

describe(`integers modulo p (seed ${seed})`, () => {
  const integers = [...turns, ...some(someInteger)];

  it('are shortened and made canonical, whatever their sign', () => {
    for (const [index, integer] of integers.entries()) {
      const factor = integers[integers.length - 1 - index] as bigint;
      for (const product of [integer * factor, -integer * factor]) {
        expect(field.fold(product) < 2n ** 256n && field.fold(product) > -(2n ** 256n)).toBe(true);
        expect(field.canonical(field.fold(product))).toBe(Fp.create(product));
      }
      expect(field.canonical(-integer, order)).toBe(Point.Fn.create(-integer));
    }
  });

  it('become bytes and come back', () => {
    for (const integer of integers.filter((each) => each >= 0n && each < 2n ** 256n)) {
      const bytes = field.bytesOf(integer);
      expect(bytes).toHaveLength(32);
      expect(field.integerOf(bytes)).toBe(integer);
      expect(BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)).toBe(integer);
    }
    const hash = random.bytes(80).subarray(9, 73);
    expect(field.scalarOf(hash)).toBe(BigInt(`0x${Buffer.from(hash).reverse().toString('hex')}`) % order);
  });

  it('have inverses, by Fermat and by Euclid, and 0 has 0', () => {
    const powers = Array.from({ length: 255 }, (_, exponent) => 2n ** BigInt(exponent));
    const all = [...integers, ...near(...powers), ...near(...powers.map((power) => p - power))];
    for (const integer of all.map((each) => field.canonical(each)).filter((each) => each !== 0n)) {
      const inverse = Fp.inv(integer);
      expect(field.canonical(field.invert(integer))).toBe(inverse);
      expect(invertPublic(integer)).toBe(inverse);
    }
    expect([field.canonical(field.invert(0n)), field.canonical(field.invert(p)), invertPublic(0n)]).toEqual([
      0n,
      0n,
      0n,
    ]);
  });
});

/** The eight points whose order divides 8: multiples of one of order 8. */
const torsion = some(
  (() => {
    const generator = decompress(
      Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex'),
    ) as EdwardsPoint;
    let point = neutral;
    return () => (point = add(point, generator));
  })(),
  8,
);

/** Of every kind: a multiple of the base point and a point of small order. */
const points = [...torsion, ...torsion.map((point) => add(point, timesBase(someInteger())))];

const bytesOfAll = (all: readonly EdwardsPoint[]) => all.map((point) => compress(point));
const nobles = bytesOfAll(points).map((bytes) => Point.fromBytes(bytes));

describe(`points (seed ${seed})`, () => {
  it('have eight of small order', () => {
    expect(new Set(bytesOfAll(torsion).map(String)).size).toBe(8);
    for (const point of points) expect(isNeutral(timesCofactor(point))).toBe(torsion.includes(point));
    expect(points.map((point) => isNeutral(point))).toEqual(points.map((_, index) => index === 7));
  });

  it('are added, doubled and negated, every pair', () => {
    for (const [at, one] of points.entries()) {
      const theirs = nobles[at]!;
      expect(compress(double(one))).toEqual(theirs.double().toBytes());
      expect(compress(negate(one))).toEqual(theirs.negate().toBytes());
      expect(isNeutral(add(one, negate(one)))).toBe(true);
      for (const [other, second] of points.entries()) {
        expect(compress(add(one, second), invertPublic)).toEqual(theirs.add(nobles[other]!).toBytes());
      }
    }
  });

  it('come from bytes exactly where noble takes them strictly', () => {
    const signed = (integer: bigint) => [integer, integer + 2n ** 255n];
    const encodings = [
      ...[...turns.filter((integer) => integer >= 0n && integer < 2n ** 255n)].flatMap(signed),
      ...some(someInteger),
    ].map(field.bytesOf);
    let taken = 0;
    for (const bytes of [...encodings, ...bytesOfAll(points)]) {
      const point = decompress(bytes);
      taken += point ? 1 : 0;
      expect([bytes, point && compress(point)]).toEqual([bytes, nobleOf(bytes)]);
    }
    expect(taken).toBeGreaterThan(rounds / 3);
    expect(taken).toBeLessThan((encodings.length * 2) / 3);
  });
});

function nobleOf(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return Point.fromBytes(bytes).toBytes();
  } catch {
    return undefined;
  }
}

describe(`multiples (seed ${seed})`, () => {
  const scalars = [...turns.filter((scalar) => scalar >= 0n && scalar < 2n ** 256n), ...some(someInteger)];

  it('of the base point are noble’s, where a digit turns negative and everywhere else', () => {
    const digits = Array.from({ length: 32 }, (_, index) => 128n << BigInt(8 * index));
    for (const scalar of [...scalars, ...near(...digits).filter((each) => each < 2n ** 256n)]) {
      const theirs = Point.BASE.multiplyUnsafe(scalar % order).toBytes();
      expect([scalar, compress(timesBase(scalar))]).toEqual([scalar, theirs]);
      expect([scalar, compress(timesBasePublic(scalar))]).toEqual([scalar, theirs]);
    }
    expect(compress(base)).toEqual(Point.BASE.toBytes());
  });

  it('of the base point are blinded, and whatever by the same', () => {
    const drawn = vi.spyOn(crypto, 'getRandomValues');
    const scalar = someInteger();
    const expected = compress(timesBase(scalar));
    expect(drawn.mock.results.map(({ value }) => (value as Uint8Array).length)).toEqual([16]);
    for (const byte of [0, 1, 128, 255]) {
      drawn.mockImplementation((array) => (array as unknown as Uint8Array).fill(byte) as never);
      expect(compress(timesBase(scalar))).toEqual(expected);
    }
    drawn.mockRestore();
  });

  it('of other points are noble’s, and exact where the order is not that of the base', () => {
    for (const [index, point] of points.entries()) {
      const comb = combOf(point);
      const few = scalars.filter((scalar, at) => scalar < order && (at < turns.length || at % 64 === index));
      for (const scalar of few) {
        const theirs = nobles[index]!.multiplyUnsafe(scalar).toBytes();
        expect([scalar, compress(timesPublic(comb, scalar))]).toEqual([scalar, theirs]);
      }
      const [scalar, more] = [someInteger() % order, 2n ** 254n];
      const sum = add(timesPublic(comb, scalar), timesPublic(comb, more));
      expect(compress(timesPublic(comb, scalar + more))).toEqual(compress(sum));
    }
  });
});
