/** Removes what is left of an account that can no longer be opened. */
import { removeNativeStorageKey } from './native-key.js';
import { storageName } from './storage-name.js';

/** Removes data and keys, whatever state they are in. @throws SottoError `storage-locked` while another tab has them */
export async function forgetEverything(): Promise<void> {
  // Hardly anybody needs it: no part of what is loaded first.
  const [{ removeIndexedDbStorage }, { removeDeviceKey }] = await Promise.all([
    import('@sotto/sdk/storage/indexeddb'),
    import('@sotto/sdk/storage/encrypted'),
  ]);
  await removeIndexedDbStorage(storageName);
  await removeDeviceKey(storageName);
  await removeNativeStorageKey();
}
