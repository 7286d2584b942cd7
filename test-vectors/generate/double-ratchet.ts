/** Vectors of the key derivations of PQXDH and the Double Ratchet. HKDF and HMAC are Node's (OpenSSL's). */
import { createHmac, hkdfSync } from 'node:crypto';
import { counting, hex, type VectorFile, type VectorTest } from './vector-file.js';

const source = 'HKDF and HMAC by OpenSSL';
const noSalt = new Uint8Array(32);

/** HKDF-SHA-256, cut into pieces. */
function derived(
  salt: Uint8Array,
  input: Uint8Array,
  info: string,
  lengths: readonly number[],
): readonly string[] {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const bytes = new Uint8Array(hkdfSync('sha256', input, salt, info, total));
  let offset = 0;
  return lengths.map((length) => hex(bytes.subarray(offset, (offset += length))));
}

function hmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(message).digest();
}

function handshake(agreements: number): VectorTest {
  const agreed = Array.from({ length: agreements }, (_, index) => counting(32, 32 * index));
  const kemSecret = counting(32, 0);
  const input = Buffer.concat([new Uint8Array(32).fill(0xff), ...agreed, kemSecret]);
  const info = 'WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024';
  const [rootKey, chainKey, pqKey] = derived(noSalt, input, info, [32, 32, 32]);
  return {
    id: `handshake-${agreements}`,
    flags: ['pqxdh'],
    source,
    input: { agreements: agreed.map(hex), kemSecret: hex(kemSecret) },
    result: 'valid',
    output: { rootKey, chainKey, pqKey },
  };
}

function rootStep(start: number): VectorTest {
  const [before, agreement] = [counting(32, start), counting(32, start + 50)];
  const [rootKey, chainKey] = derived(before, agreement, 'WhisperRatchet', [32, 32]);
  return {
    id: `root-step-${start}`,
    flags: ['root'],
    source,
    input: { rootKey: hex(before), agreement: hex(agreement) },
    result: 'valid',
    output: { rootKey, chainKey },
  };
}

function chainStep(start: number): VectorTest {
  const chainKey = counting(32, start);
  return {
    id: `chain-step-${start}`,
    flags: ['chain'],
    source,
    input: { chainKey: hex(chainKey) },
    result: 'valid',
    output: {
      seed: hex(hmac(chainKey, Uint8Array.of(1))),
      chainKey: hex(hmac(chainKey, Uint8Array.of(2))),
    },
  };
}

function messageKeys(start: number, pqKey: Uint8Array | undefined): VectorTest {
  const seed = hmac(counting(32, start), Uint8Array.of(1));
  const [cipherKey, macKey, iv] = derived(pqKey ?? noSalt, seed, 'WhisperMessageKeys', [32, 32, 16]);
  return {
    id: `message-keys-${start}-${pqKey ? 'with' : 'without'}-pq-key`,
    flags: ['message-keys'],
    source,
    input: { seed: hex(seed), ...(pqKey ? { pqKey: hex(pqKey) } : {}) },
    result: 'valid',
    output: { cipherKey, macKey, iv },
  };
}

/** `double-ratchet.json`. */
export function doubleRatchetVectors(): VectorFile {
  return {
    operation: 'double-ratchet',
    schemaVersion: 1,
    about: 'The key derivations of the PQXDH handshake and of the Double Ratchet in the Signal protocol.',
    hex: [
      'agreements',
      'kemSecret',
      'rootKey',
      'chainKey',
      'pqKey',
      'agreement',
      'seed',
      'cipherKey',
      'macKey',
      'iv',
    ],
    tests: [
      handshake(3),
      handshake(4),
      rootStep(0),
      rootStep(200),
      chainStep(7),
      chainStep(99),
      messageKeys(7, undefined),
      messageKeys(7, new Uint8Array(32).fill(9)),
      messageKeys(99, counting(32, 5)),
    ],
  };
}
