/**
 * The engine port in portable TypeScript: puts the pieces of this folder together. Every method is a
 * function of its arguments, the view and randomness; no secret is kept between calls but beside the identity
 * that the caller holds, and no longer than that.
 */
import { systemRandom } from '../../host.js';
import type {
  DecryptionErrors,
  EngineAssurance,
  GroupCipher,
  IdentityKeyPair,
  ProtocolEngine,
  Random,
  SealedSender,
} from '../../ports/index.js';
import { Secret } from '../../secret.js';
import { createDecryptionError, parseDecryptionError } from './decryption-errors.js';
import { compareScannable, fingerprint } from './fingerprints.js';
import { generatePreKeys, removePreKeys } from './pre-keys.js';
import { parseExactPublicKey, parseHeldPrivateKey } from './primitives/keys.js';
import { noblePrimitives } from './primitives/noble.js';
import { platformPrimitives } from './primitives/platform.js';
import type { Primitives } from './primitives/primitives.js';
import { sodiumEdwardsBase, type Sodium } from './primitives/sodium.js';
import { xeddsaSign } from './primitives/xeddsa.js';
import { recordVersion } from './records/frame.js';
import { encrypt } from './sessions-encrypt.js';
import { startSession } from './sessions-start.js';
import {
  archiveSession,
  currentRatchetKeyMatches,
  decrypt,
  registrationIdsOf,
  removeSession,
  sessionState,
} from './sessions.js';

const assurance: EngineAssurance = {
  audited: false,
  statement:
    'The protocol is an independent implementation that belongs to this project and has had no independent ' +
    'audit. It is held against Signal’s own library, byte for byte and in both directions. Curves, hashes ' +
    'and ciphers are those of the platform where it has them. Elsewhere hashes and ciphers are those of the ' +
    'noble libraries, of which several releases were audited. The portable curve and ML-KEM are this ' +
    'project’s own, held against those of the noble libraries. JavaScript gives no guarantee of constant ' +
    'time, and memory in it cannot be wiped with certainty.',
};

/** What {@link portableEngine} may be given. */
export interface PortableEngineOptions {
  /** Where randomness comes from; the platform's secure one by default. Another one is for simulations. */
  readonly random?: Random;
  /**
   * Whose cryptography does the work; `platform` by default. It takes what this runtime has and gives the
   * right answers for (X25519 by `node:crypto` or WebCrypto, ciphers, hashes and multiples of the base
   * point by `node:crypto`), and portable code for the rest. `noble` is portable code alone, the same
   * everywhere and several times slower. Both give the same bytes. Signatures are verified in one place of
   * the SDK, alike for both.
   */
  readonly primitives?: 'platform' | 'noble';
  /**
   * A libsodium that is ready (`libsodium-wrappers-sumo`), for an application that has one or writes to groups a
   * lot: signing, and so writing to groups, takes half as long with it. It changes no signature.
   * @example
   * ```ts
   * import { portableEngine } from '@sotto/sdk/engines/portable';
   * import sodium from 'libsodium-wrappers-sumo';
   * await sodium.ready;
   * const engine = portableEngine({ sodium });
   * ```
   */
  readonly sodium?: Sodium;
}

/**
 * The Signal protocol in portable TypeScript: runs in browsers, workers and Node, and speaks the bytes of
 * Signal's own library.
 * @throws TypeError when a libsodium is given that is not ready, or not complete
 * @example
 * ```ts
 * import { portableEngine } from '@sotto/sdk/engines/portable';
 * const engine = portableEngine();
 * ```
 */
export function portableEngine(options: PortableEngineOptions = {}): ProtocolEngine {
  const { random = systemRandom, primitives = 'platform', sodium } = options;
  const provided = primitives === 'noble' ? noblePrimitives(random) : platformPrimitives(random);
  return engineOver(sodium ? { ...provided, edwardsBase: sodiumEdwardsBase(sodium) } : provided);
}

