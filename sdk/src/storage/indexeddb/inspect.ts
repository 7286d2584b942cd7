/** What there is of a storage in this browser, without opening it for use. Makes and changes nothing. */
import { systemClock } from '../../host.js';
import type { Clock } from '../../ports/host.js';
import type { StorageHealth } from '../../ports/storage-health.js';
import { firstRunMarker } from '../first-run-marker.js';
import { assertKeyPresence, healthOf, stateOfFailure, stateOfParts } from '../health.js';
import { findIndexedDb } from '../indexeddb-layout.js';
import { webSurroundings } from '../web-surroundings.js';
import { indexedDbDurability } from './durability.js';

/** Options of {@link inspectIndexedDbStorage}. */
export interface InspectIndexedDbOptions {
  /** Whether the key that the storage is encrypted under is on this device, where it lies there. */
  readonly key?: 'present' | 'absent' | undefined;
  /** Times how long another tab may block; the platform's by default. */
  readonly clock?: Clock;
}

/**
 * What there is under a name, and what to do about it: for the start of an application, before it opens anything.
 * Nothing is made by looking. What the platform allows to be told apart is told apart; where the user, or a
 * browser in want of space, removed everything of the origin at once, nothing is left that could tell it from a
 * first run.
 *
 * @example
 * ```ts
 * const health = await inspectIndexedDbStorage('alice', { key: await inspectDeviceKey('alice') });
 * if (health.action === 'restore') showWhatIsMissing(health.missing);
 * else if (health.action === 'begin' || health.action === 'open') await start();
 * ```
 * @param name - as for `indexedDbStorage`
 * @throws TypeError when `key` is neither
 */
export async function inspectIndexedDbStorage(
  name: string,
  { key, clock = systemClock }: InspectIndexedDbOptions = {},
): Promise<StorageHealth> {
  assertKeyPresence(key);
  const hasKey = key && key === 'present';
  const durability = indexedDbDurability();
  try {
    const isMarked = (await firstRunMarker('data', name).isSet()) === true;
    // One that was made and is gone: data that it never encrypted would be there.
    const lostKey = hasKey === false && (await firstRunMarker('key', name).isSet()) === true;
    const { database, cleared, lastCommitAt, place } = await findIndexedDb(name, clock);
    const surroundings = { durability, ...(await webSurroundings(place)) };
    const state = stateOfParts({ database, key: hasKey, wasUsed: lostKey || (isMarked && !cleared) });
    return healthOf(state, { key: hasKey, lastCommitAt }, surroundings);
  } catch (error) {
    return healthOf(stateOfFailure(error), {}, { durability, ...(await webSurroundings()) });
  }
}
