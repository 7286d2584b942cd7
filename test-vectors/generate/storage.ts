/**
 * Storages encrypted by hand: under a secret and under a passphrase as format 1 has it, and under a secret in
 * format 2, which hides numbers in blocks. What an adapter must be able to read. Nonces count; real ones are random.
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

const macOf = (path: string) =>
  createHmac('sha256', derived(root, 'sotto storage names v1')).update(path).digest();
const tag = (path: string) => macOf(path).subarray(0, 16).toString('base64url');
const parentTags = (name: string) =>
  name
    .split('/')
    .slice(0, -1)
    .map((_, index, all) => `${tag(all.slice(0, index + 1).join('/'))}/`);

/** Where format 1 puts a value. */
const singleKey = (name: string) => `g1/v/${parentTags(name).join('')}${tag(name)}`;

/** Where format 2 puts the value of a name that ends in a number. */
function blockKey(name: string): string {
  const number = Number(name.split('/').at(-1));
  const block = `${name.slice(0, name.lastIndexOf('/') + 1)}#${Math.floor(number / 64)}`;
  const draws = Buffer.concat([0, 1, 2, 3].map((part) => macOf(`${block}#${part}`)));
  const order = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];
  for (let last = 63; last > 0; last -= 1) {
    const other = draws.readUInt16BE(2 * last) % (last + 1);
    [order[last], order[other]] = [order[other] as string, order[last] as string];
  }
  return `g1/v/${parentTags(name).join('')}${tag(block)}${order[number % 64]}`;
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
  hidden = singleKey,
) {
  const [name, value] = ['message/carol/7', bytesOf('the words')];
  const recordKey = hidden(name);
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

const numbered = [0, 63, 64, 1_000_000, 999_999_999_999_999].map((number) => `message/carol/${number}`);
/** Names that are hidden one by one in format 2 as well. */
const unnumbered = ['account', 'a/07', 'a/1000000000000000', 'a/1.5'];

function inBlocks(): VectorTest {
  const secret = counting(32, 200);
  const described = Uint8Array.of(2, 1, 0, 0, 0, 1);
  const key = derived(secret, 'sotto storage key v1');
  const flags = ['sotto-storage-key-v1', ...shared];
  const vector = storage('storage-blocks', flags, key, described, { secret: hex(secret) }, blockKey);
  const names = [...numbered, '7'].map((name) => ({ name, recordKey: blockKey(name) }));
  const others = unnumbered.map((name) => ({ name, recordKey: singleKey(name) }));
  return { ...vector, output: { ...vector.output, names: [...names, ...others] } };
}

/** Part of `labels.json`. */
export function storageVectors(): VectorTest[] {
  nonces = 0;
  return [underSecret(), underPassphrase(), inBlocks()];
}
