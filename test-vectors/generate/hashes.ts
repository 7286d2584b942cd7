/** Vectors of HMAC-SHA-256 and HKDF-SHA-256: what the RFCs publish, held against OpenSSL, and lengths around the blocks by OpenSSL. */
import { createHmac, hkdfSync } from 'node:crypto';
import { utf8 } from '../../sdk/src/bytes.js';
import { counting, hex, type VectorFile, type VectorTest } from './vector-file.js';

const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte);

/** RFC 4231: key, message, the first bytes of the code. */
const hmacPublished: readonly (readonly [key: Uint8Array, message: Uint8Array, mac: string])[] = [
  [filled(20, 0x0b), utf8('Hi There'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [
    utf8('Jefe'),
    utf8('what do ya want for nothing?'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [filled(20, 0xaa), filled(50, 0xdd), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
  [counting(25, 1), filled(50, 0xcd), '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b'],
  [filled(20, 0x0c), utf8('Test With Truncation'), 'a3b6167473100ee06e0c796c2955552b'],
  [
    filled(131, 0xaa),
    utf8('Test Using Larger Than Block-Size Key - Hash Key First'),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
  [
    filled(131, 0xaa),
    utf8(
      'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.',
    ),
    '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
  ],
];

function hmac(id: string, flag: string, source: string, key: Uint8Array, message: Uint8Array): VectorTest {
  const mac = createHmac('sha256', key).update(message).digest();
  return {
    id,
    flags: [flag],
    source,
    input: { key: hex(key), message: hex(message) },
    result: 'valid',
    output: { mac: hex(mac) },
  };
}

function hmacRfc(): VectorTest[] {
  return hmacPublished.map(([key, message, published], index) => {
    const test = hmac(`rfc-4231-${index + 1}`, 'rfc', 'RFC 4231, section 4', key, message);
    if (!(test.output?.['mac'] as string).startsWith(published)) throw new Error(`${test.id} differs`);
    return test;
  });
}

/** `hmac-sha256.json`. */
export function hmacVectors(): VectorFile {
  // With the key's block before it, a message of 55 bytes is the last that takes one block more.
  const messages = [0, 1, 32, 54, 55, 56, 63, 64, 65, 119, 120, 127, 128, 300];
  const keys = [0, 1, 32, 63, 64, 65];
  return {
    operation: 'hmac-sha256',
    schemaVersion: 1,
    about: 'HMAC with SHA-256, all 32 bytes of it.',
    hex: ['key', 'message', 'mac'],
    tests: [
      ...hmacRfc(),
      ...messages.map((length) =>
        hmac(`message-${length}`, 'lengths', 'OpenSSL', counting(32, 1), counting(length)),
      ),
      ...keys.map((length) => hmac(`key-${length}`, 'lengths', 'OpenSSL', counting(length), counting(7, 9))),
    ],
  };
}

interface Derivation {
  readonly input: Uint8Array;
  readonly salt?: Uint8Array;
  readonly info: Uint8Array;
  readonly length: number;
}

/** RFC 5869, A.1 to A.3. */
const hkdfPublished: readonly (readonly [derivation: Derivation, output: string])[] = [
  [
    { input: filled(22, 0x0b), salt: counting(13), info: counting(10, 0xf0), length: 42 },
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  ],
  [
    { input: counting(80), salt: counting(80, 0x60), info: counting(80, 0xb0), length: 82 },
    'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  ],
  [
    { input: filled(22, 0x0b), salt: new Uint8Array(), info: new Uint8Array(), length: 42 },
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  ],
];

function hkdf(id: string, flag: string, source: string, { salt, ...rest }: Derivation): VectorTest {
  const { input, info, length } = rest;
  const output = new Uint8Array(hkdfSync('sha256', input, salt ?? filled(32, 0), info, length));
  return {
    id,
    flags: [flag],
    source,
    input: { input: hex(input), ...(salt ? { salt: hex(salt) } : {}), info: hex(info), length },
    result: 'valid',
    output: { output: hex(output) },
  };
}

function hkdfRfc(): VectorTest[] {
  return hkdfPublished.map(([derivation, published], index) => {
    const test = hkdf(`rfc-5869-${index + 1}`, 'rfc', 'RFC 5869, appendix A', derivation);
    if (test.output?.['output'] !== published) throw new Error(`${test.id} differs`);
    return test;
  });
}

/** `hkdf-sha256.json`. */
export function hkdfVectors(): VectorFile {
  const base = { input: counting(32, 3), salt: counting(32, 50), info: utf8('what it is for') };
  const { salt: _, ...unsalted } = base;
  return {
    operation: 'hkdf-sha256',
    schemaVersion: 1,
    about: 'HKDF with SHA-256. A test without a salt means the one of 32 zero bytes.',
    hex: ['input', 'salt', 'info', 'output'],
    tests: [
      ...hkdfRfc(),
      ...[1, 31, 32, 33, 48, 64, 80, 96, 97, 8160].map((length) =>
        hkdf(`length-${length}`, 'lengths', 'OpenSSL', { ...base, length }),
      ),
      ...[32, 64, 80].map((length) =>
        hkdf(`no-salt-${length}`, 'no-salt', 'OpenSSL', { ...unsalted, length }),
      ),
      ...[0, 22, 23, 54, 55, 200].map((length) =>
        hkdf(`info-${length}`, 'lengths', 'OpenSSL', { ...base, info: counting(length), length: 80 }),
      ),
      ...[64, 65, 128].map((length) =>
        hkdf(`salt-${length}`, 'lengths', 'OpenSSL', { ...base, salt: counting(length), length: 64 }),
      ),
    ],
  };
}
