export { ContinuityCheck, type ContinuityBreak } from './continuity.js';
export { continuityKey, continuityRecord, noContinuity } from './continuity-record.js';
export { freshStart } from './fresh-start.js';
