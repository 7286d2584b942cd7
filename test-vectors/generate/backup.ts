/**
 * Archives of a backup, written by hand as docs/backup-format.md says it, with OpenSSL's ciphers and hashes;
 * Argon2id is that of the noble libraries. Nothing of the SDK makes them.
 */
import { createCipheriv, createHash, hkdfSync, pbkdf2Sync } from 'node:crypto';
import { argon2id } from '@noble/hashes/argon2.js';
import { counting, hex, type VectorFile, type VectorTest } from './vector-file.js';

type Bytes = Uint8Array<ArrayBuffer>;

const source = 'spelled out by hand; ciphers and hashes by OpenSSL, Argon2id by @noble/hashes';
const chunkBytes = 4096;
const salt = counting(32, 7);
const recoveryBytes = counting(16, 0x30);
const password = 'Correct horse ﬁne battery';
const createdAt = 1_700_000_000_000;

const sha256 = (...parts: readonly Uint8Array[]): Bytes => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
};
const join = (...parts: readonly Uint8Array[]): Bytes => Uint8Array.from(Buffer.concat(parts));
const text = (value: string): Bytes => Uint8Array.from(Buffer.from(value));
const base64Url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

function number(value: number | bigint, length: number): Bytes {
  return Uint8Array.from(
    Buffer.from(
      BigInt(value)
        .toString(16)
        .padStart(2 * length, '0'),
      'hex',
    ),
  );
}

function crockford(bytes: Uint8Array): string {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? []).map((five) => alphabet[parseInt(five, 2)]).join('');
}

function recoveryKey(bytes: Uint8Array): string {
  const check = sha256(text('sotto recovery key v1\0'), bytes).slice(0, 4);
  return (crockford(join(bytes, check)).match(/.{4}/g) ?? []).join('-');
}

interface Archive {
  readonly kdf: readonly [kind: number, first: number, second: number, third: number];
  readonly secretKind: 1 | 2;
  readonly master: Uint8Array;
  readonly plaintext: Uint8Array;
}

function seal({ kdf, secretKind, master, plaintext }: Archive): Bytes {
  const output = new Uint8Array(hkdfSync('sha256', master, salt, 'sotto backup v1', 64));
  const [kind, first, second, third] = kdf;
  const header = join(
    text('SOTTOBAK'),
    Uint8Array.of(1, kind, secretKind, 0),
    ...[number(first, 4), number(second, 4), number(third, 4)],
    ...[salt, number(chunkBytes, 4), number(createdAt, 8), output.slice(32)],
  );
  const count = Math.ceil(plaintext.length / chunkBytes);
  const chunks = Array.from({ length: count }, (_, index) => {
    const part = plaintext.slice(index * chunkBytes, (index + 1) * chunkBytes);
    const isLast = index === count - 1;
    const nonce = join(new Uint8Array(7), number(index, 4), Uint8Array.of(isLast ? 1 : 0));
    const cipher = createCipheriv('aes-256-gcm', output.slice(0, 32), nonce);
    cipher.setAAD(sha256(header));
    const sealed = [cipher.update(part), cipher.final(), cipher.getAuthTag()];
    return join(number(part.length + (isLast ? 2 ** 31 : 0), 4), ...sealed);
  });
  return join(header, ...chunks);
}

const ownId = '0b7a4f6e-53c1-4f0e-9d1c-7f2b8f6f2a10';
const theirId = '3d2c1b0a-1f2e-4d3c-8b4a-5e6f70819203';
const record = (value: unknown) => text(JSON.stringify({ v: 1, d: value }));
const pair = (key: string, value: Uint8Array) => join(number(key.length, 2), text(key), value);

function account(accountId: string, username: string, authKey: Uint8Array) {
  const devices = [{ deviceId: 1, registrationId: 4711, authKey: base64Url(authKey), addedDay: 20_000 }];
  const identityKey = base64Url(join(Uint8Array.of(5), counting(32, 64)));
  const signature = base64Url(counting(64, 100));
  return {
    statement: { accountId, username, identityKey, signature },
    manifest: { accountId, version: 1, previousHash: null, devices, signature },
  };
}

