/** What a storage can say of itself: what is there, what is missing, and what to do about it. Types alone. */

/**
 * What survives after `commit` resolved: `power-loss` — power loss and process death; `process` —
 * process death only; `none` — nothing outlives the process.
 */
export type StorageDurability = 'power-loss' | 'process' | 'none';

/**
 * What is there.
 *
 * - `new`: nothing, and nothing is known to have been. What cannot be told apart from it: everything of the
 *   origin or the folder was removed at once, every trace included.
 * - `ready`: data, and the key where one was asked about.
 * - `data-missing`: there were data, or there still is their key, and the data are gone.
 * - `key-missing`: data, without the key that opens them.
 * - `wrong-key`: data that the key at hand does not open. Only an encrypted storage that is open says so.
 * - `damaged`: data that cannot be read, or of a later version.
 * - `locked`: somebody else has it, so that nobody can look.
 * - `unavailable`: the platform offers no such storage, or refuses it; a private window may.
 */
export type StorageState =
  'new' | 'ready' | 'data-missing' | 'key-missing' | 'wrong-key' | 'damaged' | 'locked' | 'unavailable';

/**
 * What to do. `begin`: register, or bring an account from a backup. `open`: open the messenger. `restore`: tell
 * the user; restore a backup, or remove what is left and begin anew, never by itself. `ask-key`: ask for the
 * passphrase again. `close-other`: close it where it is open. `use-another`: use another browser, window or
 * folder.
 */
export type StorageAction = 'begin' | 'open' | 'restore' | 'ask-key' | 'close-other' | 'use-another';

/**
 * What may go wrong later. `not-persistent`: the browser may remove everything for want of space, or after days
 * without a visit; ask for persistence, install the page, keep a backup. `nearly-full`: nine tenths of the room
 * are used; free some. `survives-process-only`: a power cut may take the latest commits, which is noticed at the
 * next connect.
 */
export type StorageWarning = 'not-persistent' | 'nearly-full' | 'survives-process-only';

/** A part of what a device keeps. */
export type StoragePart = 'database' | 'key';

/** Whether the platform has promised to keep the data: `unknown` where it has no such promise to give. */
export type StoragePersistence = 'granted' | 'not-granted' | 'unknown';

/** What an application can show of its storage. */
export interface StorageHealth {
  readonly state: StorageState;
  /** The recommended next step; follows from the state. */
  readonly action: StorageAction;
  /** What was there once, or ought to be, and is not. Empty in most states. */
  readonly missing: readonly StoragePart[];
  readonly warnings: readonly StorageWarning[];
  /** What a commit survives. */
  readonly durability: StorageDurability;
  readonly persistence: StoragePersistence;
  /** Bytes in use, as the platform estimates: of the whole origin in a browser, of the folder in Node. */
  readonly usageBytes: number | undefined;
  /** Bytes that may be in use; a browser shares them among everything of the origin. */
  readonly quotaBytes: number | undefined;
  /**
   * When the latest commit was made, in milliseconds since the Unix epoch by this device's clock. What an adapter
   * finds that has not committed yet may be a minute too early.
   */
  readonly lastCommitAt: number | undefined;
}
