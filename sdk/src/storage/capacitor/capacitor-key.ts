/**
 * The key of a storage in the Keychain or the KeyStore of a phone, through a plugin for Capacitor. Knows no cipher
 * and no plugin by name; what it encrypts lies in the app's own storage and has another fate: the Keychain survives
 * the removal of an app, a restored phone brings data without their key.
 */
import { base64urlnopad } from '@scure/base';
import { SottoError } from '../../errors.js';
import { systemClock, systemRandom } from '../../host.js';
import type { Random } from '../../ports/host.js';
import { Secret } from '../../secret.js';
import { firstRunMarker, type FirstRunMarker } from '../first-run-marker.js';
import { evicted } from '../health.js';
import { findIndexedDb } from '../indexeddb-layout.js';

/**
 * What is used of `@aparajita/capacitor-secure-storage` 7: pass its `SecureStorage`. Another plugin is wrapped in
 * three functions.
 */
export interface SecureStoragePlugin {
  /** @returns what was set, `null` where there is nothing */
  get(key: string, convertDate?: boolean, sync?: boolean): Promise<unknown>;
  /**
   * @param sync - whether the Keychain may bring it to other devices: always `false` here
   * @param access - when and where the Keychain gives it out: always 3 here, from the first unlocking on and on
   *   this device alone, so that no backup carries it along
   */
  set(key: string, data: string, convertDate?: boolean, sync?: boolean, access?: 3): Promise<void>;
  /** @returns whether there was one */
  remove(key: string, sync?: boolean): Promise<unknown>;
}

/** Where a key lies. */
export interface CapacitorKeyOptions {
  readonly plugin: SecureStoragePlugin;
  /** What `Capacitor.getPlatform()` says. */
  readonly platform: string;
  /** The platform's secure randomness by default. */
  readonly random?: Random;
}

const keyBytes = 32;
const afterFirstUnlockThisDeviceOnly = 3;
const itemOf = (name: string) => `sotto-storage-key/${name}`;
/** Where the plugin stands on something that keeps secrets; elsewhere it is plain `localStorage`. */
const securePlatforms: readonly string[] = ['ios', 'android'];

/**
 * The key of a name, for `encryptedStorage` over `indexedDbStorage` of the same name. It is made on the first run,
 * and never again where there are data, or was a key, in this installation of the app.
 *
 * @example
 * ```ts
 * const where = { plugin: SecureStorage, platform: Capacitor.getPlatform() };
 * const storage = encryptedStorage(indexedDbStorage('alice'), await capacitorKey('alice', where));
 * ```
 * @param name - one per storage: that of its database
 * @returns 32 bytes, wiped by the caller once the storage has them
 * @throws SottoError `insecure-key-store` where the plugin would keep it in plain sight. `storage-key-missing` when
 *   there are data, or was a key, and the key is gone, as on a phone that was restored from a backup.
 *   `storage-evicted` when there is a key and neither data nor a trace of them, as after the app was removed and
 *   installed again. Both leave everything as it is: tell the user, and to begin anew, `removeIndexedDbStorage`
 *   and `removeCapacitorKey`. `storage-corrupt` when what lies there is no key, `storage-failed` when the plugin
 *   fails, as on a phone that is locked
 */
export async function capacitorKey(name: string, options: CapacitorKeyOptions): Promise<Secret> {
  assertSecure(options);
  const marker = firstRunMarker('key', name);
  const isMarked = (await marker.isSet()) === true;
  const wasUsed = isMarked || (await findIndexedDb(name, systemClock)).database === 'present';
  const found = await read(name, options);
  if (!found && wasUsed) throw new SottoError('storage-key-missing');
  if (found && !wasUsed) {
    found.wipe();
    throw evicted();
  }
  return found ?? make(name, options, marker);
}

async function make(name: string, options: CapacitorKeyOptions, marker: FirstRunMarker): Promise<Secret> {
  const bytes = Uint8Array.from((options.random ?? systemRandom).bytes(keyBytes));
  const text = base64urlnopad.encode(bytes);
  // The mark first: an interruption leaves a key that is missed, not one that seems to have outlived its data.
  await marker.set();
  try {
    await asked(() => options.plugin.set(itemOf(name), text, false, false, afterFirstUnlockThisDeviceOnly));
    // A key that is not kept would be found out by the next start, with data under it.
    const kept = await asked(() => options.plugin.get(itemOf(name), false, false));
    if (kept !== text) throw new SottoError('storage-failed', { cause: new Error('the key was not kept') });
  } catch (error) {
    bytes.fill(0);
    await marker.remove();
    throw error;
  }
  return new Secret(bytes);
}

async function read(name: string, { plugin }: CapacitorKeyOptions): Promise<Secret | undefined> {
  const text = await asked(() => plugin.get(itemOf(name), false, false));
  if (text === null || text === undefined) return undefined;
  try {
    const bytes = typeof text === 'string' ? base64urlnopad.decode(text) : undefined;
    if (bytes?.length === keyBytes) return new Secret(bytes);
  } catch {
    // The cause would quote it.
  }
  throw new SottoError('storage-corrupt');
}

/**
 * Whether the key of a name is there, for `inspectIndexedDbStorage`. Makes nothing.
 * @throws SottoError `insecure-key-store`, `storage-corrupt`, `storage-failed`
 */
export async function inspectCapacitorKey(
  name: string,
  options: CapacitorKeyOptions,
): Promise<'present' | 'absent'> {
  assertSecure(options);
  const key = await read(name, options);
  key?.wipe();
  return key ? 'present' : 'absent';
}

/**
 * Removes the key of a name, and with it the last way to read what it encrypted.
 * @throws SottoError `insecure-key-store`, `storage-failed`
 */
export async function removeCapacitorKey(name: string, options: CapacitorKeyOptions): Promise<void> {
  assertSecure(options);
  await asked(() => options.plugin.remove(itemOf(name), false));
  await firstRunMarker('key', name).remove();
}

function assertSecure({ platform }: CapacitorKeyOptions): void {
  if (!securePlatforms.includes(platform)) throw new SottoError('insecure-key-store');
}

async function asked<Result>(question: () => Promise<Result>): Promise<Result> {
  try {
    return await question();
  } catch (error) {
    throw new SottoError('storage-failed', { cause: error });
  }
}
