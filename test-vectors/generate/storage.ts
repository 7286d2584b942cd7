/**
 * A storage encrypted by hand, once under a secret and once under a passphrase: what an adapter must be able to
 * read. Nonces count; real ones are random.
 */
import { createCipheriv, createHmac, hkdfSync, scryptSync } from 'node:crypto';
import { counting, hex, type VectorTest } from './vector-file.js';

const source = 'spelled out by hand; AES-GCM, HMAC, HKDF and scrypt by OpenSSL';
const root = counting(32, 100);
const none = new Uint8Array();
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text));
const joined = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));
const derived = (key: Uint8Array, label: string) => new Uint8Array(hkdfSync('sha256', key, none, label, 32));

let nonces = 0;

/** `nonce ‖ ciphertext ‖ tag`. */
function seal(key: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array {
  nonces += 1;
  const nonce = counting(12, nonces);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associated);
  return joined(nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

function tag(path: string): string {
  const mac = createHmac('sha256', derived(root, 'sotto storage names v1')).update(path).digest();
  return mac.subarray(0, 16).toString('base64url');
}

/** A record under generation 1. */
function record(key: string, plaintext: Uint8Array): Uint8Array {
  const associated = bytesOf(`sotto storage record v1\0${key}`);
  return joined(Uint8Array.of(1), seal(derived(root, 'sotto storage values v1'), plaintext, associated));
}

function header(key: Uint8Array, described: Uint8Array): Uint8Array {
  const check = seal(key, none, bytesOf('sotto storage check v1\0'));
  return joined(described, check, seal(key, root, joined(bytesOf('sotto storage root v1\0'), described)));
}

function storage(
  id: string,
  flags: readonly string[],
  key: Uint8Array,
  described: Uint8Array,
  input: object,
) {
  const [name, value] = ['message/carol/7', bytesOf('the words')];
  const recordKey = `g1/v/${tag('message')}/${tag('message/carol')}/${tag(name)}`;
  const plaintext = joined(Uint8Array.of(0, 0, name.length), bytesOf(name), value);
  return {
    id,
    flags: [...flags, 'storage'],
    source,
    input: { ...input, name },
    result: 'valid',
    output: {
      header: hex(header(key, described)),
      count: hex(record('g1/count', Uint8Array.of(0, 0, 0x10, 0x00))),
      recordKey,
      record: hex(record(recordKey, plaintext)),
      value: hex(value),
    },
  } as const satisfies VectorTest;
}

const shared = ['check', 'root', 'values', 'names', 'record'].map((part) => `sotto-storage-${part}-v1`);

function underSecret(): VectorTest {
  const secret = counting(32, 200);
  const described = Uint8Array.of(1, 1, 0, 0, 0, 1);
  const flags = ['sotto-storage-key-v1', ...shared];
  const key = derived(secret, 'sotto storage key v1');
  return storage('storage-secret', flags, key, described, { secret: hex(secret) });
}

function underPassphrase(): VectorTest {
  // Typed with a ligature and a full-width digit; NFKC makes them plain.
  const passphrase = 'e\ufb03cient \uff11';
  const salt = counting(16, 50);
  const labelled = joined(bytesOf('sotto storage passphrase v1\0'), salt);
  const cost = { N: 2 ** 14, r: 8, p: 2, maxmem: 64 * 1024 * 1024 };
  const key = Uint8Array.from(scryptSync(passphrase.normalize('NFKC'), labelled, 32, cost));
  const described = joined(Uint8Array.of(1, 3, 0, 0, 0, 1, 14, 2), salt);
  const flags = ['sotto-storage-passphrase-v1', ...shared];
  return storage('storage-passphrase', flags, key, described, { passphrase });
}

/** Part of `labels.json`. */
export function storageVectors(): VectorTest[] {
  nonces = 0;
  return [underSecret(), underPassphrase()];
}
