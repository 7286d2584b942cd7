/**
 * A transport to a relay over HTTP and Socket.IO. Needs the optional peer `socket.io-client`.
 * @packageDocumentation
 */
export { socketIoTransport } from './socket-io-transport.js';
export type { SocketIoTransportOptions } from './socket-io-transport.js';
export type { Fetch } from './http-client.js';
export type { SocketIo } from './socket-driver.js';
