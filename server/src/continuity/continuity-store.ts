/** What the relay keeps of devices' states: the port that `storage/postgres/continuity-store.ts` implements. */
import type { KnownContinuity } from '@sotto/sdk/verification';
import type { DeviceAddress } from '@sotto/sdk/wire';

/** See the file's header. */
export interface ContinuityStore {
  /**
   * Reads what is known of a device, and replaces it in the same transaction. Calls for one device come
   * one after another.
   * @returns false when the device is gone
   */
  replace(
    device: DeviceAddress,
    next: (known: KnownContinuity | undefined) => KnownContinuity,
  ): Promise<boolean>;
}
