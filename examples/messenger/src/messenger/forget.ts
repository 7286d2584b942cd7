/** Removes what is stored of an account that can no longer be opened. */
import { storageName } from './storage-name.js';

/** @throws SottoError `storage-locked` while another tab has it */
export async function forgetEverything(): Promise<void> {
  // Hardly anybody needs it: no part of what is loaded first.
  const [{ indexedDbStorage }, { removeDeviceKey }] = await Promise.all([
    import('@sotto/sdk/storage/indexeddb'),
    import('@sotto/sdk/storage/encrypted'),
  ]);
  // Below the layer that encrypts: that one asks for the key.
  const storage = indexedDbStorage(storageName);
  await storage.destroy({ fence: await storage.acquire() });
  await removeDeviceKey(storageName);
}
