import { sha3_256 } from '@noble/hashes/sha3.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../../src/bytes.js';
import {
  assertVector,
  ciphertext1Length,
  ciphertext2Length,
  decapsulate,
  decapsulationKeyLength,
  encapsulateHeader,
  encapsulateVector,
  generateMlKem768,
  headerLength,
  pendingLength,
  vectorLength,
  vectorOf,
} from '../../../../src/engines/portable/primitives/ml-kem-768/index.js';
import {
  compress,
  decompress,
  pack,
  unpack,
} from '../../../../src/engines/portable/primitives/ml-kem/coding.js';
import {
  add,
  addProduct,
  q,
  transform,
  transformBack,
} from '../../../../src/engines/portable/primitives/ml-kem/ring.js';
import { outcomeOf } from '../../../verification/outcome.js';
import { asView, fixedRandom, flipped, randomFor, seed, slow } from './support.js';

const rounds = slow ? 100_000 : 300;

describe(`ML-KEM-768 in halves (seed ${seed})`, () => {
  const random = randomFor('ml-kem-768');

  it(`is noble’s in one piece, ${rounds} times`, () => {
    for (let round = 0; round < rounds; round += 1) {
      const [keySeed, message] = [random.bytes(64), random.bytes(32)];
      const { publicKey, secretKey } = ml_kem768.keygen(keySeed);
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, message);
      const { header, vector, decapsulationKey } = generateMlKem768(fixedRandom(keySeed));
      assertVector(header, vector);
      const half = encapsulateHeader(header, fixedRandom(message));
      const ciphertext2 = encapsulateVector(half.pending, vector);
      expect(concatBytes(vector, header.subarray(0, 32))).toEqual(publicKey);
      expect(decapsulationKey).toEqual(secretKey);
      expect(concatBytes(half.ciphertext1, ciphertext2)).toEqual(cipherText);
      expect(half.sharedSecret).toEqual(sharedSecret);
      expect(decapsulate(secretKey, half.ciphertext1, ciphertext2)).toEqual(sharedSecret);
    }
  });

  const { header, vector, decapsulationKey } = generateMlKem768(random);
  const half = encapsulateHeader(header, random);
  const ciphertext2 = encapsulateVector(half.pending, vector);

  it('has pieces of the lengths it names', () => {
    expect(
      [header, vector, decapsulationKey, half.ciphertext1, ciphertext2, half.pending].map((b) => b.length),
    ).toEqual([
      headerLength,
      vectorLength,
      decapsulationKeyLength,
      ciphertext1Length,
      ciphertext2Length,
      pendingLength,
    ]);
    expect([headerLength, vectorLength, decapsulationKeyLength]).toEqual([64, 1152, 2400]);
    expect([ciphertext1Length, ciphertext2Length, pendingLength]).toEqual([960, 128, 96]);
    expect(vectorOf(decapsulationKey)).toEqual(vector);
  });

  it('works on views into larger buffers', () => {
    const again = encapsulateHeader(asView(header), fixedRandom(half.pending.subarray(0, 32)));
    expect(again).toEqual(half);
    assertVector(asView(header), asView(vector));
    expect(encapsulateVector(asView(half.pending), asView(vector))).toEqual(ciphertext2);
    const opened = decapsulate(asView(decapsulationKey), asView(half.ciphertext1), asView(ciphertext2));
    expect(opened).toEqual(half.sharedSecret);
  });

  it('refuses a vector of which any bit is not the one that the header promised', () => {
    for (let round = 0; round < 200; round += 1) {
      const changed = flipped(vector, random.integer(vector.length), 1 << random.integer(8));
      expect(outcomeOf(() => assertVector(header, changed))).toBe('invalid-message');
      const other = flipped(header, random.integer(header.length), 1 << random.integer(8));
      expect(outcomeOf(() => assertVector(other, vector))).toBe('invalid-message');
    }
  });

  it.each([0, 1151, 1153, 2304])('refuses a vector of %i bytes, though promised', (length) => {
    const sized = new Uint8Array(length);
    sized.set(vector.subarray(0, length));
    expect(outcomeOf(() => assertVector(promising(header, sized), sized))).toBe('invalid-message');
  });

  it.each([
    [0, 0],
    [959, 128],
    [961, 127],
    [960, 0],
    [960, 129],
  ])('refuses a ciphertext of %i and %i bytes', (first, second) => {
    const parts = [first, second].map((length) => new Uint8Array(length)) as [Uint8Array, Uint8Array];
    expect(outcomeOf(() => void decapsulate(decapsulationKey, ...parts))).toBe('invalid-message');
  });

  it('takes a decapsulation key that is none for a record that is none', () => {
    for (const key of [decapsulationKey.subarray(1), flipped(decapsulationKey, 1200)]) {
      const open = () => void decapsulate(key, half.ciphertext1, ciphertext2);
      expect(outcomeOf(open)).toBe('engine-record-invalid');
    }
  });

  it.each([0, 1, 2, 255, 256, 511, 767])(
    'refuses a coefficient %i that is not reduced, though promised',
    (at) => {
      const { promised, overflowing } = withCoefficient(header, vector, at, q);
      expect(outcomeOf(() => assertVector(promised, overflowing))).toBe('invalid-message');
      expect(outcomeOf(() => void encapsulateVector(half.pending, overflowing))).toBe('invalid-message');
      const largest = withCoefficient(header, vector, at, q - 1);
      assertVector(largest.promised, largest.overflowing);
    },
  );

  it('gives another secret for a changed ciphertext, always the same, as noble does', () => {
    for (let round = 0; round < 50; round += 1) {
      const whole = concatBytes(half.ciphertext1, ciphertext2);
      const changed = flipped(whole, random.integer(whole.length), 1 << random.integer(8));
      const [one, two] = [changed.subarray(0, 960), changed.subarray(960)];
      const secret = decapsulate(decapsulationKey, one, two);
      expect(secret).not.toEqual(half.sharedSecret);
      expect(secret).toEqual(ml_kem768.decapsulate(changed, decapsulationKey));
      expect(decapsulate(decapsulationKey, one, two)).toEqual(secret);
    }
  });
});

