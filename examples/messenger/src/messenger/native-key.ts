/**
 * The key of the storage, from the secure storage of a phone's system: made when there is none. In a browser there
 * is no such thing, and the plug-in would keep the key in the clear: there it is not asked.
 */

const keyName = 'sotto-storage-key';
const keyBytes = 32;

/** Set by the native shell before the page loads. */
function isNative(): boolean {
  const { Capacitor } = globalThis as { Capacitor?: { isNativePlatform?(): boolean } };
  return Capacitor?.isNativePlatform?.() ?? false;
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @returns 32 bytes, or nothing in a browser, whose own key serves then */
export async function nativeStorageKey(): Promise<Uint8Array | undefined> {
  if (!isNative()) return undefined;
  const { SecureStorage } = await import('@aparajita/capacitor-secure-storage');
  const kept = await SecureStorage.getItem(keyName);
  if (kept !== null) return fromHex(kept);
  const made = crypto.getRandomValues(new Uint8Array(keyBytes));
  await SecureStorage.setItem(keyName, toHex(made));
  return made;
}
