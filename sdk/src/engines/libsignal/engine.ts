/**
 * The engine port over `@signalapp/libsignal-client`: puts the pieces of this folder together. Every
 * method is a pure function of its arguments and the view; nothing is kept between calls.
 */
import { PrivateKey } from '@signalapp/libsignal-client';
import type { EngineAssurance, IdentityKeyPair, ProtocolEngine } from '../../ports/index.js';
import { Secret } from '../../secret.js';
import { plainBytes } from './bytes.js';
import {
  certificateFrom,
  checkCertificate,
  issueSenderCertificate,
  issueServerCertificate,
} from './certificates.js';
import {
  createDecryptionError,
  currentRatchetKeyMatches,
  parseDecryptionError,
} from './decryption-errors.js';
import { translated } from './errors.js';
import { compareScannable, fingerprint } from './fingerprints.js';
import {
  createSenderKeyDistribution,
  decryptFromGroup,
  encryptToGroup,
  processSenderKeyDistribution,
  removeSenderKey,
} from './groups.js';
import { generatePreKeys, removePreKeys } from './pre-keys.js';
import { recordVersion } from './records.js';
import { seal, sealForMany, splitSealed, unseal } from './sealed-sender.js';
import { archiveSession, decrypt, encrypt, removeSession, sessionState, startSession } from './sessions.js';

const assurance: EngineAssurance = {
  audited: false,
  statement:
    'The cryptography and the protocol are those of Signal’s own libsignal 0.103.0, unmodified: the code of ' +
    'Signal’s applications, in wide use and reviewed and formally studied by many. This adapter around it — ' +
    'its records, its stores, the memory of last-resort keys — belongs to this project and has had no ' +
    'independent audit. Constant-time behaviour is libsignal’s as far as it goes; keys pass through ' +
    'JavaScript memory, which cannot be wiped with certainty.',
};

/**
 * The Signal protocol by `@signalapp/libsignal-client` 0.103.0: a native addon, so for Node only. That
 * package is an optional peer to install beside this one, under the AGPL-3.0 (docs/licensing.md).
 * @example
 * ```ts
 * import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
 * const engine = libsignalEngine();
 * ```
 */
export function libsignalEngine(): ProtocolEngine {
  return {
    name: 'libsignal',
    recordVersion,
    assurance,
    generateIdentity: async () => generateIdentity(),
    sign: async (identity, message) => sign(identity, message),
    generatePreKeys: async (input) => generatePreKeys(input),
    removePreKeys: async (ids) => removePreKeys(ids),
    startSession,
    sessionState,
    encrypt,
    decrypt,
    archiveSession,
    removeSession: async (_view, their) => removeSession(their),
    fingerprint: async (input) => fingerprint(input),
    compareScannable: async (ours, scanned) => compareScannable(ours, scanned),
    createSenderKeyDistribution,
    processSenderKeyDistribution,
    encryptToGroup,
    decryptFromGroup,
    removeSenderKey: async (_view, input) => removeSenderKey(input),
    issueServerCertificate: async (input) => issueServerCertificate(input),
    issueSenderCertificate: async (input) => issueSenderCertificate(input),
    verifySenderCertificate: async (certificate, trust) =>
      checkCertificate(certificateFrom(certificate), trust),
    seal,
    sealForMany,
    splitSealed: async (sent, accountId) => splitSealed(sent, accountId),
    unseal,
    createDecryptionError: async (input) => createDecryptionError(input),
    parseDecryptionError: async (plaintextContent) => parseDecryptionError(plaintextContent),
    currentRatchetKeyMatches,
  };
}

function generateIdentity(): IdentityKeyPair {
  const privateKey = PrivateKey.generate();
  return { publicKey: privateKey.getPublicKey().serialize(), privateKey: new Secret(privateKey.serialize()) };
}

function sign(identity: IdentityKeyPair, message: Uint8Array): Uint8Array {
  const bytes = plainBytes(identity.privateKey.expose());
  return translated('sign', () => PrivateKey.deserialize(bytes).sign(plainBytes(message)));
}
