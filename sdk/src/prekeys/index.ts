export { PreKeyService } from './pre-keys.js';
