/** Reads the sent form of sealed sender version 2 (spec: sealed-sender 6.5). Knows no key and delivers nothing. */
import { bytesToHex } from '@noble/hashes/utils.js';
import { SottoError } from '../../../errors.js';
import { coordinateLength, openerLength } from './version-2.js';

/** The first bytes of sent forms: recipients by service id, as we write them, or by UUID alone. */
export const versionBytes = { serviceIds: 0x23, uuids: 0x22 } as const;

/** Stands in a registration id's 16 bits, of which 14 are its own: another device follows. */
export const hasMoreDevices = 0x8000;

/** In the place of devices: nothing is to be delivered. */
export const excludedMark = 0;

const uuidLength = 16;
const maxDeviceId = 127;

/** Service ids of accounts and of phone numbers; there is no other kind. */
const maxServiceIdKind = 1;
const accountKind = Uint8Array.of(0);

/** 64 bits; more recipients than there are bytes end with them. */
const maxCountLength = 10;

/** A sent form read. */
export interface ParsedSentForm {
  /** 48 bytes each, by service id: its fixed width in hexadecimal. `undefined` for the excluded. */
  readonly openers: ReadonlyMap<string, Uint8Array | undefined>;
  /** What follows the opener in every received form. */
  readonly shared: Uint8Array;
}

/**
 * Reads a sent form; its byte strings are views of what was given.
 * @throws SottoError `invalid-message`
 */
export function parseSentForm(sent: Uint8Array): ParsedSentForm {
  const reader = new SentFormReader(sent);
  const count = reader.count();
  const openers = new Map<string, Uint8Array | undefined>();
  // Every entry takes bytes, so a count that is too high ends with them.
  for (let index = 0; index < count; index += 1) {
    const name = reader.serviceId();
    addEntry(openers, name, reader.passDevices() ? reader.take(openerLength) : undefined);
  }
  return { openers, shared: reader.shared() };
}

/** Of an account's several entries the first opener counts; who is excluded is so once and for all. */
function addEntry(
  openers: Map<string, Uint8Array | undefined>,
  name: string,
  opener: Uint8Array | undefined,
): void {
  if (!openers.has(name)) openers.set(name, opener);
  else if (!opener || !openers.get(name)) throw new SottoError('invalid-message');
}

/** A place in a sent form. Every read throws `invalid-message` where the bytes do not suffice or fit. */
class SentFormReader {
  readonly #bytes: Uint8Array;
  readonly #hasServiceIds: boolean;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const version = this.#byte();
    this.#hasServiceIds = version === versionBytes.serviceIds;
    if (!this.#hasServiceIds && version !== versionBytes.uuids) throw new SottoError('invalid-message');
  }

  /**
   * How many entries there are: a varint. Behind one that is not the shortest of its number, the protocol's
   * peers go on where the shortest would have ended, so everybody must.
   */
  count(): number {
    const start = this.#offset;
    let value = 0;
    let shortestLength = 1;
    for (let length = 1; length <= maxCountLength; length += 1) {
      const byte = this.#byte();
      const digit = byte & 0x7f;
      if (digit > 0) shortestLength = length;
      value += digit * 2 ** (7 * (length - 1));
      if (byte >= 0x80) continue;
      this.#offset = start + shortestLength;
      return value;
    }
    throw new SottoError('invalid-message');
  }

  /** The fixed width of a service id, in hexadecimal. */
  serviceId(): string {
    const kind = this.#hasServiceIds ? this.take(1) : accountKind;
    if ((kind[0] as number) > maxServiceIdKind) throw new SottoError('invalid-message');
    return bytesToHex(kind) + bytesToHex(this.take(uuidLength));
  }

  /** Passes over the devices of an entry. @returns false when it excludes its account */
  passDevices(): boolean {
    for (let isFirst = true; ; isFirst = false) {
      const deviceId = this.#byte();
      if (isFirst && deviceId === excludedMark) return false;
      if (deviceId < 1 || deviceId > maxDeviceId) throw new SottoError('invalid-message');
      const bits = ((this.#byte() << 8) | this.#byte()) >>> 0;
      if ((bits & hasMoreDevices) === 0) return true;
    }
  }

  /** All that is left: at least an ephemeral key. */
  shared(): Uint8Array {
    const left = this.#bytes.length - this.#offset;
    if (left < coordinateLength) throw new SottoError('invalid-message');
    return this.take(left);
  }

  take(length: number): Uint8Array {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw new SottoError('invalid-message');
    const view = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return view;
  }

  #byte(): number {
    return this.take(1)[0] as number;
  }
}
