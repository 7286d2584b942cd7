/**
 * Vectors of X25519, of the check of an initiator's base key, and of XEdDSA signing. OpenSSL and libsignal
 * agree on every agreement here; what RFC 7748 publishes is held against them.
 */
import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { PrivateKey, PublicKey } from '@signalapp/libsignal-client';
import { counting, hex, unhex, type VectorFile, type VectorTest } from './vector-file.js';
import { edwardsOf, groupOrder, signXeddsa, toBytes, toInteger } from './xeddsa-sign.js';

type Bytes = Uint8Array<ArrayBuffer>;

const { Point } = ed25519;
const p = 2n ** 255n - 19n;
const typed = (u: Uint8Array): Bytes => Uint8Array.of(5, ...u);
const keyOf = (u: bigint): Bytes => typed(toBytes(u));

/** RFC 7748, 5.2: scalar, u-coordinate, result. */
const functionVectors = [
  [
    'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
    'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
    'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
  ],
  [
    '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
    'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
    '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
  ],
] as const;

/** RFC 7748, 6.1. */
const alicePrivateKey = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a';
const bobPrivateKey = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb';
const aliceAndBobShare = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';

const orderEight = 39382357235489614581723060781553021112529911719440698176882885853963445705823n;

/** Coordinates of low order, on the curve and on its twist, in every spelling of 255 bits. */
const lowOrder: readonly (readonly [id: string, u: bigint])[] = [
  ['zero', 0n],
  ['one', 1n],
  ['8', orderEight],
  ['other-8', 325606250916557431795983626356110631294008115727848805560023387167927233504n],
  ['minus-one', p - 1n],
  ['zero-plus-p', p],
  ['one-plus-p', p + 1n],
];

/** Both oracles' agreement; they must be of one opinion. */
function agreement(privateKey: Bytes, publicKey: Bytes): Uint8Array | undefined {
  const [native, openSsl] = [agreeLibsignal, agreeOpenSsl].map((agree) => {
    try {
      return hex(agree(privateKey, publicKey));
    } catch {
      return undefined;
    }
  });
  if (native !== openSsl) throw new Error('libsignal and OpenSSL do not agree');
  return native === undefined ? undefined : unhex(native);
}

function agreeLibsignal(privateKey: Bytes, publicKey: Bytes): Uint8Array {
  return PrivateKey.deserialize(privateKey).agree(PublicKey.deserialize(publicKey));
}

function agreeOpenSsl(privateKey: Bytes, publicKey: Bytes): Uint8Array {
  const pkcs8 = Buffer.concat([unhex('302e020100300506032b656e04220420'), privateKey]);
  const spki = Buffer.concat([unhex('302a300506032b656e032100'), publicKey.subarray(1)]);
  return diffieHellman({
    privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
    publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
  });
}

const publicKeyOf = (privateKey: Bytes): Bytes =>
  PrivateKey.deserialize(privateKey).getPublicKey().serialize();

function agreed(
  id: string,
  flags: readonly string[],
  source: string,
  privateKey: Bytes,
  publicKey: Bytes,
  published?: string,
): VectorTest {
  const shared = agreement(privateKey, publicKey);
  if (published !== undefined && (!shared || hex(shared) !== published)) throw new Error(`${id} differs`);
  const input = { privateKey: hex(privateKey), publicKey: hex(publicKey) };
  return {
    id,
    flags,
    source,
    input,
    ...(shared
      ? { result: 'valid', output: { sharedSecret: hex(shared) } }
      : { result: 'invalid', failure: 'invalid-key' }),
  };
}

function publishedAgreements(): VectorTest[] {
  const [alice, bob] = [unhex(alicePrivateKey), unhex(bobPrivateKey)];
  const source = 'RFC 7748, 6.1';
  return [
    ...functionVectors.map(([scalar, u, result], index) =>
      agreed(`rfc-7748-${index + 1}`, ['rfc'], 'RFC 7748, 5.2', unhex(scalar), typed(unhex(u)), result),
    ),
    agreed('rfc-7748-alice', ['rfc'], source, alice, publicKeyOf(bob), aliceAndBobShare),
    agreed('rfc-7748-bob', ['rfc'], source, bob, publicKeyOf(alice), aliceAndBobShare),
  ];
}

/** Scalar and coordinate are 9; each result is the next scalar, and the scalar before the next coordinate. */
function iterated(count: number, output: string): VectorTest {
  return {
    id: `rfc-7748-iterated-${count}`,
    comment:
      'Scalar and coordinate begin as 9; a result is the next scalar, whose coordinate is the last scalar.',
    flags: ['rfc', 'iterated'],
    source: 'RFC 7748, 5.2',
    input: { count },
    result: 'valid',
    output: { sharedSecret: output },
  };
}

