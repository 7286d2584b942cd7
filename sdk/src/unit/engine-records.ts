/** Where an engine's records lie in the storage: a space of their own, opaque to everyone else. */
import type { EngineChange, EngineView } from '../ports/index.js';
import type { Unit } from './unit.js';

const space = 'engine/';

/** A unit as an engine sees it. */
export function engineView(unit: Unit): EngineView {
  return { get: (keys) => unit.getMany(keys.map((key) => space + key)) };
}

/** Stages an engine's changes. */
export function stageEngineChanges(unit: Unit, changes: readonly EngineChange[]): void {
  for (const { key, value } of changes) {
    if (value === undefined) unit.delete(space + key);
    else unit.put(space + key, value);
  }
}
