/**
 * A transport to a relay in the same process.
 * @packageDocumentation
 */
export { memoryTransport } from './memory-transport.js';
export type { MemoryTransportOptions } from './memory-transport.js';
export type { RelayLink, RelayLinkAnswer } from './relay-link.js';
export type { StreamDriver, StreamEvents, StreamSession } from '../stream-driver.js';
