/** Pre-keys of devices: the port that `storage/postgres/keys-store.ts` implements. */
import type {
  AccountId,
  DeviceAddress,
  DeviceId,
  PreKeyKind,
  PreKeyStatus,
  PreKeyUploadResult,
} from '@sotto/sdk/wire';

/** A key whose form and signature have been checked. */
export interface CheckedPreKey {
  readonly kind: PreKeyKind;
  readonly id: number;
  readonly publicKey: Uint8Array;
  /** Absent for one-time EC keys. */
  readonly signature: Uint8Array | undefined;
}

/** A key out of the store. */
export interface StoredPreKey {
  readonly id: number;
  readonly publicKey: Uint8Array;
  /** Empty for one-time EC keys. */
  readonly signature: Uint8Array;
}

/** What a bundle of one device is made of, besides one-time keys. */
export interface LastingKeys {
  readonly deviceId: DeviceId;
  readonly registrationId: number;
  readonly signed: StoredPreKey | undefined;
  readonly kemLastResort: StoredPreKey | undefined;
}

/** What was taken out of the stock of one device, and what is left. */
export interface ClaimedKeys {
  readonly deviceId: DeviceId;
  readonly oneTime: StoredPreKey | undefined;
  readonly kemOneTime: StoredPreKey | undefined;
  /** The smaller of both stocks after the claim. */
  readonly left: number;
}

/** See the file's header. */
export interface KeysStore {
  /**
   * Stores what can be stored, key by key, and says of each what became of it, in order.
   * @param options - `maxPerKind`: one-time keys of a kind that a device may have in stock; `replace`: those
   * in stock that are not among `keys` go first
   * @returns undefined when the device is gone
   */
  add(
    device: DeviceAddress,
    keys: readonly CheckedPreKey[],
    options: { readonly maxPerKind: number; readonly replace: boolean },
  ): Promise<readonly PreKeyUploadResult[] | undefined>;
  status(device: DeviceAddress): Promise<PreKeyStatus>;
  /** Of those devices that exist, in order of their ids. Takes nothing. */
  findLasting(accountId: AccountId, deviceIds: readonly DeviceId[]): Promise<readonly LastingKeys[]>;
  /**
   * Takes one key of each kind from each device's stock. No key is ever given to two callers.
   * @param today - days since the Unix epoch
   */
  claim(accountId: AccountId, deviceIds: readonly DeviceId[], today: number): Promise<readonly ClaimedKeys[]>;
  /** Forgets the ids of keys handed out on or before a day. @returns how many */
  sweepHandedOut(lastDay: number): Promise<number>;
}
