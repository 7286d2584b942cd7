export { readHeldKeys, type HeldKeys } from './held-keys.js';
export { PreKeyService } from './pre-keys.js';
