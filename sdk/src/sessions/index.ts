export { SessionService, type PinnedDevice } from './sessions.js';
