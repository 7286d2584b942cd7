export { ContinuityCheck, type ContinuityBreak } from './continuity.js';
export { freshStart } from './fresh-start.js';
