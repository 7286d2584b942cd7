/** What signing in needs to be kept: the port that `storage/postgres/auth-store.ts` implements. */
import type { AccountId, DeviceAddress, DeviceId, Username } from '@sotto/sdk/wire';

/** What a login is checked against. */
export interface LoginRecord {
  readonly accountId: AccountId;
  readonly authScheme: string;
  readonly loginKeyHash: string;
  /** Of the device that logs in, 32 bytes; absent when the account has no such device. */
  readonly authKey: Uint8Array | undefined;
  /** Of the device that had this id last before another took its place, where the id is free now. */
  readonly retiredAuthKey: Uint8Array | undefined;
}

/** An open family of refresh tokens. Only its newest token counts. */
export interface RefreshFamily {
  readonly device: DeviceAddress;
  /** Of the device, 32 bytes. */
  readonly authKey: Uint8Array;
  /** The newest token's; the first one is 0. */
  readonly number: number;
  /** SHA-256 of the request that the newest token answered; absent for the first. */
  readonly requestHash: Uint8Array | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/** A family that begins. */
export interface NewRefreshFamily {
  readonly familyId: string;
  readonly device: DeviceAddress;
  /** SHA-256 of the first token. */
  readonly tokenHash: Uint8Array;
  readonly expiresAt: number;
  /** Families the device may have with this one; those that expire first go. */
  readonly maxFamilies: number;
}

/** The step from one token to its successor. */
export interface RefreshStep {
  readonly familyId: string;
  /** SHA-256 of the token that is spent. */
  readonly tokenHash: Uint8Array;
  /** SHA-256 of its successor. */
  readonly nextTokenHash: Uint8Array;
  /** SHA-256 of the request. */
  readonly requestHash: Uint8Array;
  readonly expiresAt: number;
  readonly now: number;
}

/** See the file's header. */
export interface AuthStore {
  findLogin(username: Username, deviceId: DeviceId): Promise<LoginRecord | undefined>;
  /** A device's auth key, 32 bytes. */
  findAuthKey(device: DeviceAddress): Promise<Uint8Array | undefined>;

  addNonce(nonce: Uint8Array, expiresAt: number): Promise<void>;
  /** Removes a nonce and says whether it was there and had not expired: true for one caller at most. */
  takeNonce(nonce: Uint8Array, now: number): Promise<boolean>;
  /** Removes what has expired, and of the rest what is beyond `max`, oldest first. @returns how many */
  sweepNonces(now: number, max: number): Promise<number>;

  /** @returns false when the device is gone; then nothing is stored */
  addFamily(family: NewRefreshFamily): Promise<boolean>;
  findFamily(familyId: string): Promise<RefreshFamily | undefined>;
  /** The auth key of the device whose family it was, until another took its place. */
  findRetiredFamily(familyId: string): Promise<Uint8Array | undefined>;
  /** Spends the token if it is the newest and the family has not expired: true for one caller at most. */
  advanceFamily(step: RefreshStep): Promise<boolean>;
  /** Ends a family. Unknown ones are fine. */
  removeFamily(familyId: string): Promise<void>;
  /** @returns how many */
  sweepFamilies(now: number): Promise<number>;
}
