/**
 * Checks that need no engine: signatures by identity and device auth keys, statements, manifests,
 * request proofs, contact codes and contact links. Runs in every JavaScript runtime; it is what a relay uses. Checks
 * throw; none returns a verdict, but what a relay concludes from a device's state is one.
 * @packageDocumentation
 */
export { SottoError, isSottoError } from '../errors.js';
export { deriveContactCode, formatContactCode, matchContactCode, parseContactCode } from './contact-code.js';
export type { ContactCode, ContactCodeStrength, Scrypt, ScryptParameters } from './contact-code.js';
export { formatContactLink, parseContactLink } from './contact-link.js';
export type { ContactLink } from './contact-link.js';
export { continuityAfter, judgeContinuity } from './continuity.js';
export type { KnownContinuity, ShownContinuity } from './continuity.js';
export { verifyDeviceSignature } from './device-signature.js';
export { manifestHash, verifyManifest } from './manifest.js';
export type { ManifestExpectation, SeenManifest } from './manifest.js';
export {
  requestBodyHash,
  requestProofMessage,
  verifyIdentityProof,
  verifyRefreshSignature,
  verifyRequestProof,
} from './request-proof.js';
export type { ProvenRequest } from './request-proof.js';
export { verifyStatement } from './statement.js';
export { verifySignature } from './xeddsa.js';
