/**
 * The engine port: the Signal protocol as pure steps, records in and changes out. An engine reads
 * through a view, returns what is to be written, never stores and never sends: a step that fails
 * leaves no trace. It knows nothing of contacts, trust policy, transports or message content.
 */
import type { CiphertextKind, DeviceAddress, KemPreKey, OneTimePreKey, SignedPreKey } from '../wire/index.js';
import type { DecryptionErrors } from './engine-decryption-errors.js';
import type { GroupCipher } from './engine-groups.js';
import type { SealedSender } from './engine-sealed-sender.js';
import type { EngineStep, EngineView, IdentityKeyPair, OurDevice } from './engine-steps.js';

/** What is known about the code behind an engine, for the people who choose it. */
export interface EngineAssurance {
  /** True only if this engine as a whole had an independent audit. */
  readonly audited: boolean;
  /** One paragraph: what was reviewed by whom, what was not, what is not promised. */
  readonly statement: string;
}

/** The public halves of freshly made pre-keys; the private halves are in the step's changes. */
export interface GeneratedPreKeys {
  readonly signed?: SignedPreKey;
  readonly kemLastResort?: KemPreKey;
  readonly oneTime: readonly OneTimePreKey[];
  readonly kemOneTime: readonly KemPreKey[];
}

/** Which pre-keys to make. Ids are chosen by the caller and must be unused. */
export interface GeneratePreKeysInput {
  readonly our: OurDevice;
  readonly signedId?: number;
  readonly kemLastResortId?: number;
  readonly oneTimeIds: readonly number[];
  readonly kemOneTimeIds: readonly number[];
  /** Milliseconds since the Unix epoch, kept in the records. */
  readonly now: number;
}

/** A device's bundle together with the identity key it must be signed by. */
export interface SessionBundle {
  /** 33 bytes. */
  readonly identityKey: Uint8Array;
  readonly registrationId: number;
  readonly signedPreKey: SignedPreKey;
  readonly oneTimePreKey?: OneTimePreKey;
  readonly kemPreKey: KemPreKey;
}

/**
 * What a message may cost before it is known to be genuine. A forged one may be as far ahead of its chain as the
 * protocol lets it, and shows that it is false only at the end of the way.
 */
export interface DecryptionWork {
  /**
   * Asked before an engine goes along a chain for a message that is not authenticated yet.
   * @param steps - of a ratchet's chain: derivations of a key
   * @throws SottoError `decryption-deferred` when they are not to be had now, `invalid-message` when they never will
   */
  spend(steps: number): void;
}

/** Input of the steps between two devices. */
export interface SessionInput {
  readonly our: OurDevice;
  readonly their: DeviceAddress;
  /**
   * The pinned identity key of the other account, 33 bytes: a step that would use another key
   * throws `identity-changed`. Without it any key is taken (first contact), and `decrypt` reports which.
   */
  readonly pinnedIdentityKey?: Uint8Array;
  /** Asked by `decrypt` alone. Without it every message is worth what the protocol allows. */
  readonly work?: DecryptionWork;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** An encrypted message. */
export interface EncryptedMessage {
  readonly kind: CiphertextKind;
  readonly ciphertext: Uint8Array;
  /** The other device's registration id as the session knows it. */
  readonly registrationId: number;
}

/** A decrypted message. */
export interface DecryptedMessage {
  /** Owned by the caller. */
  readonly plaintext: Uint8Array;
  /** The other account's identity key in the session that decrypted, 33 bytes. */
  readonly identityKey: Uint8Array;
  /** Ids of one-time keys this message used up; they are gone with the step's changes. */
  readonly usedPreKeys: { readonly oneTimeId?: number; readonly kemOneTimeId?: number };
}

/** What is known of a session without using it. */
export interface SessionState {
  /** There is a current session that can encrypt now. */
  readonly usable: boolean;
  /** The other device's registration id; absent without a current session. */
  readonly registrationId?: number;
}

/** Both halves of a safety number. */
export interface Fingerprint {
  /** 60 decimal digits, equal on both sides. */
  readonly displayable: string;
  /** The protobuf form for QR codes; `scannableMatches` compares. */
  readonly scannable: Uint8Array;
}

/** Input of {@link ProtocolEngine.fingerprint}. Ids are the 16 bytes of the account UUIDs; keys are 33 bytes. */
export interface FingerprintInput {
  readonly ourId: Uint8Array;
  readonly ourIdentityKey: Uint8Array;
  readonly theirId: Uint8Array;
  readonly theirIdentityKey: Uint8Array;
}

/**
 * The Signal protocol. Every method throws `SottoError` and then nothing has changed; records that
 * are not this engine's are `engine-record-invalid`, private keys that are none `invalid-key`. What does
 * not have the form that its type describes — an id, a number out of range — is the caller's defect and a
 * `TypeError`. `runEngineConformance` in `@sotto/sdk/testing` proves an engine.
 */
export interface ProtocolEngine extends GroupCipher, SealedSender, DecryptionErrors {
  /** Tags this engine's records, with {@link ProtocolEngine.recordVersion}. */
  readonly name: string;
  readonly recordVersion: number;
  readonly assurance: EngineAssurance;

