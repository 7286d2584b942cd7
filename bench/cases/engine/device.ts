/** What a side of the engine benches can do, so that one script drives every one. */

/** A device with keys and sessions in memory. Bundles and messages are opaque to the script. */
export interface BenchDevice {
  /** 1–999; names the account. */
  readonly account: number;
  /** Fresh one-time keys of both kinds, with the lasting ones. */
  issueBundle(): Promise<unknown>;
  startSession(theirAccount: number, bundle: unknown): Promise<void>;
  encrypt(theirAccount: number, plaintext: Uint8Array): Promise<unknown>;
  decrypt(theirAccount: number, message: unknown): Promise<Uint8Array>;
  forgetSessions(): void;
  /** 100 one-time EC pre-keys, a signed one and a KEM one, in serialised form, thrown away. */
  makePreKeys(): Promise<void>;
}

/** The account's UUID. */
export function accountUuid(account: number): string {
  return `${String(account).padStart(8, '0')}-1111-4111-8111-111111111111`;
}

/** As many ids as a batch of pre-keys has. */
export const batchIds: readonly number[] = Array.from({ length: 100 }, (_, index) => index + 1);

/** A member of the one group there is, whose only sender is account 1. Messages are opaque to the script. */
export interface GroupMember {
  /** Our sender key, for the others. */
  distribute(): Promise<unknown>;
  join(distribution: unknown): Promise<void>;
  encryptToGroup(plaintext: Uint8Array): Promise<unknown>;
  decryptFromGroup(message: unknown): Promise<Uint8Array>;
}

/** Somebody with a certificate that the other side believes. */
export interface Sealer {
  readonly identityKey: unknown;
  /** Seals a group message of 256 bytes, made beforehand. */
  seal(theirIdentityKey: unknown): Promise<unknown>;
  /** Opens, and checks the certificate. */
  unseal(sealed: unknown): Promise<void>;
}

/** A device with a certificate, that can seal for all it has sessions with. */
export interface ManySealer extends BenchDevice {
  /** Seals a group message of 256 bytes, made beforehand, once for the devices of these accounts. */
  sealForMany(theirAccounts: readonly number[]): Promise<unknown>;
}

/** Makes a device of an account, 1–999. */
export type Make<Device> = (account: number) => Promise<Device>;

/** The group's distribution id. */
export const groupId = accountUuid(9);
/** The length of most plaintexts. */
export const usualLength = 256;
/** Long enough for a bench. */
export const certificateLifeMs = 86_400_000;
