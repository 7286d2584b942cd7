/**
 * Our pre-keys of all kinds: making them, forgetting them, finding those a first message names and using
 * them up. Knows no handshake, no stock and no upload.
 */
import { SottoError } from '../../errors.js';
import type {
  EngineChange,
  EngineStep,
  EngineView,
  GeneratedPreKeys,
  GeneratePreKeysInput,
  ProtocolEngine,
} from '../../ports/index.js';
import type { KemPreKey, OneTimePreKey, SignedPreKey } from '../../wire/index.js';
import { rememberUse } from '../replay-memory.js';
import {
  parseExactPublicKey,
  parseHeldPrivateKey,
  privateKeyLength,
  publicKeyLength,
  type BaseKey,
  type KeyPair,
  type PrivateKey,
  type PublicKey,
} from './primitives/keys.js';
import { kemSecretKeyLength } from './primitives/kyber1024.js';
import type { Primitives } from './primitives/primitives.js';
import { xeddsaSign } from './primitives/xeddsa.js';
import { ByteReader } from './records/byte-reader.js';
import { ByteWriter } from './records/byte-writer.js';
import { frameRecord, isRecordOf, openRecordOf, type RecordKind } from './records/frame.js';

const recordKeys = {
  oneTime: (id: number) => `pre-key/${id}`,
  signed: (id: number) => `signed-pre-key/${id}`,
  kem: (id: number) => `kem-pre-key/${id}`,
  /** Which first messages used a last-resort key; lives and dies with it. */
  kemUses: (id: number) => `kem-pre-key-uses/${id}`,
} as const;

type Bytes = Uint8Array<ArrayBuffer>;

/** Key pairs asked for together: a platform that makes them elsewhere has something to do meanwhile. */
const pairsAtOnce = 16;

/** See `ProtocolEngine.generatePreKeys`. */
export async function generatePreKeys(
  primitives: Primitives,
  input: GeneratePreKeysInput,
): Promise<EngineStep<GeneratedPreKeys>> {
  const { signedId, kemLastResortId, oneTimeIds, kemOneTimeIds } = input;
  assertInput(input);
  const maker = new PreKeyMaker(primitives, input);
  const signed = signedId === undefined ? {} : { signed: await maker.signed(signedId) };
  const kemLastResort =
    kemLastResortId === undefined
      ? {}
      : { kemLastResort: await maker.kem('kemLastResortPreKey', kemLastResortId) };
  const oneTime = await maker.oneTime(oneTimeIds);
  const kemOneTime: KemPreKey[] = [];
  for (const id of kemOneTimeIds) kemOneTime.push(await maker.kem('kemOneTimePreKey', id));
  return { result: { ...signed, ...kemLastResort, oneTime, kemOneTime }, changes: maker.changes };
}

/** See `ProtocolEngine.removePreKeys`. */
export function removePreKeys(ids: Parameters<ProtocolEngine['removePreKeys']>[0]): EngineStep<undefined> {
  const keys = [
    ...(ids.oneTime ?? []).map(recordKeys.oneTime),
    ...(ids.signed ?? []).map(recordKeys.signed),
    ...(ids.kem ?? []).flatMap((id) => [recordKeys.kem(id), recordKeys.kemUses(id)]),
  ];
  return { result: undefined, changes: keys.map((key) => ({ key, value: undefined })) };
}

class PreKeyMaker {
  readonly changes: EngineChange[] = [];
  readonly #primitives: Primitives;
  readonly #identity: KeyPair;
  readonly #nowMs: number;

