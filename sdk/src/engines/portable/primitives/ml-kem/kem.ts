/**
 * ML-KEM (FIPS 203) for modules of rank 3 and 4, in one piece and in the parts that it is made of. Both KEMs of
 * the protocol are this: Kyber1024 with a hash around it, and ML-KEM-768 in halves. Knows no encoding but the
 * standard's and no failure but "it is none".
 */
import { concatBytes, equalBytes } from '../../../../bytes.js';
import { compress, decompress, pack, polynomialFromMessage, unpack } from './coding.js';
import type { Keccak } from './keccak.js';
import { add, addProduct, n, q, subtract, transform, transformBack, type Polynomial } from './ring.js';
import { sampleSmall, sampleUniform } from './sampling.js';

/** A parameter set (FIPS 203, section 8), and who does its hashing. Both sets have noise of the same width. */
export interface MlKem {
  readonly keccak: Keccak;
  /** Rank of the module. */
  readonly k: 3 | 4;
  /** Bits that are left of a coefficient in the ciphertext's first part. */
  readonly bitsOfU: number;
  /** And in its second part. */
  readonly bitsOfV: number;
}

/** ML-KEM-768: keys of 1,184 and 2,400 bytes, ciphertexts of 1,088. */
export function mlKem768(keccak: Keccak): MlKem {
  return { keccak, k: 3, bitsOfU: 10, bitsOfV: 4 };
}

/** ML-KEM-1024: keys of 1,568 and 3,168 bytes, ciphertexts of 1,568. */
export function mlKem1024(keccak: Keccak): MlKem {
  return { keccak, k: 4, bitsOfU: 11, bitsOfV: 5 };
}

const seedLength = 32;
const bitsOfCoefficient = 12;
const polynomialBytes = (n * bitsOfCoefficient) / 8;

/** What an encryption derives from its message. */
export interface EncryptionSecrets {
  /** 32 bytes. */
  readonly sharedSecret: Uint8Array;
  readonly noiseSeed: Uint8Array;
  /** Transformed. */
  readonly r: readonly Polynomial[];
}

/** The key pair of a 64-byte seed (d and z). */
export function keyPairFrom({ k, keccak }: MlKem, seed: Uint8Array) {
  const [matrixSeed, noiseSeed] = halves(
    keccak.sha3_512(concatBytes(seed.subarray(0, seedLength), Uint8Array.of(k))),
  );
  const s = polynomials(k, (index) => transform(sampleSmall(keccak, noiseSeed, index)));
  const t = polynomials(k, (row) => {
    const sum = transform(sampleSmall(keccak, noiseSeed, k + row));
    s.forEach((column, index) => {
      addProduct(sum, sampleUniform(keccak, matrixSeed, index, row), column);
    });
    return sum;
  });
  const publicKey = concatBytes(...t.map(packCoefficients), matrixSeed);
  const parts = [publicKey, keccak.sha3_256(publicKey), seed.subarray(seedLength)];
  return { publicKey, secretKey: concatBytes(...s.map(packCoefficients), ...parts) };
}

/**
 * Encapsulates a 32-byte message.
 * @returns `undefined` when the key has another length or a coefficient that is not reduced
 */
export function encapsulate(kem: MlKem, publicKey: Uint8Array, message: Uint8Array) {
  const split = kem.k * polynomialBytes;
  if (publicKey.length !== split + seedLength) return undefined;
  const t = vectorFrom(kem, publicKey);
  if (!t) return undefined;
  const secrets = secretsOf(kem, message, kem.keccak.sha3_256(publicKey));
  const ciphertext = concatBytes(
    encryptU(kem, secrets, publicKey.subarray(split)),
    encryptV(kem, secrets, t, message),
  );
  return { ciphertext, sharedSecret: secrets.sharedSecret };
}

/**
 * The shared secret of a ciphertext, 32 bytes; of a false one a false secret, always the same.
 * @returns `undefined` when key or ciphertext have another length, or the key is not the one that its hash names
 */
