/**
 * A storage that encrypts, over any other.
 * @packageDocumentation
 */
export { encryptedStorage } from './encrypted-storage.js';
export type { EncryptedStorage, EncryptedStorageOptions } from './encrypted-storage.js';
export { passphraseKey } from './storage-key.js';
export type { PassphraseCost, PassphraseKey, StorageKey } from './storage-key.js';
export { deviceKey, inspectDeviceKey, removeDeviceKey } from './device-key.js';
