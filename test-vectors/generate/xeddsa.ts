/** Vectors of XEdDSA verification. Every verdict is libsignal's. */
import { PrivateKey, PublicKey } from '@signalapp/libsignal-client';
import { utf8 } from '../../sdk/src/bytes.js';
import { counting, hex, type VectorFile, type VectorTest } from './vector-file.js';
import {
  edwardsOf,
  forgeLowOrder,
  groupOrder,
  signWithCommitment,
  signXeddsa,
  toBytes,
  toInteger,
} from './xeddsa-sign.js';
import { ed25519 } from '@noble/curves/ed25519.js';

type Bytes = Uint8Array<ArrayBuffer>;

const p = 2n ** 255n - 19n;
const message = utf8('xeddsa test') as Bytes;

interface Case {
  readonly id: string;
  readonly flags: readonly string[];
  readonly comment?: string;
  readonly publicKey: Bytes;
  readonly message: Bytes;
  readonly signature: Bytes;
}

interface Signer {
  readonly privateKey: Bytes;
  readonly publicKey: Bytes;
}

function signer(start: number): Signer {
  const key = PrivateKey.deserialize(counting(32, start));
  return { privateKey: key.serialize(), publicKey: key.getPublicKey().serialize() };
}

const alice = signer(0);
const honest = signXeddsa(alice.privateKey, message, counting(64, 7));

const keyOf = (u: bigint): Bytes => Uint8Array.of(5, ...toBytes(u));

function edit(bytes: Bytes, change: (copy: Bytes) => void): Bytes {
  const copy = bytes.slice();
  change(copy);
  return copy;
}

const flip = (bytes: Bytes, index: number, mask: number): Bytes =>
  edit(bytes, (copy) => (copy[index] = (copy[index] as number) ^ mask));

/** The signature with its response moved by a multiple of the group order. */
function shifted(signature: Bytes, multiple: bigint): Bytes {
  const sign = (signature[63] as number) & 0x80;
  const s = toInteger(edit(signature.slice(32), (copy) => (copy[31] = (copy[31] as number) & 0x7f)));
  const moved = Uint8Array.of(...signature.slice(0, 32), ...toBytes(s + multiple * groupOrder));
  return edit(moved, (copy) => (copy[63] = (copy[63] as number) | sign));
}

function honestCases(): Case[] {
  const signed = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => {
    const { privateKey, publicKey } = signer(index * 16);
    const text = counting(index * 37);
    return {
      id: `honest-${index}`,
      flags: ['honest'],
      publicKey,
      message: text,
      signature: signXeddsa(privateKey, text, counting(64, index)),
    };
  });
  const published = {
    id: 'spec-1',
    flags: ['honest'],
    publicKey: Uint8Array.from(
      Buffer.from('0507a37cbc142093c8b755dc1b10e86cb426374ad16aa853ed0bdfc0b2b86d1c7c', 'hex'),
    ),
    message,
    signature: Uint8Array.from(
      Buffer.from(
        '3fccaab5e99d0a1b335c5da4b88bb6aa8909ba7920f0383c4a285270257af6f5cf049b7139d02f1ff3cf3a9d6c44b5202d9234b96997ff482569e9738f218583',
        'hex',
      ),
    ),
  };
  return [published, ...signed];
}

function changedCases(): Case[] {
  const base = { publicKey: alice.publicKey, message, signature: honest };
  return [
    { ...base, id: 'other-message', flags: ['changed'], message: utf8('xeddsa tesT') as Bytes },
    { ...base, id: 'empty-message', flags: ['changed'], message: new Uint8Array() },
    { ...base, id: 'commitment-bit', flags: ['changed'], signature: flip(honest, 3, 0x10) },
    { ...base, id: 'response-bit', flags: ['changed'], signature: flip(honest, 40, 1) },
    { ...base, id: 'key-sign', flags: ['changed', 'sign-bit'], signature: flip(honest, 63, 0x80) },
    { ...base, id: 'commitment-sign', flags: ['changed'], signature: flip(honest, 31, 0x80) },
    { ...base, id: 'other-key', flags: ['changed'], publicKey: signer(99).publicKey },
    { ...base, id: 'zero-signature', flags: ['changed'], signature: new Uint8Array(64) },
    {
      ...base,
      id: 's-plus-order',
      flags: ['malleable'],
      comment: 's is reduced, not refused, while it is below 2^253.',
      signature: shifted(honest, 1n),
    },
    { ...base, id: 's-bit-253', flags: ['range'], signature: flip(honest, 63, 0x20) },
    { ...base, id: 's-bit-254', flags: ['range'], signature: flip(honest, 63, 0x40) },
    { ...base, id: 's-both-bits', flags: ['range'], signature: flip(honest, 63, 0x60) },
  ];
}

