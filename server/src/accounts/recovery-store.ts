/** Devices that take others' places: the port that `storage/postgres/recovery-store.ts` implements. */
import type { DeviceManifest, DeviceId, ManifestDevice } from '@sotto/sdk/wire';

/** One device in the place of another. */
export interface Replacement {
  /** The list that must still be in force. */
  readonly current: DeviceManifest;
  /** The list that follows it. */
  readonly next: DeviceManifest;
  readonly replaces: DeviceId;
  readonly device: ManifestDevice;
  /** Days since the Unix epoch. */
  readonly today: number;
  /** A device id that was in use on this day or later is taken. */
  readonly restingSince: number;
}

/** What became of a replacement. */
export type ReplaceOutcome = 'replaced' | 'manifest-conflict' | 'device-id-taken';

/** See the file's header. */
export interface RecoveryStore {
  /**
   * All of it or nothing: the list, the device, and what waited for the old one, at its places in the mailbox.
   * The old one's keys, logins, attempts and state go; it is remembered as retired.
   */
  replaceDevice(replacement: Replacement): Promise<ReplaceOutcome>;
}
