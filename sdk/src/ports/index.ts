export * from './engine.js';
export * from './host.js';
export * from './storage.js';
export * from './transport.js';
