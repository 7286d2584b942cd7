/** Vectors of the AES modes: what NIST and RFC 8452 publish, held against OpenSSL and libsignal, and awkward ciphertexts made here. */
import { createCipheriv } from 'node:crypto';
import { Aes256GcmSiv } from '@signalapp/libsignal-client';
import { counting, hex, unhex, type VectorFile, type VectorTest } from './vector-file.js';

type Bytes = Uint8Array<ArrayBuffer>;

const blockLength = 16;
/** What a refusal becomes for whoever decrypts a message. */
const failure = 'invalid-message';

/** SP 800-38A, F.2.5. */
const nistKey = unhex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4');
const nistPlaintext = unhex(
  '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
);
const nistCiphertext =
  'f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b';

function encrypted(mode: 'cbc' | 'ctr', key: Bytes, iv: Bytes, plaintext: Bytes, padding = true): Bytes {
  const cipher = createCipheriv(`aes-256-${mode}`, key, iv).setAutoPadding(padding);
  return Uint8Array.from(Buffer.concat([cipher.update(plaintext), cipher.final()]));
}

function cbc(id: string, flags: readonly string[], source: string, key: Bytes, plaintext: Bytes): VectorTest {
  const iv = counting(blockLength);
  const ciphertext = encrypted('cbc', key, iv, plaintext);
  return {
    id,
    flags,
    source,
    input: { key: hex(key), iv: hex(iv), plaintext: hex(plaintext) },
    result: 'valid',
    output: { ciphertext: hex(ciphertext) },
  };
}

function cbcRefused(id: string, flag: string, ciphertext: Uint8Array): VectorTest {
  return {
    id,
    flags: [flag],
    source: 'by construction, with OpenSSL',
    input: { key: hex(counting(32)), iv: hex(counting(blockLength)), ciphertext: hex(ciphertext) },
    result: 'invalid',
    failure,
  };
}

/** Last blocks whose padding is none. */
function badPaddings(): VectorTest[] {
  const padded = (id: string, ...ending: number[]) => {
    const plaintext = Uint8Array.of(...counting(2 * blockLength - ending.length, 100), ...ending);
    const ciphertext = encrypted('cbc', counting(32), counting(blockLength), plaintext, false);
    return cbcRefused(`padding-${id}`, 'padding', ciphertext);
  };
  return [
    padded('zero', 0),
    padded('17', 17),
    padded('255', 255),
    padded('last-of-two', 1, 2),
    padded('first-of-three', 4, 3, 3),
    padded('middle-of-three', 3, 2, 3),
    padded('first-of-a-block', 15, ...new Array<number>(15).fill(16)),
  ];
}

/** `aes-cbc.json`. */
export function aesCbcVectors(): VectorFile {
  const nist = cbc(
    'nist-f-2-5',
    ['nist'],
    'SP 800-38A, F.2.5, and a block of padding',
    nistKey,
    nistPlaintext,
  );
  if (!(nist.output?.['ciphertext'] as string).startsWith(nistCiphertext)) throw new Error('NIST differs');
  const whole = encrypted('cbc', counting(32), counting(blockLength), counting(40));
  return {
    operation: 'aes-256-cbc',
    schemaVersion: 1,
    about: 'AES-256-CBC with PKCS#7 padding. Every ciphertext that cannot be one is refused in one way.',
    hex: ['key', 'iv', 'plaintext', 'ciphertext'],
    tests: [
      nist,
      ...[0, 1, 15, 16, 17, 31, 32, 240].map((length) =>
        cbc(`length-${length}`, ['lengths'], 'OpenSSL', counting(32, 7), counting(length, 9)),
      ),
      ...badPaddings(),
      ...[0, 1, 15, 47].map((length) => cbcRefused(`cut-to-${length}`, 'length', whole.subarray(0, length))),
    ],
  };
}

/** AESAVS, appendix C.3 (key S-box): with a counter of zero the key stream begins with the block that these give. */
const keyStreams = [
  ['c47b0294dbbbee0fec4757f22ffeee3587ca4730c3d33b691df38bab076bc558', '46f2fb342d6f0ab477476fc501242c5f'],
  ['28d46cffa158533194214a91e712fc2b45b518076675affd910edeca5f41ac64', '4bf3b0a69aeb6657794f2901b1440ad4'],
] as const;

