/** Where an engine's records lie in the storage: a space of their own, opaque to everyone else. */
import type { EngineChange, EngineView } from '../ports/index.js';
import type { Unit } from './unit.js';

const space = 'engine/';
/** Records of sessions alone begin like this: the engine port says so. */
const sessionSpace = 'session/';

/**
 * Which sessions of the device are meant: those of its first state are 0, and whenever it begins anew
 * there are others, of the next number. The engine knows nothing of it.
 */
export type SessionEpoch = number;

/** A unit as an engine sees it. */
export function engineView(unit: Unit, epoch: SessionEpoch = 0): EngineView {
  return { get: (keys) => unit.getMany(keys.map((key) => placeOf(key, epoch))) };
}

/** Stages an engine's changes. */
export function stageEngineChanges(
  unit: Unit,
  changes: readonly EngineChange[],
  epoch: SessionEpoch = 0,
): void {
  for (const { key, value } of changes) {
    if (value === undefined) unit.delete(placeOf(key, epoch));
    else unit.put(placeOf(key, epoch), value);
  }
}

/** Where the records of all sessions of an epoch lie. */
export function sessionsPrefix(epoch: SessionEpoch): string {
  return placeOf(sessionSpace, epoch);
}

function placeOf(key: string, epoch: SessionEpoch): string {
  if (epoch === 0 || !key.startsWith(sessionSpace)) return space + key;
  return `${space}epoch/${epoch}/${key}`;
}
