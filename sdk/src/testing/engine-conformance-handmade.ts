/**
 * Group messages and certificates that the engine suite writes byte by byte itself, so that they can be
 * what no engine writes: far ahead, incomplete, of other versions (spec: sender-keys, sealed-sender 6.1).
 * Only key pairs and signatures come from an engine. Knows no record.
 */
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8 } from '../bytes.js';
import type { IdentityKeyPair, ProtocolEngine } from '../ports/index.js';
import type { DeviceAddress } from '../wire/index.js';
import { seededRandom } from './seeded-random.js';

/** A field's value: a varint, eight bytes of fixed width, or a length and bytes. Left out where `undefined`. */
export type HandmadeValue = number | bigint | Uint8Array | undefined;

/** Writes a protobuf message, fields in the order given. */
export function handmadeMessage(
  fields: readonly (readonly [field: number, value: HandmadeValue])[],
): Uint8Array {
  return concatBytes(...fields.map(([field, value]) => handmadeField(field, value)));
}

function handmadeField(field: number, value: HandmadeValue): Uint8Array {
  if (value === undefined) return new Uint8Array();
  if (typeof value === 'number') return concatBytes(varint(field * 8), varint(value));
  if (typeof value === 'bigint') return concatBytes(varint(field * 8 + 1), fixed64(value));
  return concatBytes(varint(field * 8 + 2), varint(value.length), value);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Uint8Array.from([...bytes, rest]);
}

function fixed64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

/** The bytes of a UUID. */
export function uuidBytes(uuid: string): Uint8Array {
  return Uint8Array.from(uuid.replaceAll('-', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

const versionByte = 0x33;

/** Parts of a message that are to be other than they should be; a field set to `undefined` is left out. */
export interface Departures {
  readonly version?: number;
  readonly fields?: Readonly<Record<number, HandmadeValue>>;
  /** Stands at the end, as a field that nobody knows: what is incomplete can be long. */
  readonly padding?: number;
}

/** A sender of group messages with a key of its own making. */
export class HandmadeSender {
  readonly #engine: ProtocolEngine;
  readonly #signing: IdentityKeyPair;
  readonly #distributionId: Uint8Array;
  readonly #firstKey: Uint8Array;
  #reached: { readonly iteration: number; readonly key: Uint8Array };

  private constructor(
    engine: ProtocolEngine,
    signing: IdentityKeyPair,
    readonly address: DeviceAddress,
    readonly chainId: number,
    distributionId: string,
    readonly firstIteration: number,
  ) {
    this.#engine = engine;
    this.#signing = signing;
    this.#distributionId = uuidBytes(distributionId);
    this.#firstKey = seededRandom(`chain ${chainId}`).bytes(32);
    this.#reached = { iteration: firstIteration, key: this.#firstKey };
  }

  /** A new signing key; the chain begins at an iteration, 0 by default. */
  static async create(
    engine: ProtocolEngine,
    address: DeviceAddress,
    chainId: number,
    distributionId: string,
    firstIteration = 0,
  ): Promise<HandmadeSender> {
    const signing = await engine.generateIdentity();
    return new HandmadeSender(engine, signing, address, chainId, distributionId, firstIteration);
  }

  /** A serialized SenderKeyDistributionMessage of the chain's beginning. */
  distribution(departures: Departures = {}): Uint8Array {
    return written(departures, {
      1: this.#distributionId,
      2: this.chainId,
      3: this.firstIteration,
      4: this.#firstKey,
      5: this.#signing.publicKey,
    });
  }

  /** A serialized SenderKeyMessage, signed whatever is in it. */
  async message(iteration: number, plaintext: string, departures: Departures = {}): Promise<Uint8Array> {
    const signed = written(departures, {
      1: this.#distributionId,
      2: this.chainId,
      3: iteration,
      4: await this.ciphertext(iteration, plaintext),
    });
    return concatBytes(signed, await this.#engine.sign(this.#signing, signed));
  }

  /** AES-256-CBC under the message key of an iteration. */
  async ciphertext(iteration: number, plaintext: string): Promise<Uint8Array> {
    const seed = hmac(sha256, this.#keyAt(iteration), Uint8Array.of(1));
    const derived = hkdf(sha256, seed, undefined, utf8('WhisperGroup'), 48);
    const [iv, key] = [derived.slice(0, 16), derived.slice(16)];
    const imported = await crypto.subtle.importKey('raw', key, 'AES-CBC', false, ['encrypt']);
    const encrypted = await crypto.subtle.encrypt(
      { name: 'AES-CBC', iv },
      imported,
      Uint8Array.from(utf8(plaintext)),
    );
    return new Uint8Array(encrypted);
  }

  #keyAt(iteration: number): Uint8Array {
    if (iteration < this.#reached.iteration) {
      this.#reached = { iteration: this.firstIteration, key: this.#firstKey };
    }
    let { iteration: at, key } = this.#reached;
    for (; at < iteration; at += 1) key = hmac(sha256, key, Uint8Array.of(2));
    this.#reached = { iteration, key };
    return key;
  }
}

function written(
  { version = versionByte, fields = {}, padding = 0 }: Departures,
  regular: Readonly<Record<number, HandmadeValue>>,
): Uint8Array {
  const merged = Object.entries({ ...regular, ...fields });
  return concatBytes(
    Uint8Array.of(version),
    handmadeMessage(merged.map(([field, value]) => [Number(field), value] as const)),
    padding === 0 ? new Uint8Array() : handmadeMessage([[99, new Uint8Array(padding)]]),
  );
}
