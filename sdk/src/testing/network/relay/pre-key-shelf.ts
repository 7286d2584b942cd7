/** The pre-keys of one device: takes what verifies, hands each one-time key out once. */
import { equalBytes } from '../../../bytes.js';
import { verifySignature } from '../../../verification/index.js';
import {
  wireLimits,
  type KemPreKey,
  type OneTimePreKey,
  type PreKeyKind,
  type PreKeyStatus,
  type PreKeyUpload,
  type PreKeyUploadResult,
  type SignedPreKey,
} from '../../../wire/index.js';

const ecType = 0x05;
const kemType = 0x08;

/** The keys of one bundle. */
export interface TakenPreKeys {
  readonly signedPreKey: SignedPreKey;
  readonly oneTimePreKey?: OneTimePreKey;
  readonly kemPreKey: KemPreKey;
  readonly kemLastResort: boolean;
}

type Status = PreKeyUploadResult['status'];

/** See the header. */
export class PreKeyShelf {
  readonly #identityKey: Uint8Array;
  readonly #oneTime = new Stock<OneTimePreKey>();
  readonly #kemOneTime = new Stock<KemPreKey>();
  #signed: SignedPreKey | undefined;
  #kemLastResort: KemPreKey | undefined;

  /** @param identityKey - signs the signed and the KEM keys, 33 bytes */
  constructor(identityKey: Uint8Array) {
    this.#identityKey = identityKey;
  }

  /** Key by key: one that is refused does not hold up the others. */
  upload(keys: PreKeyUpload): PreKeyUploadResult[] {
    if (keys.replace) {
      this.#oneTime.keepOnly(keys.oneTime ?? []);
      this.#kemOneTime.keepOnly(keys.kemOneTime ?? []);
    }
    const results: PreKeyUploadResult[] = [];
    const add = (kind: PreKeyKind, id: number, status: Status) => results.push({ kind, id, status });
    if (keys.signed) add('signed', keys.signed.id, this.#putSigned(keys.signed));
    if (keys.kemLastResort) add('kem-last-resort', keys.kemLastResort.id, this.#putLast(keys.kemLastResort));
    for (const key of keys.oneTime ?? []) add('one-time', key.id, this.#putOneTime(key));
    for (const key of keys.kemOneTime ?? []) add('kem-one-time', key.id, this.#putKemOneTime(key));
    return results;
  }

  status(): PreKeyStatus {
    return {
      oneTime: this.#oneTime.size,
      kemOneTime: this.#kemOneTime.size,
      signedId: this.#signed?.id ?? null,
      kemLastResortId: this.#kemLastResort?.id ?? null,
    };
  }

  /** Whether the keys every bundle needs are there. */
  get complete(): boolean {
    return this.#signed !== undefined && this.#kemLastResort !== undefined;
  }

  /** Whether it ever held a key that every bundle needs. */
  get touched(): boolean {
    return this.#signed !== undefined || this.#kemLastResort !== undefined;
  }

  /** The keys of one more bundle; nothing when the shelf is not complete. */
  take(): TakenPreKeys | undefined {
    if (!this.#signed || !this.#kemLastResort) return undefined;
    const oneTimePreKey = this.#oneTime.take();
    const kemOneTime = this.#kemOneTime.take();
    return {
      signedPreKey: this.#signed,
      ...(oneTimePreKey && { oneTimePreKey }),
      kemPreKey: kemOneTime ?? this.#kemLastResort,
      kemLastResort: kemOneTime === undefined,
    };
  }

  #putSigned(key: SignedPreKey): Status {
    if (!this.#signedWell(key, ecType)) return 'invalid';
    const status = replacementStatus(this.#signed, key);
    if (status === 'stored') this.#signed = key;
    return status;
  }

  #putLast(key: KemPreKey): Status {
    if (!this.#signedWell(key, kemType)) return 'invalid';
    const status = replacementStatus(this.#kemLastResort, key);
    if (status === 'stored') this.#kemLastResort = key;
    return status;
  }

  #putOneTime(key: OneTimePreKey): Status {
    return key.publicKey[0] === ecType ? this.#oneTime.put(key) : 'invalid';
  }

  #putKemOneTime(key: KemPreKey): Status {
    return this.#signedWell(key, kemType) ? this.#kemOneTime.put(key) : 'invalid';
  }

  #signedWell(
    key: { readonly publicKey: Uint8Array; readonly signature: Uint8Array },
    type: number,
  ): boolean {
    if (key.publicKey[0] !== type) return false;
    try {
      verifySignature(this.#identityKey, key.publicKey, key.signature);
      return true;
    } catch {
      return false;
    }
  }
}

function replacementStatus(
  current: { readonly id: number; readonly publicKey: Uint8Array } | undefined,
  next: { readonly id: number; readonly publicKey: Uint8Array },
): Status {
  if (current?.id !== next.id) return 'stored';
  return equalBytes(current.publicKey, next.publicKey) ? 'unchanged' : 'conflict';
}

/** One-time keys of one kind, oldest first, and the ids that were handed out. */
class Stock<Key extends { readonly id: number; readonly publicKey: Uint8Array }> {
  readonly #keys = new Map<number, Key>();
  readonly #handedOut = new Set<number>();

  get size(): number {
    return this.#keys.size;
  }

  put(key: Key): Status {
    if (this.#handedOut.has(key.id)) return 'conflict';
    const current = this.#keys.get(key.id);
    if (current) return equalBytes(current.publicKey, key.publicKey) ? 'unchanged' : 'conflict';
    if (this.#keys.size >= wireLimits.maxPreKeysPerDevice) return 'full';
    this.#keys.set(key.id, key);
    return 'stored';
  }

  /** Those that are not named go. */
  keepOnly(keys: readonly { readonly id: number }[]): void {
    const kept = new Set(keys.map(({ id }) => id));
    for (const id of [...this.#keys.keys()]) if (!kept.has(id)) this.#keys.delete(id);
  }

  take(): Key | undefined {
    const [key] = this.#keys.values();
    if (!key) return undefined;
    this.#keys.delete(key.id);
    this.#handedOut.add(key.id);
    return key;
  }
}
