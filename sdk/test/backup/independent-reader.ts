/**
 * A reader of archives that was written from docs/backup-format.md and nothing else, with Node's own functions:
 * what it opens, anybody can. It imports nothing of the SDK.
 */
import { createDecipheriv, createHash, hkdfSync, pbkdf2Sync } from 'node:crypto';
import { argon2id } from '@noble/hashes/argon2.js';

/** A section as it stands in the archive. */
export interface RawSection {
  readonly type: number;
  readonly payload: Buffer;
}

/** Why an archive is not read: what the document says of it. */
class Refused extends Error {}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest();

function between(value: number, least: number, most: number): number {
  if (value < least || value > most) throw new Refused('out of bounds');
  return value;
}

function recoveryBytes(text: string): Buffer {
  const written = text
    .replace(/[\s\u002d\u2010-\u2015\u2212]/gu, '')
    .toUpperCase()
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  const values = [...written].map((character) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(character));
  if (values.length !== 32 || values.includes(-1)) throw new Refused('no recovery key');
  const bits = values.map((value) => value.toString(2).padStart(5, '0')).join('');
  const bytes = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const key = bytes.subarray(0, 16);
  const check = sha256(Buffer.concat([Buffer.from('sotto recovery key v1\0'), key])).subarray(0, 4);
  if (!check.equals(bytes.subarray(16))) throw new Refused('check of the recovery key');
  return key;
}

/** A derivation is made to be slow: once for each header and secret. */
const masters = new Map<string, Uint8Array>();

function masterKey(header: Buffer, secret: Buffer): Uint8Array {
  const name = Buffer.concat([header.subarray(9, 56), secret]).toString('hex');
  const master = masters.get(name) ?? deriveMaster(header, secret);
  masters.set(name, master);
  return master;
}

function deriveMaster(header: Buffer, secret: Buffer): Uint8Array {
  const [first, second, third] = [12, 16, 20].map((offset) => header.readUInt32BE(offset)) as [
    number,
    number,
    number,
  ];
  const salt = header.subarray(24, 56);
  if (header[9] === 1) {
    between(second + third, 0, 0);
    return pbkdf2Sync(secret, salt, between(first, 600_000, 10_000_000), 32, 'sha256');
  }
  if (header[9] !== 2) throw new Refused('key derivation');
  between(third, 1, 1);
  const cost = { m: between(first, 19_456, 262_144), t: between(second, 1, 10), p: 1, dkLen: 32 };
  return argon2id(secret, salt, cost);
}

function openChunks(archive: Buffer, header: Buffer, key: Buffer): Buffer {
  const size = header.readUInt32BE(56);
  const opened: Buffer[] = [];
  let offset = 100;
  for (let counter = 0; ; counter += 1) {
    if (offset + 4 > archive.length) throw new Refused('truncated');
    const word = archive.readUInt32BE(offset);
    const isLast = word >= 0x8000_0000;
    const length = between(word - (isLast ? 0x8000_0000 : 0), isLast ? 1 : size, size);
    const end = offset + 4 + length + 16;
    if (end > archive.length) throw new Refused('truncated');
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32BE(counter, 7);
    nonce[11] = isLast ? 1 : 0;
    const cipher = createDecipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(sha256(header));
    cipher.setAuthTag(archive.subarray(end - 16, end));
    opened.push(cipher.update(archive.subarray(offset + 4, end - 16)));
    try {
      cipher.final();
    } catch {
      throw new Refused('tag');
    }
    offset = end;
    if (isLast) break;
  }
  if (offset !== archive.length) throw new Refused('bytes after the last chunk');
  return Buffer.concat(opened);
}

function sectionsIn(plaintext: Buffer): RawSection[] {
  const sections: RawSection[] = [];
  for (let offset = 0; offset < plaintext.length;) {
    if (offset + 5 > plaintext.length) throw new Refused('a section that does not end');
    const [type, length] = [plaintext.readUInt8(offset), plaintext.readUInt32BE(offset + 1)];
    offset += 5 + length;
    if (offset > plaintext.length) throw new Refused('a section that does not end');
    sections.push({ type, payload: plaintext.subarray(offset - length, offset) });
  }
  return sections;
}

function json(payload: Buffer): Record<string, unknown> {
  const { v, d } = JSON.parse(payload.toString('utf8')) as { v: number; d: Record<string, unknown> };
  if (v !== 1) throw new Refused('version of a record');
  return d;
}

function checkOrder(sections: readonly RawSection[]): void {
  const types = sections.map(({ type }) => type);
  const once = (type: number) => types.indexOf(type) === types.lastIndexOf(type);
  const isFramed = types[0] === 1 && types[1] === 2 && types.at(-1) === 255;
  if (!isFramed || ![1, 2, 255].every(once)) throw new Refused('order');
  let conversation: unknown;
  for (const { type, payload } of sections) {
    if (type === 4) conversation = json(payload)['conversationId'];
    if (type !== 5 && type !== 6) continue;
    const { conversationId } = json(payload.subarray(type === 5 ? 8 : 0));
    if (conversationId !== conversation) throw new Refused('a message of another conversation');
  }
}

const countedAs: Readonly<Record<number, string>> = {
  3: 'contacts',
  4: 'conversations',
  5: 'messages',
  6: 'tombstones',
  7: 'settings',
  8: 'applicationRecords',
};

function checkTotals(sections: readonly RawSection[]): void {
  const said = json((sections.at(-1) as RawSection).payload);
  const counted: Record<string, number> = {};
  for (const { type } of sections) {
    if (type <= 2 || type === 255) continue;
    const name = countedAs[type] ?? 'unknown';
    counted[name] = (counted[name] ?? 0) + 1;
  }
  for (const [name, count] of Object.entries(said)) {
    if ((counted[name] ?? 0) !== count) throw new Refused('totals');
  }
}

/** All sections of an archive. */
export function readIndependently(
  archive: Buffer,
  secret: { readonly recoveryKey?: string | undefined; readonly password?: string | undefined },
): RawSection[] {
  const header = archive.subarray(0, 100);
  if (header.subarray(0, 8).toString('latin1') !== 'SOTTOBAK') throw new Refused('no archive');
  if (header[8] !== 1 || header[11] !== 0 || header.length < 100) throw new Refused('header');
  between(header.readUInt32BE(56), 4096, 1_048_576);
  const { recoveryKey, password } = secret;
  between(header[10] ?? 0, recoveryKey === undefined ? 2 : 1, recoveryKey === undefined ? 2 : 1);
  const bytes =
    recoveryKey === undefined
      ? Buffer.from((password ?? '').normalize('NFKC'), 'utf8')
      : recoveryBytes(recoveryKey);
  const master = masterKey(header, bytes);
  const output = Buffer.from(hkdfSync('sha256', master, header.subarray(24, 56), 'sotto backup v1', 64));
  if (!output.subarray(32).equals(header.subarray(68))) throw new Refused('commitment');
  const sections = sectionsIn(openChunks(archive, header, output.subarray(0, 32)));
  checkOrder(sections);
  checkTotals(sections);
  return sections;
}