/** The engine over other implementations of the heavy pieces. */
export function engineOver(primitives: Primitives): ProtocolEngine {
  return {
    name: 'portable',
    recordVersion,
    assurance,
    generateIdentity: () => generateIdentity(primitives),
    sign: async (identity, message) => sign(primitives, identity, message),
    generatePreKeys: (input) => generatePreKeys(primitives, input),
    removePreKeys: async (ids) => removePreKeys(ids),
    fingerprint: async (input) => fingerprint(input),
    compareScannable: async (ours, scanned) => compareScannable(ours, scanned),
    ...sessions(primitives),
    ...groupCipher(primitives),
    ...sealedSender(primitives),
    ...decryptionErrors(primitives),
  };
}

type Sessions = Pick<
  ProtocolEngine,
  'startSession' | 'sessionState' | 'encrypt' | 'decrypt' | 'archiveSession' | 'removeSession'
>;

function sessions(primitives: Primitives): Sessions {
  return {
    startSession: (view, input) => startSession(primitives, view, input),
    sessionState,
    encrypt: (view, input) => encrypt(primitives, view, input),
    decrypt: (view, input) => decrypt(primitives, view, input),
    archiveSession,
    removeSession,
  };
}

/** Loads what not every program needs when it is asked for, and once. */
function whenNeeded<Module>(load: () => Promise<Module>): () => Module | Promise<Module> {
  let loaded: Module | undefined;
  return () => loaded ?? load().then((module) => (loaded = module));
}

const senderKeys = whenNeeded(() => import('./sender-keys/index.js'));
const sealing = whenNeeded(() => import('./sealed-sender/index.js'));

function groupCipher(primitives: Primitives): GroupCipher {
  return {
    createSenderKeyDistribution: async (view, input) =>
      (await senderKeys()).createSenderKeyDistribution(primitives, view, input),
    processSenderKeyDistribution: async (view, input) =>
      (await senderKeys()).processSenderKeyDistribution(view, input),
    encryptToGroup: async (view, input) => (await senderKeys()).encryptToGroup(primitives, view, input),
    decryptFromGroup: async (view, input) => (await senderKeys()).decryptFromGroup(primitives, view, input),
    removeSenderKey: async (...input) => (await senderKeys()).removeSenderKey(...input),
  };
}

function sealedSender(primitives: Primitives): SealedSender {
  return {
    issueServerCertificate: async (input) => (await sealing()).issueServerCertificate(primitives, input),
    issueSenderCertificate: async (input) => (await sealing()).issueSenderCertificate(primitives, input),
    verifySenderCertificate: async (certificate, trust) =>
      (await sealing()).verifySenderCertificate(certificate, trust),
    seal: async (input) => (await sealing()).seal(primitives, input),
    sealForMany: async (view, input) =>
      (await sealing()).sealForMany(primitives, registrationIdsOf, view, input),
    splitSealed: async (sent, accountId) => (await sealing()).splitSealed(sent, accountId),
    unseal: async (input) => (await sealing()).unseal(primitives, input),
  };
}

function decryptionErrors(primitives: Primitives): DecryptionErrors {
  return {
    createDecryptionError: async (input) => createDecryptionError(input),
    parseDecryptionError: async (plaintextContent) => parseDecryptionError(plaintextContent),
    currentRatchetKeyMatches: (view, their, ratchetKey) =>
      currentRatchetKeyMatches(primitives, view, their, ratchetKey),
  };
}

async function generateIdentity({ curve }: Primitives): Promise<IdentityKeyPair> {
  const { publicKey, privateKey } = await curve.generateKeyPair();
  return { publicKey, privateKey: new Secret(privateKey) };
}

function sign(primitives: Primitives, our: IdentityKeyPair, message: Uint8Array): Uint8Array {
  const signer = {
    publicKey: parseExactPublicKey(our.publicKey),
    privateKey: parseHeldPrivateKey(our.privateKey.expose()),
  };
  return xeddsaSign(primitives, signer, message);
}
