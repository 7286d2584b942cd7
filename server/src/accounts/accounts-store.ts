/** Accounts and their devices: the port that `storage/postgres/accounts-store.ts` implements. */
import type { AccountId, AccountStatement, DeviceAddress, DeviceManifest, Username } from '@sotto/sdk/wire';

/** What is kept of an account. */
export interface StoredAccount {
  readonly statement: AccountStatement;
  readonly manifest: DeviceManifest;
  /** All 16 characters. */
  readonly contactCode: string;
  readonly authScheme: string;
  /** An encoded Argon2id hash. */
  readonly loginKeyHash: string;
}

/** An account as it is found by its name. */
export interface NamedAccount {
  readonly accountId: AccountId;
  /** All 16 characters. */
  readonly contactCode: string;
}

/** Why an account was not stored. */
export type CreateOutcome = 'created' | 'username-taken' | 'account-id-taken';

/** See the file's header. */
export interface AccountsStore {
  find(accountId: AccountId): Promise<StoredAccount | undefined>;
  /** Who has a name, and the code that goes with it: no more, so that a hit costs hardly more than a miss. */
  findByUsername(username: Username): Promise<NamedAccount | undefined>;
  /** Whether any device of the account has uploaded keys, and so proved that it holds its auth key. */
  hasKeys(accountId: AccountId): Promise<boolean>;
  /** Stores an account with the devices of its manifest: all of it or nothing. Retired names and ids are taken. */
  create(account: StoredAccount): Promise<CreateOutcome>;
  /** Removes everything of an account and retires its name and id. @returns its devices; empty when there is no such account */
  remove(accountId: AccountId): Promise<readonly DeviceAddress[]>;
}