function awkwardAgreements(): VectorTest[] {
  const privateKey = counting(32, 40);
  const source = 'made here; libsignal 0.103.0 and OpenSSL agree';
  const withTopBit = (publicKey: Bytes) =>
    publicKey.map((byte, index) => (index === 32 ? byte | 0x80 : byte)) as Bytes;
  const cases: (readonly [id: string, flags: string[], publicKey: Bytes])[] = [
    ['honest', ['honest'], publicKeyOf(counting(32, 3))],
    ['top-bit', ['key-spelling'], withTopBit(publicKeyOf(counting(32, 3)))],
    ['base-point-plus-p', ['key-spelling'], keyOf(p + 9n)],
    ['on-twist', ['twist'], keyOf(2n)],
    ...lowOrder.map(([id, u]) => [`low-order-${id}`, ['low-order'], keyOf(u)] as const),
    ...lowOrder.map(
      ([id, u]) => [`low-order-${id}-top-bit`, ['low-order', 'key-spelling'], withTopBit(keyOf(u))] as const,
    ),
  ].map(([id, flags, publicKey]) => [id as string, flags as string[], publicKey as Bytes]);
  return cases.map(([id, flags, publicKey]) => agreed(id, flags, source, privateKey, publicKey));
}

/** `x25519.json`. */
export function x25519Vectors(): VectorFile {
  return {
    operation: 'x25519',
    schemaVersion: 1,
    about: 'Agreement of Curve25519 keys. A public key has its type byte; an all-zero result is refused.',
    hex: ['privateKey', 'publicKey', 'sharedSecret'],
    tests: [
      ...publishedAgreements(),
      iterated(1, '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079'),
      iterated(1000, '684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51'),
      agreed('pair', ['honest'], 'libsignal 0.103.0', counting(32, 0), publicKeyOf(counting(32, 100))),
      ...awkwardAgreements(),
    ],
  };
}

/** The Montgomery coordinate of a point. */
function coordinateOf(point: InstanceType<typeof Point>): bigint {
  const { y } = point.toAffine();
  return Point.Fp.div(Point.Fp.create(1n + y), Point.Fp.create(1n - y));
}

/** A point of order 8, and so a generator of all that have low order. */
const torsion = Point.fromBytes(edwardsOf(orderEight));

type CanonicalCase = readonly [id: string, flags: readonly string[], u: bigint, canonical: boolean];

function canonicalCases(): CanonicalCase[] {
  const honest = toInteger(publicKeyOf(counting(32, 0)).slice(1));
  const point = Point.BASE.multiply(123_456_789n);
  const mixed = [1, 2, 3, 4, 5, 6, 7].map((multiple): CanonicalCase => {
    const u = coordinateOf(point.add(torsion.multiplyUnsafe(BigInt(multiple))));
    return [`torsion-${multiple}`, ['torsion'], u, false];
  });
  return [
    ['honest', ['honest'], honest, true],
    ['honest-top-bit', ['key-spelling'], honest + 2n ** 255n, false],
    ['base-point', ['honest'], 9n, true],
    ['base-point-plus-p', ['key-spelling'], p + 9n, false],
    ['without-torsion', ['honest'], coordinateOf(point), true],
    ['negated', ['honest'], coordinateOf(Point.BASE.multiply(groupOrder - 123_456_789n)), true],
    ...mixed,
    ['on-twist', ['twist'], 2n, false],
    ['all-ones', ['key-spelling'], 2n ** 256n - 1n, false],
    ['largest-coordinate', ['key-spelling'], 2n ** 255n - 1n, false],
    ...lowOrder.map(([id, u]): CanonicalCase => [`low-order-${id}`, ['low-order'], u, false]),
  ];
}

/** `canonical-key.json`. */
export function canonicalKeyVectors(): VectorFile {
  return {
    operation: 'canonical-key',
    schemaVersion: 1,
    about:
      'What an initiator’s base key must be: a coordinate in its only spelling, on the curve and not on its twist, in the subgroup of prime order.',
    hex: ['publicKey'],
    tests: canonicalCases().map(([id, flags, u, canonical]) => ({
      id,
      flags,
      source: 'by construction',
      input: { publicKey: hex(keyOf(u)) },
      ...(canonical ? { result: 'valid' } : { result: 'invalid', failure: 'invalid-message' }),
    })),
  };
}

/** `xeddsa-sign.json`. */
export function xeddsaSignVectors(): VectorFile {
  return {
    operation: 'xeddsa-sign',
    schemaVersion: 1,
    about: 'XEdDSA signatures with their 64 random bytes given. Keys of both signs are among them.',
    hex: ['privateKey', 'message', 'randomness', 'signature'],
    tests: [0, 1, 2, 3, 4, 5, 6, 7].map((index) => {
      const privateKey = PrivateKey.deserialize(counting(32, 9 * index)).serialize();
      const [message, randomness] = [counting(41 * index), counting(64, index)];
      const signature = signXeddsa(privateKey, message, randomness);
      const publicKey = PublicKey.deserialize(publicKeyOf(privateKey));
      if (!publicKey.verify(message, signature)) throw new Error('libsignal refuses a signature');
      return {
        id: `signature-${index}`,
        flags: [(signature[63] as number) & 0x80 ? 'negative-key' : 'positive-key'],
        source: 'made here; libsignal 0.103.0 verifies it',
        input: { privateKey: hex(privateKey), message: hex(message), randomness: hex(randomness) },
        result: 'valid',
        output: { signature: hex(signature) },
      };
    }),
  };
}
