/**
 * The block cipher AES-256 (FIPS 197), on the four words of a block with their lowest byte first. Knows no mode
 * and no padding.
 *
 * Secret bytes choose what is looked up, in 1 KiB for a direction: whoever shares the processor's cache may learn
 * of them. So it is with every portable AES that is fast; platforms have theirs in hardware.
 */

const keyWords = 8;
const roundKeyWords = 60;
const byteMask = 0xff;

/** A key in the form in which one direction uses it. */
export interface BlockCipher {
  /** 15 round keys of four words. */
  readonly roundKeys: Int32Array;
  /** What a byte of the state becomes in all rounds but the last: a column, were it the first of its bytes. */
  readonly columns: Int32Array;
  /** And in the last. */
  readonly box: Uint8Array;
}

const box = makeBox();
const inverseBox = new Uint8Array(256);
for (const [value, substitute] of box.entries()) inverseBox[substitute] = value;
const columns = makeColumns(box, [2, 1, 1, 3]);
const inverseColumns = makeColumns(inverseBox, [14, 9, 13, 11]);

/** The key for encrypting, of 32 bytes. */
export function encryptingCipher(key: Uint8Array): BlockCipher {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const roundKeys = new Int32Array(roundKeyWords);
  for (let index = 0; index < keyWords; index += 1) roundKeys[index] = view.getInt32(4 * index, true);
  let constant = 1;
  for (let index = keyWords; index < roundKeyWords; index += 1) {
    let word = roundKeys[index - 1] as number;
    if (index % keyWords === 0) {
      word = substituted((word >>> 8) | (word << 24)) ^ constant;
      constant = double(constant);
    } else if (index % keyWords === 4) word = substituted(word);
    roundKeys[index] = (roundKeys[index - keyWords] as number) ^ word;
  }
  return { roundKeys, columns, box };
}

/**
 * The key for decrypting, of 32 bytes. The rows of a block shift the other way, and nothing else is different: with
 * the second and the fourth column exchanged they shift the same way, so that one function serves both.
 */
export function decryptingCipher(key: Uint8Array): BlockCipher {
  const forward = encryptingCipher(key).roundKeys;
  const roundKeys = forward.map((_, index) => {
    const word = forward[roundKeyWords - 4 - (index & ~3) + (-index & 3)] as number;
    return index < 4 || index >= roundKeyWords - 4 ? word : unmixed(word);
  });
  return { roundKeys, columns: inverseColumns, box: inverseBox };
}

/** Transforms a block in place. For decrypting its second and fourth word are exchanged, before and after. */
export function transformBlock(
  { roundKeys, columns: table, box: last }: BlockCipher,
  block: Int32Array,
): void {
  let a = (block[0] as number) ^ (roundKeys[0] as number);
  let b = (block[1] as number) ^ (roundKeys[1] as number);
  let c = (block[2] as number) ^ (roundKeys[2] as number);
  let d = (block[3] as number) ^ (roundKeys[3] as number);
  let at = 4;
  for (; at < roundKeyWords - 4; at += 4) {
    const nextA = mixed(table, a, b, c, d) ^ (roundKeys[at] as number);
    const nextB = mixed(table, b, c, d, a) ^ (roundKeys[at + 1] as number);
    const nextC = mixed(table, c, d, a, b) ^ (roundKeys[at + 2] as number);
    d = mixed(table, d, a, b, c) ^ (roundKeys[at + 3] as number);
    a = nextA;
    b = nextB;
    c = nextC;
  }
  block[0] = gathered(last, a, b, c, d) ^ (roundKeys[at] as number);
  block[1] = gathered(last, b, c, d, a) ^ (roundKeys[at + 1] as number);
  block[2] = gathered(last, c, d, a, b) ^ (roundKeys[at + 2] as number);
  block[3] = gathered(last, d, a, b, c) ^ (roundKeys[at + 3] as number);
}

/** A column of the next state: one byte of each of these columns, substituted and mixed. */
function mixed(table: Int32Array, first: number, second: number, third: number, fourth: number): number {
  const two = table[(second >>> 8) & byteMask] as number;
  const three = table[(third >>> 16) & byteMask] as number;
  const four = table[fourth >>> 24] as number;
  return (
    (table[first & byteMask] as number) ^
    ((two << 8) | (two >>> 24)) ^
    ((three << 16) | (three >>> 16)) ^
    ((four << 24) | (four >>> 8))
  );
}

/** The same without mixing. */
function gathered(last: Uint8Array, first: number, second: number, third: number, fourth: number): number {
  return (
    (last[first & byteMask] as number) |
    ((last[(second >>> 8) & byteMask] as number) << 8) |
    ((last[(third >>> 16) & byteMask] as number) << 16) |
    ((last[fourth >>> 24] as number) << 24)
  );
}

function substituted(word: number): number {
  return gathered(box, word, word, word, word);
}

/** A round key for decrypting: mixed backwards, for what the table substitutes first is what the box has substituted. */
function unmixed(word: number): number {
  const inBox = substituted(word);
  return mixed(inverseColumns, inBox, inBox, inBox, inBox);
}

/** Doubles in the field of 256 elements. */
function double(value: number): number {
  return (value << 1) ^ ((value >> 7) * 0x11b);
}

function product(factor: number, value: number): number {
  let sum = 0;
  for (let rest = factor, doubled = value; rest > 0; rest >>= 1, doubled = double(doubled)) {
    if (rest & 1) sum ^= doubled;
  }
  return sum;
}

function makeBox(): Uint8Array {
  const powers = new Uint8Array(256);
  for (let power = 0, value = 1; power < 256; power += 1, value ^= double(value)) powers[power] = value;
  const made = new Uint8Array(256).fill(0x63, 0, 1);
  for (let power = 0; power < 255; power += 1) {
    // The inverse, twice side by side: its rotations are shifts.
    const twice = (powers[255 - power] as number) * 0x101;
    made[powers[power] as number] = twice ^ (twice >> 4) ^ (twice >> 5) ^ (twice >> 6) ^ (twice >> 7) ^ 0x63;
  }
  return made;
}

function makeColumns(substitutes: Uint8Array, factors: readonly number[]): Int32Array {
  return Int32Array.from(substitutes, (value) =>
    factors.reduce((column, factor, row) => column | (product(factor, value) << (8 * row)), 0),
  );
}
