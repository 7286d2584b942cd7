/** Resets of accounts: the port that `storage/postgres/reset-store.ts` implements. */
import type { AccountId, AccountStatement, DeviceAddress, DeviceManifest } from '@sotto/sdk/wire';

/** A reset that was asked for. Times are milliseconds since the Unix epoch. */
export interface PendingReset {
  readonly requestedAt: number;
  readonly completesAt: number;
  readonly objected: boolean;
}

/** A new identity for an account. */
export interface IdentityChange {
  readonly statement: AccountStatement;
  /** Version 1, with one device. */
  readonly manifest: DeviceManifest;
  /** All 16 characters. */
  readonly contactCode: string;
  readonly now: number;
  /** Days since the Unix epoch. */
  readonly today: number;
  /** A device id that was in use on this day or later is taken. */
  readonly restingSince: number;
  /** A reset that might have been completed before this is over. */
  readonly overBefore: number;
}

/** What became of a reset. */
export type ResetOutcome =
  | { readonly kind: 'reset'; readonly gone: readonly DeviceAddress[] }
  | { readonly kind: 'waiting' | 'objected' | 'device-id-taken' };

/** See the file's header. */
export interface ResetStore {
  /** Whether a device of the account has used a login that would expire after this. */
  isInUse(accountId: AccountId, expiringAfter: number): Promise<boolean>;
  find(accountId: AccountId): Promise<PendingReset | undefined>;
  /** Writes a reset down unless there is one that is not over. @returns the one that is there */
  ask(accountId: AccountId, asked: PendingReset, overBefore: number): Promise<PendingReset>;
  /** Harmless when nobody has asked. */
  object(accountId: AccountId): Promise<void>;
  /**
   * All of it or nothing: identity, code, list, one new device in the place of all others, which are remembered
   * as retired. What waited for the first of them becomes the new one's, and is the only thing that stays.
   */
  complete(change: IdentityChange): Promise<ResetOutcome>;
  /** Forgets what was over before a time. @returns how many */
  sweep(overBefore: number): Promise<number>;
}