function message(seq: number, words: string) {
  const own = seq === 2;
  return {
    id: `${base64Url(counting(15, seq))}AA`,
    conversationId: theirId,
    seq,
    sender: own ? ownId : theirId,
    sentAt: createdAt - 5000 + seq,
    receivedAt: createdAt - 4000 + seq,
    status: own ? 'delivered' : 'received',
    failure: null,
    request: false,
    body: { kind: 'text', text: words },
  };
}

type Section = readonly [type: number, payload: Uint8Array];

const sections: readonly Section[] = [
  [1, record({ createdAt, storeSeq: 12, messages: 4 })],
  [
    2,
    record({
      accountId: ownId,
      username: 'alice',
      relayId: 'relay.example',
      identityPrivateKey: base64Url(counting(32, 1)),
      ...account(ownId, 'alice', counting(32, 3)),
      contactCode: '0123456789ABCDEF',
      deviceId: 1,
      registrationId: 4711,
      generation: 1,
      engine: 'portable',
    }),
  ],
  [
    3,
    record({
      ...account(theirId, 'bob', counting(32, 4)),
      relation: 'accepted',
      strength: 'verified',
      changedTo: null,
      reachToken: null,
      heard: true,
      addedAt: createdAt - 9000,
    }),
  ],
  [4, record({ conversationId: theirId, nextSeq: 5, readSeq: 2, changedAt: createdAt - 4000 })],
  [5, join(number(0, 8), record(message(1, 'hello')))],
  [5, join(number(0, 8), record(message(2, 'grüße 👋')))],
  [5, join(number(4_000_000_000_000, 8), record(message(4, 'not for ever')))],
  [
    6,
    record({
      conversationId: theirId,
      seq: 3,
      sender: theirId,
      id: message(3, '').id,
    }),
  ],
  [7, pair('theme', text('dark'))],
  [8, pair('notes/1', counting(5500))],
  [9, text('of a later version')],
  [
    255,
    record({
      contacts: 1,
      conversations: 1,
      messages: 3,
      tombstones: 1,
      settings: 1,
      applicationRecords: 1,
      unknown: 1,
    }),
  ],
];

const framed = (list: readonly Section[]) =>
  join(...list.map(([type, payload]) => join(Uint8Array.of(type), number(payload.length, 4), payload)));

const plaintext = framed(sections);
const iterations = 600_000;
const pbkdf2 = (secret: Uint8Array) => Uint8Array.from(pbkdf2Sync(secret, salt, iterations, 32, 'sha256'));
const output = { sections: sections.map(([type, payload]) => ({ type, payload: hex(payload) })) };

function withRecoveryKey(content: Uint8Array): Bytes {
  return seal({
    kdf: [1, iterations, 0, 0],
    secretKind: 1,
    master: pbkdf2(recoveryBytes),
    plaintext: content,
  });
}

function patched(bytes: Uint8Array, offset: number, ...values: readonly number[]): Bytes {
  const copy = Uint8Array.from(bytes);
  copy.set(values, offset);
  return copy;
}