function ctr(id: string, flags: readonly string[], source: string, key: Bytes, data: Bytes): VectorTest {
  return {
    id,
    flags,
    source,
    input: { key: hex(key), data: hex(data) },
    result: 'valid',
    output: { data: hex(encrypted('ctr', key, new Uint8Array(blockLength), data)) },
  };
}

/** `aes-ctr.json`. */
export function aesCtrVectors(): VectorFile {
  const published = keyStreams.map(([key, stream], index) => {
    const source = 'AESAVS, key S-box known answers';
    const test = ctr(`nist-${index + 1}`, ['nist'], source, unhex(key), new Uint8Array(blockLength));
    if (test.output?.['data'] !== stream) throw new Error(`${test.id} differs`);
    return test;
  });
  return {
    operation: 'aes-256-ctr',
    schemaVersion: 1,
    about: 'AES-256-CTR from a counter block of 16 zero bytes.',
    hex: ['key', 'data'],
    tests: [
      ...published,
      // 4,112 bytes are 257 blocks: the counter's last byte overflows.
      ...[0, 1, 16, 33, 4112].map((length) =>
        ctr(`length-${length}`, ['lengths'], 'OpenSSL', counting(32, 7), counting(length, 9)),
      ),
    ],
  };
}

/** RFC 8452, C.3: counters that wrap, the only ones with the nonce that is used here. */
const counterWraps = [
  [
    '000000000000000000000000000000004db923dc793ee6497c76dcc03a98e108',
    'f3f80f2cf0cb2dd9c5984fcda908456cc537703b5ba70324a6793a7bf218d3eaffffffff000000000000000000000000',
  ],
  [
    'eb3640277c7ffd1303c7a542d02d3e4c0000000000000000',
    '18ce4f0b8cb4d0cac65fea8f79257b20888e53e72299e56dffffffff000000000000000000000000',
  ],
] as const;

function seal(key: Bytes, plaintext: Bytes): Bytes {
  return Aes256GcmSiv.new(key).encrypt(plaintext, new Uint8Array(12), new Uint8Array());
}

function gcmSiv(
  id: string,
  flags: readonly string[],
  source: string,
  key: Bytes,
  plaintext: Bytes,
): VectorTest {
  return {
    id,
    flags,
    source,
    input: { key: hex(key), plaintext: hex(plaintext) },
    result: 'valid',
    output: { ciphertext: hex(seal(key, plaintext)) },
  };
}

function gcmSivRefused(id: string, ciphertext: Uint8Array): VectorTest {
  const input = { key: hex(counting(32)), ciphertext: hex(ciphertext) };
  return {
    id,
    flags: ['changed'],
    source: 'by construction, with libsignal',
    input,
    result: 'invalid',
    failure,
  };
}

/** `aes-gcm-siv.json`. */
export function aesGcmSivVectors(): VectorFile {
  const published = counterWraps.map(([plaintext, ciphertext], index) => {
    const key = new Uint8Array(32);
    const test = gcmSiv(`rfc-8452-${index + 1}`, ['rfc'], 'RFC 8452, C.3', key, unhex(plaintext));
    if (test.output?.['ciphertext'] !== ciphertext) throw new Error(`${test.id} differs`);
    return test;
  });
  const sealed = seal(counting(32), counting(20));
  const flipped = (index: number) => sealed.map((byte, at) => (at === index ? byte ^ 1 : byte));
  return {
    operation: 'aes-256-gcm-siv',
    schemaVersion: 1,
    about: 'AES-256-GCM-SIV with a nonce of zeros and no associated data; the tag of 16 bytes at the end.',
    hex: ['key', 'plaintext', 'ciphertext'],
    tests: [
      ...published,
      ...[0, 1, 15, 16, 17, 240].map((length) =>
        gcmSiv(`length-${length}`, ['lengths'], 'libsignal 0.103.0', counting(32, 7), counting(length, 9)),
      ),
      ...[0, 19, 20, 35].map((index) => gcmSivRefused(`changed-${index}`, flipped(index))),
      ...[0, 15, 16, 35].map((length) => gcmSivRefused(`cut-to-${length}`, sealed.subarray(0, length))),
    ],
  };
}
