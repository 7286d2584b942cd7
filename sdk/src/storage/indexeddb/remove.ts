/** Removes what lies under a name, open or not. Knows no fence. */
import { systemClock } from '../../host.js';
import type { Clock } from '../../ports/host.js';
import { firstRunMarker } from '../first-run-marker.js';
import { deleteDatabase } from '../open-indexeddb.js';
import { removeBucket, sharedPlace } from '../web-bucket.js';

/** The marker first: who is interrupted finds the database, and not that one was lost. */
export async function removeIndexedDb(name: string, clock: Clock): Promise<void> {
  await firstRunMarker('data', name).remove();
  await removeBucket('data', name);
  // One that was made without a bucket, and where there are none.
  await deleteDatabase(sharedPlace(), name, clock);
}

/**
 * Removes the storage of a name, whatever state it is in: when its data are gone, its key is lost or it is
 * damaged, and the user has decided to begin anew. Who has it open is told, and gets `storage-evicted`. There is
 * no way back without a backup; a storage that can still be opened is better ended by `signOut`. Its key is
 * removed on its own, by `removeDeviceKey`.
 * @param name - as for `indexedDbStorage`
 * @throws SottoError `storage-locked` when another tab does not let go; it is deleted when that one is gone
 */
export async function removeIndexedDbStorage(name: string): Promise<void> {
  await removeIndexedDb(name, systemClock);
}
