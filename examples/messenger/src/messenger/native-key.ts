/**
 * The key of the storage on a phone, from where the system keeps secrets. In a browser there is no such place, and
 * the worker makes a key of the browser's own.
 */
import { isNative } from './native.js';
import { storageName } from './storage-name.js';

/** Only a phone needs any of this: no part of what a browser loads. */
async function keeper() {
  const [{ Capacitor }, { SecureStorage }, { capacitorKey, removeCapacitorKey }] = await Promise.all([
    import('@capacitor/core'),
    import('@aparajita/capacitor-secure-storage'),
    import('@sotto/sdk/storage/capacitor'),
  ]);
  return {
    where: { plugin: SecureStorage, platform: Capacitor.getPlatform() },
    capacitorKey,
    removeCapacitorKey,
  };
}

/**
 * @returns 32 bytes, or nothing in a browser
 * @throws SottoError as `capacitorKey`
 */
export async function nativeStorageKey(): Promise<Uint8Array | undefined> {
  if (!isNative()) return undefined;
  const { capacitorKey, where } = await keeper();
  return (await capacitorKey(storageName, where)).expose();
}

/** Removes it, where there is one. */
export async function removeNativeStorageKey(): Promise<void> {
  if (!isNative()) return;
  const { removeCapacitorKey, where } = await keeper();
  await removeCapacitorKey(storageName, where);
}
