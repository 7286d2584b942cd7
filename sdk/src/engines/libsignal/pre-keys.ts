/** Making and forgetting our pre-keys. Knows no stock, no upload and no rotation. */
import {
  KEMKeyPair,
  KyberPreKeyRecord,
  PreKeyRecord,
  PrivateKey,
  SignedPreKeyRecord,
} from '@signalapp/libsignal-client';
import type {
  EngineChange,
  EngineStep,
  GeneratedPreKeys,
  GeneratePreKeysInput,
  ProtocolEngine,
} from '../../ports/index.js';
import type { KemPreKey, OneTimePreKey, SignedPreKey } from '../../wire/index.js';
import { assertUint32 } from './arguments.js';
import { plainBytes } from './bytes.js';
import { translated } from './errors.js';
import { frameRecord, recordKeys, type RecordKind } from './records.js';

/** See {@link ProtocolEngine.generatePreKeys}. */
export function generatePreKeys(input: GeneratePreKeysInput): EngineStep<GeneratedPreKeys> {
  const { signedId, kemLastResortId, oneTimeIds, kemOneTimeIds } = input;
  assertIds([signedId, kemLastResortId, ...oneTimeIds, ...kemOneTimeIds]);
  return translated('generate', () => {
    const maker = new PreKeyMaker(input);
    const result: GeneratedPreKeys = {
      ...(signedId === undefined ? {} : { signed: maker.signed(signedId) }),
      ...(kemLastResortId === undefined
        ? {}
        : { kemLastResort: maker.kem('kemLastResortPreKey', kemLastResortId) }),
      oneTime: oneTimeIds.map((id) => maker.oneTime(id)),
      kemOneTime: kemOneTimeIds.map((id) => maker.kem('kemOneTimePreKey', id)),
    };
    return { result, changes: maker.changes };
  });
}

/** See {@link ProtocolEngine.removePreKeys}. */
export function removePreKeys(ids: Parameters<ProtocolEngine['removePreKeys']>[0]): EngineStep<undefined> {
  const keys = [
    ...(ids.oneTime ?? []).map(recordKeys.oneTimePreKey),
    ...(ids.signed ?? []).map(recordKeys.signedPreKey),
    ...(ids.kem ?? []).flatMap((id) => [recordKeys.kemPreKey(id), recordKeys.kemUses(id)]),
  ];
  return { result: undefined, changes: keys.map((key) => ({ key, value: undefined })) };
}

class PreKeyMaker {
  readonly changes: EngineChange[] = [];
  readonly #identity: PrivateKey;
  readonly #now: number;

  constructor(input: GeneratePreKeysInput) {
    this.#identity = PrivateKey.deserialize(plainBytes(input.our.identity.privateKey.expose()));
    this.#now = input.now;
  }

  oneTime(id: number): OneTimePreKey {
    const pair = PrivateKey.generate();
    const publicKey = pair.getPublicKey();
    this.#keep(recordKeys.oneTimePreKey(id), 'oneTimePreKey', PreKeyRecord.new(id, publicKey, pair));
    return { id, publicKey: publicKey.serialize() };
  }

  signed(id: number): SignedPreKey {
    const pair = PrivateKey.generate();
    const key = pair.getPublicKey();
    const publicKey = key.serialize();
    const signature = this.#identity.sign(publicKey);
    const record = SignedPreKeyRecord.new(id, this.#now, key, pair, signature);
    this.#keep(recordKeys.signedPreKey(id), 'signedPreKey', record);
    return { id, publicKey, signature };
  }

  kem(kind: 'kemOneTimePreKey' | 'kemLastResortPreKey', id: number): KemPreKey {
    const pair = KEMKeyPair.generate();
    const publicKey = pair.getPublicKey().serialize();
    const signature = this.#identity.sign(publicKey);
    this.#keep(recordKeys.kemPreKey(id), kind, KyberPreKeyRecord.new(id, this.#now, pair, signature));
    return { id, publicKey, signature };
  }

  #keep(key: string, kind: RecordKind, record: { serialize(): Uint8Array }): void {
    this.changes.push({ key, value: frameRecord(kind, record.serialize()) });
  }
}

function assertIds(ids: readonly (number | undefined)[]): void {
  for (const id of ids) if (id !== undefined) assertUint32(id, 'a pre-key id');
}
