/** Removes what is stored of an account that can no longer be opened. */
import { removeDeviceKey } from '@sotto/sdk/storage/encrypted';
import { indexedDbStorage } from '@sotto/sdk/storage/indexeddb';
import { storageName } from './storage-name.js';

/** @throws SottoError `storage-locked` while another tab has it */
export async function forgetEverything(): Promise<void> {
  // Below the layer that encrypts: that one asks for the key.
  const storage = indexedDbStorage(storageName);
  await storage.destroy({ fence: await storage.acquire() });
  await removeDeviceKey(storageName);
}
