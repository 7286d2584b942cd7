/**
 * The key of an encrypted storage in the Keychain or KeyStore of a phone, by a plugin for Capacitor.
 * @packageDocumentation
 */
export { capacitorKey, inspectCapacitorKey, removeCapacitorKey } from './capacitor-key.js';
export type { CapacitorKeyOptions, SecureStoragePlugin } from './capacitor-key.js';