export function decapsulate(
  kem: MlKem,
  secretKey: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  const split = kem.k * polynomialBytes;
  const hashAt = 2 * split + seedLength;
  if (secretKey.length !== hashAt + 2 * seedLength || ciphertext.length !== ciphertextLength(kem))
    return undefined;
  const publicKey = secretKey.subarray(split, hashAt);
  const [keyHash, z] = halves(secretKey.subarray(hashAt));
  const [s, t] = [vectorFrom(kem, secretKey), vectorFrom(kem, publicKey)];
  if (!s || !t || !equalBytes(kem.keccak.sha3_256(publicKey), keyHash)) return undefined;
  const message = decrypt(kem, s, ciphertext);
  const secrets = secretsOf(kem, message, keyHash);
  const again = concatBytes(
    encryptU(kem, secrets, publicKey.subarray(split)),
    encryptV(kem, secrets, t, message),
  );
  const rejected = kem.keccak.shake256(concatBytes(z, ciphertext), seedLength);
  // A mask and no branch: whether the ciphertext is true is not to be seen.
  const mask = -Number(equalBytes(ciphertext, again));
  return rejected.map((byte, index) => byte ^ (mask & (byte ^ (secrets.sharedSecret[index] as number))));
}

/** What an encryption of a message under a key with that hash needs. */
export function secretsOf({ k, keccak }: MlKem, message: Uint8Array, keyHash: Uint8Array): EncryptionSecrets {
  const [sharedSecret, noiseSeed] = halves(keccak.sha3_512(concatBytes(message, keyHash)));
  return {
    sharedSecret,
    noiseSeed,
    r: polynomials(k, (index) => transform(sampleSmall(keccak, noiseSeed, index))),
  };
}

/** The first part of a ciphertext, which needs of the key the matrix seed alone. */
export function encryptU(
  { k, bitsOfU, keccak }: MlKem,
  { r, noiseSeed }: EncryptionSecrets,
  matrixSeed: Uint8Array,
) {
  const rows = r.map((_, row) => {
    const u = new Uint16Array(n);
    r.forEach((column, index) => {
      addProduct(u, sampleUniform(keccak, matrixSeed, row, index), column);
    });
    add(transformBack(u), sampleSmall(keccak, noiseSeed, k + row));
    return pack(bitsOfU, compress(bitsOfU, u));
  });
  return concatBytes(...rows);
}

/** The second part of a ciphertext. */
export function encryptV(
  { k, bitsOfV, keccak }: MlKem,
  { r, noiseSeed }: EncryptionSecrets,
  t: readonly Polynomial[],
  message: Uint8Array,
): Uint8Array {
  const v = transformBack(product(t, r));
  add(v, sampleSmall(keccak, noiseSeed, 2 * k));
  add(v, polynomialFromMessage(message));
  return pack(bitsOfV, compress(bitsOfV, v));
}

/** The vector at the start of a key; `undefined` when a coefficient is not reduced. */
export function vectorFrom({ k }: MlKem, key: Uint8Array): Polynomial[] | undefined {
  const vector = polynomials(k, (index) =>
    unpack(bitsOfCoefficient, key.subarray(index * polynomialBytes, (index + 1) * polynomialBytes)),
  );
  return vector.every((f) => f.every((coefficient) => coefficient < q)) ? vector : undefined;
}

function decrypt(
  { k, bitsOfU, bitsOfV }: MlKem,
  s: readonly Polynomial[],
  ciphertext: Uint8Array,
): Uint8Array {
  const rowBytes = (n * bitsOfU) / 8;
  const u = polynomials(k, (index) => {
    const row = ciphertext.subarray(index * rowBytes, (index + 1) * rowBytes);
    return transform(decompress(bitsOfU, unpack(bitsOfU, row)));
  });
  const v = decompress(bitsOfV, unpack(bitsOfV, ciphertext.subarray(k * rowBytes)));
  return pack(1, compress(1, subtract(v, transformBack(product(s, u)))));
}

function ciphertextLength({ k, bitsOfU, bitsOfV }: MlKem): number {
  return (n * (k * bitsOfU + bitsOfV)) / 8;
}

/** The inner product of two transformed vectors. */
function product(left: readonly Polynomial[], right: readonly Polynomial[]): Polynomial {
  const sum = new Uint16Array(n);
  left.forEach((f, index) => {
    addProduct(sum, f, right[index] as Polynomial);
  });
  return sum;
}

function packCoefficients(f: Polynomial): Uint8Array {
  return pack(bitsOfCoefficient, f);
}

function polynomials(count: number, make: (index: number) => Polynomial): Polynomial[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function halves(bytes: Uint8Array): [Uint8Array, Uint8Array] {
  return [bytes.subarray(0, seedLength), bytes.subarray(seedLength)];
}
