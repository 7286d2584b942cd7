/**
 * Names as the store below sees them: each segment an HMAC of the path up to and with it, so that pairs under
 * one prefix stay under one prefix, and equal segments in different places do not show as equal. A number at the
 * end is hidden as its block and a secret place in that: neighbours in a conversation are neighbours on the disk,
 * and take one look-up of names and not one each. Knows no value.
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
/** Whole names that are remembered: what is written with every message. */
const maxRememberedNames = 4_096;
/** Blocks that are remembered, some 300 bytes each: 131,072 messages. */
const maxRememberedBlocks = 2_048;

/** Places in a block, one character each: fewer would be more blocks to a page, more would be more to shuffle. */
const places = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Digests that a shuffle takes: two bytes for each place. */
const shuffleDigests = (2 * places.length) / digestBytes;
/** Numbers in the one way to write them, no greater than an integer of a double. */
const numberPattern = /^(?:0|[1-9][0-9]{0,14})$/;

/** How numbers at the end of a name are hidden: `single` as every other segment, `blocks` as the header says. */
export type Naming = 'single' | 'blocks';

/** A block of numbers, hidden. */
interface HiddenBlock {
  /** What all its names begin with. */
  readonly beginning: string;
  /** Each number's place, by the number's own in the block. */
  readonly shuffled: string;
}

/** Hides names under one key. */
export class HiddenNames {
  /** Keyed; the other is set to its state for each name, as a new copy would cost more than the hash. */
  readonly #keyed: ReturnType<typeof hmac.create>;
  readonly #mac: ReturnType<typeof hmac.create>;
  readonly #naming: Naming;
  readonly #digest = new Uint8Array(digestBytes);
  readonly #remembered = new Map<string, string>();
  readonly #names = new Map<string, string>();
  readonly #blocks = new Map<string, HiddenBlock>();

  /** @param key - 32 bytes */
  constructor(key: Uint8Array, naming: Naming) {
    this.#keyed = hmac.create(sha256, key);
    this.#mac = hmac.create(sha256, key);
    this.#naming = naming;
  }

  /** The hidden name of a key. */
  key(key: string): string {
    const last = key.slice(key.lastIndexOf('/') + 1);
    if (this.#naming === 'blocks' && numberPattern.test(last)) return this.#numbered(key, last);
    return remembered(this.#names, maxRememberedNames, key, () => this.prefix(key) + this.tag(key));
  }

  /** What the hidden names of all keys under a prefix begin with; of some others too when it is deep. */
  prefix(prefix: string): string {
    return this.#parents(prefix)
      .map((parent) => `${remembered(this.#remembered, maxRemembered, parent, () => this.tag(parent))}/`)
      .join('');
  }

  /** One segment that stands for a whole name. */
  tag(path: string): string {
    return base64urlnopad.encode(this.#digestOf(path).subarray(0, tagBytes));
  }

  #numbered(key: string, last: string): string {
    const number = Number(last);
    // No name has this character: no block is taken for a name.
    const path = `${key.slice(0, -last.length)}#${Math.floor(number / places.length)}`;
    const block = remembered(this.#blocks, maxRememberedBlocks, path, () => ({
      beginning: this.prefix(key) + this.tag(path),
      shuffled: this.#shuffled(path),
    }));
    return block.beginning + (block.shuffled[number % places.length] as string);
  }

  /** The places in an order that only the key tells: Fisher and Yates's, from the last one down. */
  #shuffled(path: string): string {
    const draws = new Uint8Array(shuffleDigests * digestBytes);
    for (let part = 0; part < shuffleDigests; part += 1) {
      draws.set(this.#digestOf(`${path}#${part}`), part * digestBytes);
    }
    const view = new DataView(draws.buffer);
    const order = [...places];
    for (let last = order.length - 1; last > 0; last -= 1) {
      const other = view.getUint16(2 * last) % (last + 1);
      [order[last], order[other]] = [order[other] as string, order[last] as string];
    }
    return order.join('');
  }

  /** Good until the next one. */
  #digestOf(text: string): Uint8Array {
    this.#keyed._cloneInto(this.#mac).update(ascii(text)).digestInto(this.#digest);
    return this.#digest;
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
}

function remembered<Value>(known: Map<string, Value>, max: number, key: string, make: () => Value): Value {
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= max) known.clear();
  const made = make();
  known.set(key, made);
  return made;
}
