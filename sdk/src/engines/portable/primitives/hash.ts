/**
 * Hashes and what is built of them: HMAC and HKDF with SHA-256 (RFC 2104, RFC 5869). They are called
 * about ten times a message on a few dozen bytes, where the general construction spends most of its time
 * on objects: here they are written out over noble's compression function, which takes half the time and
 * less. Synchronous; not reentrant, which a function without callbacks need not be. Knows no protocol.
 */
import { _SHA256, sha256, sha512 } from '@noble/hashes/sha2.js';

export { sha256, sha512 };

const blockLength = 64;
const hashLength = 32;
/** The last 8 bytes of a hash's last block are its input's length in bits. */
const lengthOffset = 8;
const innerPad = 0x36;
const outerPad = 0x5c;
const longestOutput = 255 * hashLength;

/** SHA-256 between two blocks: eight words. */
type State = Int32Array;

/** An HMAC key as it is used: the states after the blocks that it makes. As secret as the key. */
interface KeyStates {
  readonly inner: State;
  readonly outer: State;
}

/** Noble's compression function with its state in the open. */
class Compression extends _SHA256 {
  load(state: ArrayLike<number>): void {
    this.A = state[0] as number;
    this.B = state[1] as number;
    this.C = state[2] as number;
    this.D = state[3] as number;
    this.E = state[4] as number;
    this.F = state[5] as number;
    this.G = state[6] as number;
    this.H = state[7] as number;
  }

  absorb(bytes: DataView, offset: number): void {
    this.process(bytes, offset);
  }

  save(state: State): void {
    state[0] = this.A;
    state[1] = this.B;
    state[2] = this.C;
    state[3] = this.D;
    state[4] = this.E;
    state[5] = this.F;
    state[6] = this.G;
    state[7] = this.H;
  }

  /** Leaves nothing of the last input behind. */
  wipe(): void {
    this.roundClean();
  }
}

const compression = new Compression();
/** A new hash's state. */
const initialState: State = new Int32Array(8);
compression.save(initialState);

// Scratch space, empty between calls. To allocate it each time would cost as much as a block does.
const tail = new Uint8Array(2 * blockLength);
const tailView = new DataView(tail.buffer);
const state: State = new Int32Array(8);
const keyStates: KeyStates = { inner: new Int32Array(8), outer: new Int32Array(8) };

/** The states of a key of zeros, which is what HKDF without a salt has. */
const noSalt: KeyStates = { inner: new Int32Array(8), outer: new Int32Array(8) };
setKey(noSalt, new Uint8Array(hashLength));

/**
 * HMAC-SHA-256.
 * @returns 32 bytes, an array of its own
 */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const output = new Uint8Array(hashLength);
  setKey(keyStates, key);
  authenticate(keyStates, message, output);
  wipe();
  return output;
}

/**
 * HMAC-SHA-256 of two messages under one key, which is absorbed once: what a chain needs for a step.
 * @returns 32 bytes each, arrays of their own
 */
export function hmacSha256Pair(
  key: Uint8Array,
  first: Uint8Array,
  second: Uint8Array,
): readonly [Uint8Array, Uint8Array] {
  const outputs = [new Uint8Array(hashLength), new Uint8Array(hashLength)] as const;
  setKey(keyStates, key);
  authenticate(keyStates, first, outputs[0]);
  authenticate(keyStates, second, outputs[1]);
  wipe();
  return outputs;
}

/**
 * HKDF-SHA-256.
 * @param salt - `undefined` is the same as 32 zero bytes
 * @param length - 1 to 8,160
 * @returns an array of its own
 */
export function hkdf(
  salt: Uint8Array | undefined,
  input: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  if (length > longestOutput) throw new RangeError('HKDF makes 8,160 bytes at most');
  if (salt) setKey(keyStates, salt);
  const made = new Uint8Array(hashLength);
  authenticate(salt ? keyStates : noSalt, input, made);
  setKey(keyStates, made);
  // T(n) = HMAC(prk, T(n - 1) ‖ info ‖ n); T(0) is empty, and so the first is without its beginning.
  const block = new Uint8Array(hashLength + info.length + 1);
  block.set(info, hashLength);
  const output = new Uint8Array(length);
  for (let done = 0, round = 1; done < length; done += hashLength, round += 1) {
    block[block.length - 1] = round;
    authenticate(keyStates, round === 1 ? block.subarray(hashLength) : block, made);
    output.set(length - done < hashLength ? made.subarray(0, length - done) : made, done);
    block.set(made);
  }
  block.fill(0);
  made.fill(0);
  wipe();
  return output;
}

/** Turns a key into states. */
function setKey(states: KeyStates, key: Uint8Array): void {
  const short = key.length > blockLength ? sha256(key) : key;
  absorbKey(states.inner, short, innerPad);
  absorbKey(states.outer, short, outerPad);
}

function absorbKey(into: State, key: Uint8Array, pad: number): void {
  tail.fill(pad, 0, blockLength);
  for (let index = 0; index < key.length; index += 1) tail[index] = (key[index] as number) ^ pad;
  compression.load(initialState);
  compression.absorb(tailView, 0);
  compression.save(into);
}

/** Writes the HMAC of a message into 32 bytes, which may be the message itself. */
function authenticate({ inner, outer }: KeyStates, message: Uint8Array, output: Uint8Array): void {
  finish(inner, message, output);
  finish(outer, output, output);
}

/** SHA-256 of a message after one block that a state has absorbed already. */
function finish(from: State, message: Uint8Array, output: Uint8Array): void {
  compression.load(from);
  const rest = absorbWholeBlocks(message);
  const end = rest + 1 + lengthOffset <= blockLength ? blockLength : 2 * blockLength;
  tail[rest] = 0x80;
  tail.fill(0, rest + 1, end);
  const length = blockLength + message.length;
  tailView.setUint32(end - 8, Math.floor(length / 2 ** 29));
  tailView.setUint32(end - 4, (length * 8) >>> 0);
  for (let offset = 0; offset < end; offset += blockLength) compression.absorb(tailView, offset);
  compression.save(state);
  for (let word = 0; word < 8; word += 1) writeWord(output, 4 * word, state[word] as number);
}

/** What does not fill a block goes to {@link tail}. */
function absorbWholeBlocks(message: Uint8Array): number {
  const rest = message.length % blockLength;
  const whole = message.length - rest;
  if (whole === 0) {
    tail.set(message);
    return rest;
  }
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  for (let offset = 0; offset < whole; offset += blockLength) compression.absorb(view, offset);
  tail.set(message.subarray(whole));
  return rest;
}

function writeWord(bytes: Uint8Array, offset: number, word: number): void {
  bytes[offset] = word >>> 24;
  bytes[offset + 1] = word >>> 16;
  bytes[offset + 2] = word >>> 8;
  bytes[offset + 3] = word;
}

function wipe(): void {
  tail.fill(0);
  state.fill(0);
  keyStates.inner.fill(0);
  keyStates.outer.fill(0);
  compression.load(initialState);
  compression.wipe();
}
