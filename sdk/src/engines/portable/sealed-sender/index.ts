/** Sealed sender: what the port asks of it. Loaded when a program first seals, opens or certifies. */
export { seal, sealForMany, splitSealed, unseal } from './steps.js';
export { issueSenderCertificate, issueServerCertificate, verifySenderCertificate } from './trust.js';