  constructor(primitives: Primitives, { our, now }: GeneratePreKeysInput) {
    this.#primitives = primitives;
    this.#identity = {
      publicKey: parseExactPublicKey(our.identity.publicKey),
      privateKey: parseHeldPrivateKey(our.identity.privateKey.expose()),
    };
    this.#nowMs = now;
  }

  async oneTime(ids: readonly number[]): Promise<OneTimePreKey[]> {
    const made: OneTimePreKey[] = [];
    for (let start = 0; start < ids.length; start += pairsAtOnce) {
      const some = ids.slice(start, start + pairsAtOnce);
      const pairs = await Promise.all(some.map(async () => this.#primitives.curve.generateKeyPair()));
      for (const [index, { publicKey, privateKey }] of pairs.entries()) {
        const id = some[index] as number;
        this.#keep(recordKeys.oneTime(id), 'oneTimePreKey', publicKey, privateKey);
        made.push({ id, publicKey: publicKey as Bytes });
      }
    }
    return made;
  }

  async signed(id: number): Promise<SignedPreKey> {
    const { publicKey, privateKey } = await this.#primitives.curve.generateKeyPair();
    this.#keep(recordKeys.signed(id), 'signedPreKey', publicKey, privateKey);
    return { id, publicKey: publicKey as Bytes, signature: this.#sign(publicKey) };
  }

  async kem(kind: 'kemOneTimePreKey' | 'kemLastResortPreKey', id: number): Promise<KemPreKey> {
    const { publicKey, secretKey } = await this.#primitives.kyber1024.generateKeyPair();
    this.#keep(recordKeys.kem(id), kind, secretKey);
    return { id, publicKey: publicKey as Bytes, signature: this.#sign(publicKey) };
  }

  #sign(publicKey: Uint8Array): Bytes {
    return xeddsaSign(this.#primitives, this.#identity, publicKey) as Bytes;
  }

  /** A KEM's secret key contains the public one. */
  #keep(key: string, kind: RecordKind, ...parts: readonly Uint8Array[]): void {
    const writer = new ByteWriter().varint(this.#nowMs);
    for (const part of parts) writer.fixed(part);
    this.changes.push({ key, value: frameRecord(kind, writer.finish()) });
  }
}

function assertInput({
  signedId,
  kemLastResortId,
  oneTimeIds,
  kemOneTimeIds,
  now,
}: GeneratePreKeysInput): void {
  for (const id of [signedId, kemLastResortId, ...oneTimeIds, ...kemOneTimeIds]) {
    const fits = id === undefined || (Number.isInteger(id) && id >= 0 && id <= 0xffffffff);
    if (!fits) throw new TypeError('pre-key ids are unsigned 32-bit numbers');
  }
  if (!Number.isSafeInteger(now) || now < 0)
    throw new TypeError('a moment is whole milliseconds from 1970 on');
}

/** What a first message says about the pre-keys it uses. */
export interface PreKeyNames {
  readonly signedId: number;
  readonly oneTimeId: number | undefined;
  readonly kemId: number;
}

/** Our keys that a first message named, as they lie in the records. */
export interface NamedPreKeys {
  readonly names: PreKeyNames;
  readonly signed: KeyPair;
  readonly oneTime: KeyPair | undefined;
  /** 3169 bytes with the type byte. */
  readonly kemSecretKey: Uint8Array;
  readonly kemLastResort: boolean;
  /** The record of what a last-resort key was used for. */
  readonly kemUses: Uint8Array | undefined;
}

/**
 * Finds pre-keys, in one round trip.
 * @throws SottoError `pre-key-missing`, `engine-record-invalid`
 */
export async function findPreKeys(view: EngineView, names: PreKeyNames): Promise<NamedPreKeys> {
  const { signedId, oneTimeId, kemId } = names;
  const wanted = [recordKeys.signed(signedId), recordKeys.kem(kemId), recordKeys.kemUses(kemId)];
  if (oneTimeId !== undefined) wanted.push(recordKeys.oneTime(oneTimeId));
  const [signed, kem, kemUses, oneTime] = await view.get(wanted);
  const signedPair = keyPairIn('signedPreKey', signed);
  const kemKey = kemKeyIn(kem);
  const oneTimePair = oneTimeId === undefined ? undefined : keyPairIn('oneTimePreKey', oneTime);
  return { names, signed: signedPair, oneTime: oneTimePair, kemUses, ...kemKey };
}

function keyPairIn(kind: RecordKind, record: Uint8Array | undefined): KeyPair {
  const reader = readerOf(kind, record);
  const publicKey = reader.fixed(publicKeyLength) as PublicKey;
  const privateKey = reader.fixed(privateKeyLength) as PrivateKey;
  reader.end();
  return { publicKey, privateKey };
}

function kemKeyIn(record: Uint8Array | undefined): Pick<NamedPreKeys, 'kemSecretKey' | 'kemLastResort'> {
  if (!record) throw new SottoError('pre-key-missing');
  const kemLastResort = isRecordOf('kemLastResortPreKey', record);
  const reader = readerOf(kemLastResort ? 'kemLastResortPreKey' : 'kemOneTimePreKey', record);
  const kemSecretKey = reader.fixed(kemSecretKeyLength);
  reader.end();
  return { kemSecretKey, kemLastResort };
}

/** At the key itself, after the time it was made. */
function readerOf(kind: RecordKind, record: Uint8Array | undefined): ByteReader {
  if (!record) throw new SottoError('pre-key-missing');
  const reader = new ByteReader(openRecordOf(kind, record));
  reader.varint();
  return reader;
}

/**
 * Uses pre-keys up: one-time keys go, a last-resort key remembers the message (spec: pqxdh 2.7).
 * @throws SottoError `pre-key-replayed`; `pre-key-missing` when a last-resort key has served its number
 */
export function usePreKeys(keys: NamedPreKeys, baseKey: BaseKey): EngineChange[] {
  const { oneTimeId } = keys.names;
  return [
    kemUse(keys, baseKey),
    ...(oneTimeId === undefined ? [] : [{ key: recordKeys.oneTime(oneTimeId), value: undefined }]),
  ];
}

function kemUse({ names, kemLastResort, kemUses }: NamedPreKeys, baseKey: BaseKey): EngineChange {
  if (!kemLastResort) return { key: recordKeys.kem(names.kemId), value: undefined };
  const before = kemUses && openRecordOf('kemUses', kemUses);
  const after = rememberUse(before, names.signedId, baseKey);
  return { key: recordKeys.kemUses(names.kemId), value: frameRecord('kemUses', after) };
}
