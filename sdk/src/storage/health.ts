/** From what was found to what is said: the states of a storage. Knows no medium and asks nobody. */
import { SottoError, isSottoError, type SottoErrorCode } from '../errors.js';
import type { StorageDurability } from '../ports/storage.js';
import type {
  StorageAction,
  StorageHealth,
  StoragePart,
  StoragePersistence,
  StorageState,
  StorageWarning,
} from '../ports/storage-health.js';

/** From this share of the room on, little is left. */
const nearlyFull = 0.9;

const actions: Readonly<Record<StorageState, StorageAction>> = {
  new: 'begin',
  ready: 'open',
  'data-missing': 'restore',
  'key-missing': 'restore',
  'wrong-key': 'ask-key',
  damaged: 'restore',
  locked: 'close-other',
  unavailable: 'use-another',
};

const statesByCode: Readonly<Partial<Record<SottoErrorCode, StorageState>>> = {
  'storage-evicted': 'data-missing',
  'storage-key-missing': 'key-missing',
  'storage-wrong-key': 'wrong-key',
  'storage-tampered': 'damaged',
  'storage-corrupt': 'damaged',
  'storage-locked': 'locked',
  'storage-failed': 'unavailable',
};

/** What an opening ended in, as a state. @throws what is no matter of the data */
export function stateOfFailure(error: unknown): StorageState {
  const state = isSottoError(error) ? statesByCode[error.code] : undefined;
  if (state === undefined) throw error;
  return state;
}

/** What was found of a storage that nobody has open. */
export interface FoundParts {
  /** `empty`: made, and nothing was ever committed to it. */
  readonly database: 'absent' | 'empty' | 'present';
  /** Of a key that lies on this device; `undefined` for one that does not, or where there is none. */
  readonly key: boolean | undefined;
  /** Whether something else remembers that there were data here. */
  readonly wasUsed: boolean;
}

/** What the parts together mean. */
export function stateOfParts({ database, key, wasUsed }: FoundParts): StorageState {
  if (database === 'present') return key === false ? 'key-missing' : 'ready';
  // A key comes into being just before its database does; one that is alone has outlived it.
  const hasOutlived = database === 'absent' && key === true;
  return wasUsed || hasOutlived ? 'data-missing' : 'new';
}

function missingParts(state: StorageState, key: boolean | undefined): StoragePart[] {
  const database: StoragePart[] = state === 'data-missing' ? ['database'] : [];
  const isKeyMissed = state === 'key-missing' || (state === 'data-missing' && key === false);
  return isKeyMissed ? [...database, 'key'] : database;
}

/** What is around the data, whatever state they are in. */
export interface Surroundings {
  readonly durability: StorageDurability;
  readonly persistence: StoragePersistence;
  readonly usageBytes: number | undefined;
  readonly quotaBytes: number | undefined;
}

function warningsOf({ durability, persistence, usageBytes, quotaBytes }: Surroundings): StorageWarning[] {
  const warnings: StorageWarning[] = [];
  if (persistence === 'not-granted') warnings.push('not-persistent');
  if (usageBytes !== undefined && quotaBytes !== undefined && usageBytes >= nearlyFull * quotaBytes) {
    warnings.push('nearly-full');
  }
  if (durability === 'process') warnings.push('survives-process-only');
  return warnings;
}

/** Everything that is known, put together. */
export function healthOf(
  state: StorageState,
  found: { readonly key?: boolean | undefined; readonly lastCommitAt?: number | undefined },
  surroundings: Surroundings,
): StorageHealth {
  return {
    state,
    action: actions[state],
    missing: missingParts(state, found.key),
    warnings: warningsOf(surroundings),
    ...surroundings,
    lastCommitAt: found.lastCommitAt,
  };
}

/** As another state than the one that was found below. */
export function withState(health: StorageHealth, state: StorageState): StorageHealth {
  return { ...health, state, action: actions[state], missing: missingParts(state, undefined) };
}

/** What a caller says of a key. @throws TypeError */
export function assertKeyPresence(key: unknown): asserts key is 'present' | 'absent' | undefined {
  if (key !== undefined && key !== 'present' && key !== 'absent') {
    throw new TypeError('a key is present or absent');
  }
}

/** The database is not what it was. */
export function evicted(): SottoError<'storage-evicted'> {
  return new SottoError('storage-evicted', { cause: new Error('what was stored here is gone') });
}
