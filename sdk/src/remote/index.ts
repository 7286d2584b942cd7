/**
 * A messenger on the other side of a port: in a worker for its page, in one tab for another.
 * @packageDocumentation
 */
export { exposeMessenger, type ExposeOptions } from './expose-messenger.js';
export {
  connectMessenger,
  type ConnectOptions,
  type RemoteEnd,
  type RemoteMessenger,
} from './connect-messenger.js';
export type { NodeRemotePort, RemotePort, WebRemotePort } from './port.js';
export { shareMessenger } from './share-messenger.js';
export type {
  MessengerShare,
  SharedMessenger,
  ShareChange,
  ShareMessengerOptions,
  ShareRole,
} from './share-api.js';
export type { ShareChannel } from './leadership.js';
export type { ShareLocks } from './share-locks.js';
