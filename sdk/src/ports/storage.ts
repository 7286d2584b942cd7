/** The storage port: what a store must do for a messenger to keep its promises. */
import type { StorageDurability, StorageHealth } from './storage-health.js';

export type { StorageDurability };

/** Proof of being the writer. A later fence is greater. */
export type StorageFence = number & { readonly __storageFence: unique symbol };

/** A put, or a delete where `value` is `undefined`. */
export interface StorageChange {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** A stored pair. */
export interface StorageEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

/**
 * A store of byte values under string keys, with one atomic write call.
 *
 * Keys are 1 to 512 characters of `A–Z a–z 0–9 . _ ~ - :` in segments separated by single `/`, not
 * beginning or ending with one. Values are 0 bytes to 16 MiB. Adapters copy what they are given
 * and what they give: later changes of a caller's array never reach the store. Anything else is
 * `invalid-storage-key` or a `TypeError`.
 *
 * All methods reject with `storage-closed` after `close`, and with `storage-failed` (with the
 * cause) where the medium fails. `runStorageConformance` in `@sotto/sdk/testing` proves an adapter.
 */
export interface StorageAdapter {
  readonly durability: StorageDurability;

  /**
   * Becomes the writer: returns a fence greater than any returned before for this data, by any
   * process, and durable as `durability` says. From then on commits under older fences are refused.
   * @throws SottoError `storage-locked` where the medium admits one process and another has it
   */
  acquire(): Promise<StorageFence>;

  /**
   * The values of many keys in one round trip, in the order asked for; `undefined` where there is none.
   * One call sees every commit whole or not at all.
   */
  get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;

  /**
   * Every pair whose key begins with the prefix. In no promised order, and not a snapshot: pairs
   * committed meanwhile may or may not show.
   * @param prefix - one or more whole segments ending in `/`, or the empty string for everything
   */
  list(prefix: string): AsyncIterable<StorageEntry>;

  /**
   * Writes all changes or none, durably before it resolves. The last change of a key wins.
   * An empty list still checks the fence. Commits take effect in the order of the calls.
   * @throws SottoError `fenced` when a newer writer has acquired; nothing was written
   */
  commit(changes: readonly StorageChange[], options: { readonly fence: StorageFence }): Promise<void>;

  /**
   * Deletes every pair, and as far as the medium allows what remains of them, then closes.
   * Fences acquired later are still greater than all before, unless the medium itself was removed.
   * @throws SottoError `fenced`
   */
  destroy(options: { readonly fence: StorageFence }): Promise<void>;

  /**
   * What it can say of itself, for an application to show. An adapter need not have it. What is wrong with the
   * data is a state, not an error.
   * @throws SottoError `storage-closed`
   */
  health?(): Promise<StorageHealth>;

  /** Lets go of the medium. Idempotent; waits for commits under way. */
  close(): Promise<void>;
}
