/**
 * The Signal protocol by Signal's own library, for Node.
 * @packageDocumentation
 */
export { libsignalEngine } from './engine.js';
