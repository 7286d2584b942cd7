/**
 * Looks for secrets in bytes, however they may have been written: raw, hex (both cases), base64 and
 * base64url at each of the three alignments, a list of decimal numbers, UTF-16 in both orders.
 */

/** What must not be found, under the name it is reported by. */
export interface NamedSecret {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A secret that was found. Never shows the secret. */
export interface Finding {
  readonly name: string;
  readonly form: string;
  readonly offset: number;
}

/** Shorter ones would be found by chance. */
const minSecretBytes = 6;

/** A secret that is a text. */
export function secretText(name: string, text: string): NamedSecret {
  return { name, bytes: Buffer.from(text, 'utf8') };
}

interface Needle {
  readonly name: string;
  readonly form: string;
  readonly bytes: Buffer;
}

/** Bits of the table that most places of a haystack are dismissed by. */
const tableBits = 22;

function slotOf(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> (32 - tableBits);
}

/** Looks for many secrets in one pass. */
export class SecretScanner {
  readonly #needles = new Map<number, Needle[]>();
  readonly #table = new Uint8Array(2 ** tableBits);

  constructor(secrets: readonly NamedSecret[]) {
    for (const { name, bytes } of secrets) {
      if (bytes.length < minSecretBytes) throw new Error(`the secret ${name} is too short to look for`);
      for (const [form, needle] of formsOf(Buffer.from(bytes))) this.#add({ name, form, bytes: needle });
    }
  }

  /** Every place where a secret stands, in any form. */
  find(haystack: Uint8Array): Finding[] {
    const buffer = Buffer.from(haystack.buffer, haystack.byteOffset, haystack.length);
    const findings: Finding[] = [];
    let word = 0;
    for (let end = 0; end < buffer.length; end += 1) {
      word = ((word << 8) | (buffer[end] as number)) >>> 0;
      if (end < 3 || this.#table[slotOf(word)] === 0) continue;
      const offset = end - 3;
      for (const { name, form, bytes } of this.#needles.get(word) ?? []) {
        if (buffer.subarray(offset, offset + bytes.length).equals(bytes))
          findings.push({ name, form, offset });
      }
    }
    return findings;
  }

  #add(needle: Needle): void {
    const word = needle.bytes.readUInt32BE(0);
    this.#table[slotOf(word)] = 1;
    this.#needles.set(word, [...(this.#needles.get(word) ?? []), needle]);
  }
}

/** Every place where a secret stands, in any form. */
export function findSecrets(haystack: Uint8Array, secrets: readonly NamedSecret[]): Finding[] {
  return new SecretScanner(secrets).find(haystack);
}

function formsOf(secret: Buffer): [form: string, needle: Buffer][] {
  const hex = secret.toString('hex');
  const forms: [string, Buffer][] = [
    ['raw', secret],
    ['hex', Buffer.from(hex)],
    ['HEX', Buffer.from(hex.toUpperCase())],
    ['decimal', Buffer.from([...secret].join(','))],
    ['decimal, spaced', Buffer.from([...secret].join(', '))],
    ...alignedBase64(secret),
  ];
  const text = secret.toString('utf8');
  for (const spelled of Buffer.from(text, 'utf8').equals(secret) ? [text, hex] : [hex]) {
    const little = Buffer.from(spelled, 'utf16le');
    forms.push(['utf-16le', little], ['utf-16be', Buffer.from(little).swap16()]);
  }
  return forms;
}

/** Inside a longer text in base64 a secret may begin at any of three places; its edges depend on what stands beside it. */
function alignedBase64(secret: Buffer): [string, Buffer][] {
  return [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), secret])
      .toString('base64')
      .replace(/=+$/, '');
    const whole = encoded.slice(
      shift === 0 ? 0 : shift + 1,
      (shift + secret.length) % 3 === 0 ? undefined : -1,
    );
    const url = whole.replaceAll('+', '-').replaceAll('/', '_');
    return [
      [`base64, shifted ${shift}`, Buffer.from(whole)],
      [`base64url, shifted ${shift}`, Buffer.from(url)],
    ] as [string, Buffer][];
  });
}
