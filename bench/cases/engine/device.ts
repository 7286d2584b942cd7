/** What both sides of the engine bench can do, so that one script drives either. */

/** A device with keys and sessions in memory. Bundles and messages are opaque to the script. */
export interface BenchDevice {
  /** 1–9; names the account. */
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
  return `${account}1111111-1111-4111-8111-111111111111`;
}

/** As many ids as a batch of pre-keys has. */
export const batchIds: readonly number[] = Array.from({ length: 100 }, (_, index) => index + 1);
