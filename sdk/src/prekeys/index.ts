export { readHeldKeys, type HeldKeys } from './held-keys.js';
export { lastResortCounts } from './last-resort-counts.js';
export { PreKeyService } from './pre-keys.js';