/** Commitments that verifiers read in different ways. Here they are compared as bytes and never decoded. */
function commitmentCases(): Case[] {
  const { Point } = ed25519;
  const base = { publicKey: alice.publicKey, message };
  const torsion = Point.fromBytes(edwardsOf(lowOrder8));
  const r = 123_456_789n;
  const mixed = Point.BASE.multiply(r).add(torsion).toBytes();
  const made = (commitment: Uint8Array, scalar: bigint) =>
    signWithCommitment(alice.privateKey, message, commitment, scalar);
  return [
    { ...base, id: 'commitment-identity', flags: ['commitment'], signature: made(toBytes(1n), 0n) },
    {
      ...base,
      id: 'commitment-identity-plus-p',
      flags: ['commitment'],
      comment: 'Another spelling of the same point.',
      signature: made(toBytes(p + 1n), 0n),
    },
    {
      ...base,
      id: 'commitment-with-torsion',
      flags: ['commitment'],
      comment: 'A verifier that multiplies by the cofactor accepts it.',
      signature: made(mixed, r),
    },
  ];
}

const lowOrder8 = 39382357235489614581723060781553021112529911719440698176882885853963445705823n;

/** Low-order keys and the order of their points; signatures under them need no private key. */
const lowOrderKeys: readonly (readonly [id: string, u: bigint, order: bigint])[] = [
  ['key-zero', 0n, 2n],
  ['key-p', p, 2n],
  ['key-one', 1n, 4n],
  ['key-p-plus-one', p + 1n, 4n],
  ['key-order-8', lowOrder8, 8n],
  ['key-other-order-8', 325606250916557431795983626356110631294008115727848805560023387167927233504n, 8n],
];

function lowOrderCases(): Case[] {
  return lowOrderKeys.flatMap(([id, u, order]) => {
    const forged = forgeLowOrder(edwardsOf(u), order, message);
    const base = { publicKey: keyOf(u), message, flags: ['low-order'] };
    return [
      { ...base, id, signature: forged },
      { ...base, id: `${id}-sign-bit`, flags: ['low-order', 'sign-bit'], signature: flip(forged, 63, 0x80) },
      { ...base, id: `${id}-unforged`, signature: honest },
    ];
  });
}

function keyCases(): Case[] {
  const base = { publicKey: alice.publicKey, message, signature: honest };
  return [
    {
      ...base,
      id: 'key-top-bit',
      flags: ['key-spelling'],
      comment: 'The top bit of u is dropped.',
      publicKey: flip(alice.publicKey, 32, 0x80),
    },
    {
      ...base,
      id: 'key-minus-one',
      flags: ['no-point'],
      comment: 'u = −1 has no Edwards point.',
      publicKey: keyOf(p - 1n),
    },
    {
      ...base,
      id: 'key-minus-one-plus-p',
      flags: ['no-point', 'key-spelling'],
      publicKey: keyOf(2n * p - 1n),
    },
    { ...base, id: 'key-on-twist', flags: ['no-point'], publicKey: keyOf(2n) },
    {
      ...base,
      id: 'key-all-ones',
      flags: ['key-spelling'],
      publicKey: Uint8Array.of(5, ...new Uint8Array(32).fill(255)),
    },
  ];
}

/** Encodings that are refused before any arithmetic. */
function malformedCases(): VectorTest[] {
  const test = (
    id: string,
    failure: string,
    publicKey: Uint8Array,
    signature: Uint8Array,
    comment?: string,
  ): VectorTest => ({
    id,
    ...(comment ? { comment } : {}),
    flags: ['encoding'],
    source: 'by construction',
    input: { publicKey: hex(publicKey), message: hex(message), signature: hex(signature) },
    result: 'invalid',
    failure,
  });
  return [
    test('key-empty', 'invalid-key', new Uint8Array(), honest),
    test('key-32-bytes', 'invalid-key', alice.publicKey.slice(0, 32), honest),
    test('key-without-type', 'invalid-key', alice.publicKey.slice(1), honest),
    test(
      'key-34-bytes',
      'invalid-key',
      Uint8Array.of(...alice.publicKey, 0),
      honest,
      'libsignal drops the last byte; here one key has one length.',
    ),
    test('key-type-4', 'invalid-key', flip(alice.publicKey, 0, 1), honest),
    test('signature-empty', 'invalid-signature', alice.publicKey, new Uint8Array()),
    test('signature-63-bytes', 'invalid-signature', alice.publicKey, honest.slice(0, 63)),
    test('signature-65-bytes', 'invalid-signature', alice.publicKey, Uint8Array.of(...honest, 0)),
  ];
}

function judged({ id, flags, comment, publicKey, message: text, signature }: Case): VectorTest {
  const valid = PublicKey.deserialize(publicKey).verify(text, signature);
  return {
    id,
    ...(comment ? { comment } : {}),
    flags,
    source: 'made here; verdict by libsignal 0.103.0',
    input: { publicKey: hex(publicKey), message: hex(text), signature: hex(signature) },
    ...(valid ? { result: 'valid' } : { result: 'invalid', failure: 'invalid-signature' }),
  };
}

/** `xeddsa.json`. */
export function xeddsaVectors(): VectorFile {
  return {
    operation: 'xeddsa-verify',
    schemaVersion: 1,
    about:
      'Verification of XEdDSA signatures by X25519 keys, byte for byte as the Signal protocol’s peers do it.',
    hex: ['publicKey', 'message', 'signature'],
    tests: [
      ...[...honestCases(), ...changedCases(), ...commitmentCases(), ...lowOrderCases(), ...keyCases()].map(
        judged,
      ),
      ...malformedCases(),
    ],
  };
}