/** A vector with one coefficient of our choice, and a header that promises it. */
function withCoefficient(header: Uint8Array, vector: Uint8Array, at: number, value: number) {
  const overflowing = vector.slice();
  const byte = 3 * (at >> 1);
  if (at % 2 === 0) {
    overflowing[byte] = value;
    overflowing[byte + 1] = (overflowing[byte + 1]! & 0xf0) | (value >> 8);
  } else {
    overflowing[byte + 1] = (overflowing[byte + 1]! & 0x0f) | ((value & 0x0f) << 4);
    overflowing[byte + 2] = value >> 4;
  }
  return { overflowing, promised: promising(header, overflowing) };
}

/** A header like another one, for another vector. */
function promising(header: Uint8Array, vector: Uint8Array): Uint8Array {
  const matrixSeed = header.subarray(0, 32);
  return concatBytes(matrixSeed, sha3_256(concatBytes(vector, matrixSeed)));
}

describe('its ring', () => {
  const random = randomFor('ring');
  const polynomial = () => Uint16Array.from({ length: 256 }, () => random.integer(q));

  it('comes back from the transform', () => {
    for (let round = 0; round < 50; round += 1) {
      const f = polynomial();
      expect(transformBack(transform(f.slice()))).toEqual(f);
    }
  });

  it('multiplies as polynomials modulo x^256 + 1 do', () => {
    const [f, g] = [polynomial(), polynomial()];
    const slowly = new Array<number>(256).fill(0);
    for (const [i, a] of f.entries()) {
      for (const [j, b] of g.entries()) {
        const sign = i + j < 256 ? 1 : -1;
        slowly[(i + j) % 256] = (((slowly[(i + j) % 256]! + sign * a * b) % q) + q) % q;
      }
    }
    const sum = new Uint16Array(256);
    addProduct(sum, transform(f.slice()), transform(g.slice()));
    expect([...transformBack(sum)]).toEqual(slowly);
  });

  it('leaves every coefficient reduced', () => {
    for (let round = 0; round < 20; round += 1) {
      const made = [transform(polynomial()), transformBack(polynomial()), add(polynomial(), polynomial())];
      addProduct(made[0]!, polynomial(), polynomial());
      made.push(transform(polynomial()));
      for (const f of made) expect(f.every((coefficient) => coefficient < q)).toBe(true);
    }
  });

  it('stands the largest coefficients', () => {
    const largest = new Uint16Array(256).fill(q - 1);
    const sum = largest.slice();
    addProduct(sum, largest, largest);
    // (q - 1)² is 1: of each pair, 1 + γ and 2, on top of −1.
    expect(sum.every((value) => value < q)).toBe(true);
    expect(sum.filter((_, index) => index % 2 === 1).every((value) => value === 1)).toBe(true);
    expect(transformBack(transform(largest.slice()))).toEqual(largest);
  });

  it.each([1, 4, 5, 10, 11])('rounds every coefficient to %i bits as the definition does', (bits) => {
    for (let start = 0; start < q; start += 256) {
      const f = Uint16Array.from({ length: 256 }, (_, index) => Math.min(q - 1, start + index));
      // To the nearest in integers alone: ⌊2^bits·x / q + 1/2⌋ (no x lies half-way).
      const rounded = f.map(
        (value) => Number((BigInt(value) * 2n ** BigInt(bits + 1) + 3329n) / 6658n) % 2 ** bits,
      );
      expect(compress(bits, f.slice())).toEqual(rounded);
      // Back to the nearest again, in integers alone.
      const stretched = rounded.map((value) =>
        Number((BigInt(value) * 6658n + 2n ** BigInt(bits)) >> BigInt(bits + 1)),
      );
      expect(decompress(bits, rounded.slice())).toEqual(stretched);
    }
  });

  it.each([1, 4, 5, 10, 11, 12])('packs numbers of %i bits from the lowest bit on', (bits) => {
    const numbers = Uint16Array.from({ length: 256 }, () => random.integer(2 ** bits));
    const whole = [...numbers].reduceRight<bigint>(
      (sum, number) => (sum << BigInt(bits)) | BigInt(number),
      0n,
    );
    const bytes = pack(bits, numbers);
    expect(bytes).toHaveLength(32 * bits);
    expect([...bytes].reduceRight<bigint>((sum, byte) => (sum << 8n) | BigInt(byte), 0n)).toBe(whole);
    expect(unpack(bits, bytes)).toEqual(numbers);
  });
});
