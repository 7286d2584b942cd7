/**
 * The Signal protocol in portable TypeScript: for browsers, workers and Node alike.
 * @packageDocumentation
 */
export { portableEngine, type PortableEngineOptions } from './engine.js';
export type { Sodium } from './primitives/sodium.js';
