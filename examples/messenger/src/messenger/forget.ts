/** Removes what is left of an account that has ended here, or can no longer be opened. */
import { removeNativeStorageKey } from './native-key.js';
import { storageName } from './storage-name.js';

/** Removes the keys of the storage. After signing out nothing else is left. */
export async function forgetKeys(): Promise<void> {
  // Needed once in the life of an account: no part of what is loaded first.
  const { removeDeviceKey } = await import('@sotto/sdk/storage/encrypted');
  await removeDeviceKey(storageName);
  await removeNativeStorageKey();
}

/** Removes data and keys, whatever state they are in. @throws SottoError `storage-locked` while another tab has them */
export async function forgetEverything(): Promise<void> {
  const { removeIndexedDbStorage } = await import('@sotto/sdk/storage/indexeddb');
  await removeIndexedDbStorage(storageName);
  await forgetKeys();
}
