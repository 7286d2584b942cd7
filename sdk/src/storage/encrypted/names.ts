/**
 * Names as the store below sees them: each segment an HMAC of the path up to and with it, so that pairs under
 * one prefix stay under one prefix, and equal segments in different places do not show as equal. Knows no value.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import { ascii } from '../../bytes.js';

const digestBytes = 32;
/** 128 bits: names that collide are then not found by chance, and 22 characters are. */
const tagBytes = 16;
/** Segments hidden one by one; what is deeper is hidden as one, or the name would not fit into a key. */
const maxSegments = 16;
/** Tags of prefixes that are remembered: a device has some thousands of conversations at most. */
const maxRemembered = 4_096;
/** Whole names that are remembered: what is written with every message, and the pages that are looked at. */
const maxRememberedNames = 4_096;

/** Hides names under one key. */
export class HiddenNames {
  /** Keyed; the other is set to its state for each name, as a new copy would cost more than the hash. */
  readonly #keyed: ReturnType<typeof hmac.create>;
  readonly #mac: ReturnType<typeof hmac.create>;
  readonly #digest = new Uint8Array(digestBytes);
  readonly #remembered = new Map<string, string>();
  readonly #names = new Map<string, string>();

  /** @param key - 32 bytes */
  constructor(key: Uint8Array) {
    this.#keyed = hmac.create(sha256, key);
    this.#mac = hmac.create(sha256, key);
  }

  /** The hidden name of a key. */
  key(key: string): string {
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const hidden = this.prefix(key) + this.tag(key);
    if (this.#names.size >= maxRememberedNames) this.#names.clear();
    this.#names.set(key, hidden);
    return hidden;
  }

  /** What the hidden names of all keys under a prefix begin with; of some others too when it is deep. */
  prefix(prefix: string): string {
    return this.#parents(prefix)
      .map((parent) => `${this.#remember(parent)}/`)
      .join('');
  }

  /** One segment that stands for a whole name. */
  tag(path: string): string {
    this.#keyed._cloneInto(this.#mac).update(ascii(path)).digestInto(this.#digest);
    return base64urlnopad.encode(this.#digest.subarray(0, tagBytes));
  }

  /** The paths above a name, the highest first. */
  #parents(name: string): string[] {
    const parents: string[] = [];
    let end = name.indexOf('/');
    while (end >= 0 && parents.length < maxSegments) {
      parents.push(name.slice(0, end));
      end = name.indexOf('/', end + 1);
    }
    return parents;
  }

  #remember(path: string): string {
    const known = this.#remembered.get(path);
    if (known !== undefined) return known;
    if (this.#remembered.size >= maxRemembered) this.#remembered.clear();
    const tag = this.tag(path);
    this.#remembered.set(path, tag);
    return tag;
  }
}
