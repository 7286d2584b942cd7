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