function refusals(archive: Uint8Array): VectorTest[] {
  const sealedBytes = 4 + chunkBytes + 16;
  const [first, second] = [100, 100 + sealedBytes].map((at) => archive.slice(at, at + sealedBytes)) as [
    Bytes,
    Bytes,
  ];
  const rest = archive.slice(100 + 2 * sealedBytes);
  const header = archive.slice(0, 100);
  const cases: readonly [id: string, failure: string, bytes: Uint8Array][] = [
    ['other-magic', 'backup-invalid', patched(archive, 7, 0x4c)],
    ['later-version', 'backup-version', patched(archive, 8, 2)],
    ['too-few-iterations', 'backup-parameters', patched(archive, 12, ...number(599_999, 4))],
    ['too-many-iterations', 'backup-parameters', patched(archive, 12, ...number(10_000_001, 4))],
    ['huge-chunks', 'backup-parameters', patched(archive, 56, ...number(2 ** 31, 4))],
    ['changed-salt', 'backup-wrong-secret', patched(archive, 24, 0)],
    ['changed-time', 'backup-damaged', patched(archive, 67, 1)],
    ['no-content', 'backup-truncated', header],
    ['cut-between-chunks', 'backup-truncated', join(header, first)],
    ['cut-inside-a-chunk', 'backup-truncated', archive.slice(0, -1)],
    ['chunks-exchanged', 'backup-damaged', join(header, second, first, rest)],
    ['chunk-left-out', 'backup-damaged', join(header, second, rest)],
    ['appended', 'backup-damaged', join(archive, Uint8Array.of(0))],
    ['bit-flipped', 'backup-damaged', patched(archive, 200, (archive[200] as number) ^ 1)],
    ['no-end', 'backup-content-invalid', withRecoveryKey(framed(sections.slice(0, -1)))],
    ['message-before-its-conversation', 'backup-content-invalid', withRecoveryKey(framed(misplaced()))],
    [
      'length-out-of-bounds',
      'backup-content-invalid',
      withRecoveryKey(join(framed(sections.slice(0, 2)), Uint8Array.of(5, 0xff, 0xff, 0xff, 0xff))),
    ],
  ];
  return cases.map(([id, failure, bytes]) => ({
    id,
    flags: ['recovery-key', 'refused'],
    source,
    input: { archive: hex(bytes), recoveryKey: recoveryKey(recoveryBytes) },
    result: 'invalid',
    failure,
  }));
}

function misplaced(): Section[] {
  const [begin, identity, contact, , hello] = sections as readonly [
    Section,
    Section,
    Section,
    Section,
    Section,
  ];
  return [begin, identity, contact, hello, sections.at(-1) as Section];
}

/** See the header. */
export function backupVectors(): VectorFile {
  const archive = withRecoveryKey(plaintext);
  const passwordBytes = text(password.normalize('NFKC'));
  const memory = 19 * 1024;
  const argon2Master = argon2id(passwordBytes, salt, { t: 2, m: memory, p: 1, dkLen: 32 });
  const valid = (id: string, flags: string[], input: VectorTest['input']): VectorTest => ({
    ...{ id, flags, source, input, result: 'valid', output },
  });
  return {
    operation: 'backup-archive',
    schemaVersion: 1,
    about: 'Reading archives of a backup: all sections, with their types and payloads, or the reason not to.',
    hex: ['archive', 'payload'],
    tests: [
      valid('recovery-key', ['recovery-key', 'pbkdf2'], {
        archive: hex(archive),
        recoveryKey: recoveryKey(recoveryBytes),
      }),
      valid('recovery-key-as-people-write-it', ['recovery-key', 'pbkdf2'], {
        archive: hex(archive),
        recoveryKey: ` ${recoveryKey(recoveryBytes).toLowerCase().replaceAll('-', ' – ').replaceAll('1', 'l').replaceAll('0', 'o')}\n`,
      }),
      valid('password-argon2id', ['password', 'argon2id'], {
        archive: hex(seal({ kdf: [2, memory, 2, 1], secretKind: 2, master: argon2Master, plaintext })),
        password,
      }),
      valid('password-pbkdf2', ['password', 'pbkdf2'], {
        archive: hex(
          seal({ kdf: [1, iterations, 0, 0], secretKind: 2, master: pbkdf2(passwordBytes), plaintext }),
        ),
        password,
      }),
      ...refusals(archive),
      {
        id: 'other-recovery-key',
        flags: ['recovery-key', 'refused'],
        source,
        input: { archive: hex(archive), recoveryKey: recoveryKey(counting(16, 0x31)) },
        result: 'invalid',
        failure: 'backup-wrong-secret',
      },
      {
        id: 'recovery-key-with-a-slip',
        flags: ['recovery-key', 'refused'],
        source,
        input: { archive: hex(archive), recoveryKey: recoveryKey(recoveryBytes).replace(/^./, 'Z') },
        result: 'invalid',
        failure: 'invalid-recovery-key',
      },
    ],
  };
}
