export * from './engine-decryption-errors.js';
export * from './engine-groups.js';
export * from './engine-sealed-sender.js';
export * from './engine-steps.js';
export * from './engine.js';
export * from './host.js';
export * from './storage.js';
export * from './transport.js';
