export { ContinuityCheck, type ContinuityBreak } from './continuity.js';
export { continuityKey, continuityRecord, noContinuity } from './continuity-record.js';
export { freshStart } from './fresh-start.js';
export { readContinuity, type Continuity } from './continuity-record.js';
