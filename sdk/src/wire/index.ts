/**
 * What the relay sees: identifiers, operations, envelopes and problems, as schemas both ends check.
 * Nothing here knows cryptography, storage or a network.
 * @packageDocumentation
 */
export * from './account.js';
export * from './bytes.js';
export * from './canonical-json.js';
export * from './continuity.js';
export * from './ids.js';
export * from './keys.js';
export * from './ledger-columns.js';
export * from './ledger.js';
export * from './limits.js';
export * from './mailbox.js';
export * from './operations.js';
export * from './problem-catalogue.js';
export * from './problems.js';
export * from './proof.js';
