/** What the scripts of the browser bench need of a side, beside the sessions of `engine/device.ts`. */
import { accountUuid } from '../engine/device.js';

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

/** Makes a device of an account, 1–9. */
export type Make<Device> = (account: number) => Promise<Device>;

/** The group's distribution id. */
export const groupId = accountUuid(9);
/** The length of most plaintexts. */
export const usualLength = 256;
/** Long enough for a bench. */
export const certificateLifeMs = 86_400_000;
