export { countUp, readCounts } from './counts.js';
export { engineView, sessionsPrefix, stageEngineChanges, type SessionEpoch } from './engine-records.js';
export { HandlerContext } from './handler-context.js';
export { Journal, type JournalEntry } from './journal.js';
export { defineRecord, type RecordCodec } from './record.js';
export { Unit } from './unit.js';
export { Writer } from './writer.js';