  /** A new identity key pair. */
  generateIdentity(): Promise<IdentityKeyPair>;

  /** XEdDSA by an identity key over a message (spec: primitives 1.2). @returns 64 bytes */
  sign(identity: IdentityKeyPair, message: Uint8Array): Promise<Uint8Array>;

  /** Makes pre-keys, signed where their kind is. */
  generatePreKeys(input: GeneratePreKeysInput): Promise<EngineStep<GeneratedPreKeys>>;

  /** Forgets pre-keys that nothing in flight needs any more. Unknown ids are ignored. */
  removePreKeys(ids: {
    readonly oneTime?: readonly number[];
    readonly kem?: readonly number[];
    readonly signed?: readonly number[];
  }): Promise<EngineStep<undefined>>;

  /**
   * Starts a session from a bundle (PQXDH, initiator). An earlier session is archived, not lost.
   * @throws SottoError `invalid-bundle`, `identity-changed`
   */
  startSession(
    view: EngineView,
    input: SessionInput & { readonly bundle: SessionBundle },
  ): Promise<EngineStep<undefined>>;

  /** Whether there is a session to encrypt with. */
  sessionState(view: EngineView, their: DeviceAddress, now: number): Promise<SessionState>;

  /**
   * Encrypts with the current session.
   * @param input - `plaintext` stays the caller's
   * @throws SottoError `no-session`, `identity-changed`
   */
  encrypt(
    view: EngineView,
    input: SessionInput & { readonly plaintext: Uint8Array },
  ): Promise<EngineStep<EncryptedMessage>>;

  /**
   * Decrypts, starting a session if the message begins one.
   * @throws SottoError `invalid-message`, `duplicate-message`, `no-session`, `pre-key-missing`,
   * `pre-key-replayed`, `identity-changed` (with the key that was shown), `decryption-deferred` when
   * `input.work` says so and no state opens the message with less
   */
  decrypt(
    view: EngineView,
    input: SessionInput & { readonly kind: CiphertextKind; readonly ciphertext: Uint8Array },
  ): Promise<EngineStep<DecryptedMessage>>;

  /** Archives the current session, so that the next send starts a new one. No session is fine. */
  archiveSession(view: EngineView, their: DeviceAddress): Promise<EngineStep<undefined>>;

  /** Removes all sessions with a device. */
  removeSession(view: EngineView, their: DeviceAddress): Promise<EngineStep<undefined>>;

  /** The safety number of two accounts (version 2, 5,200 iterations; spec: fingerprint). */
  fingerprint(input: FingerprintInput): Promise<Fingerprint>;

  /**
   * Compares our scannable fingerprint with a scanned one, in constant time.
   * @throws SottoError `safety-number-mismatch` when they differ, `invalid-message` when the scanned one cannot be parsed
   */
  compareScannable(ours: Uint8Array, scanned: Uint8Array): Promise<void>;
}
