/**
 * The part of the engine port for sealed sender (spec: sealed-sender): a message whose sender only its
 * recipient learns, proved by a certificate. Knows no relay and no access key. Trust roots are the
 * caller's; none is built in.
 */
import type { Secret } from '../secret.js';
import type { CiphertextKind, DeviceAddress } from '../wire/index.js';
import type { EngineView, OurDevice } from './engine-steps.js';

/** What a sealed message can carry. */
export type SealedKind = CiphertextKind | 'sender-key' | 'plaintext';

/** What the sender asks for should the content not decrypt; other numbers are kept as they are. */
export const contentHints = {
  /** Nothing: the recipient says that a message was lost. */
  default: 0,
  /** The sender keeps the message and sends it again on request. */
  resendable: 1,
  /** Nothing a person would miss. */
  implicit: 2,
} as const;

/** The inside of a sealed message. */
export interface SealedContent {
  readonly kind: SealedKind;
  /** A serialized message of that kind. */
  readonly message: Uint8Array;
  /** One of {@link contentHints}, or another unsigned 32-bit number. */
  readonly contentHint: number;
  /** Absent for one-to-one messages. */
  readonly groupId?: Uint8Array;
}

/** A sender certificate that was read and whose signatures were checked. */
export interface SenderCertificate {
  readonly sender: DeviceAddress;
  /** 33 bytes. */
  readonly identityKey: Uint8Array;
  /** The last valid moment, milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/** What certificates are held against. */
export interface CertificateTrust {
  /** Public keys of 33 bytes, one of which must have signed; with none nothing is believed. */
  readonly trustRoots: readonly Uint8Array[];
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** An opened sealed message. */
export interface UnsealedMessage {
  /** Its identity key is the one that sealed; whether it is the pinned one is the caller's to check. */
  readonly sender: SenderCertificate;
  readonly content: SealedContent;
}

/** Sealed sender. Nothing here changes a record. */
export interface SealedSender {
  /**
   * Issues a server certificate.
   * @param input - `publicKey` (33 bytes) is what sender certificates are signed with; `id` an unsigned
   * 32-bit number, of which 0xDEADC357 is believed by nobody
   * @returns a serialized ServerCertificate
   * @throws SottoError `invalid-key`
   */
  issueServerCertificate(input: {
    readonly id: number;
    readonly publicKey: Uint8Array;
    /** 32 bytes, stays the caller's. */
    readonly trustRoot: Secret;
  }): Promise<Uint8Array>;

  /**
   * Issues a sender certificate.
   * @param input - `signingKey` is the private half of the server certificate's key, 32 bytes; whether it
   * is, is not checked
   * @returns a serialized SenderCertificate with the server certificate inside
   * @throws SottoError `invalid-key`; `invalid-certificate` when the server certificate cannot be parsed
   */
  issueSenderCertificate(input: {
    readonly serverCertificate: Uint8Array;
    readonly signingKey: Secret;
    readonly sender: DeviceAddress;
    /** 33 bytes. */
    readonly identityKey: Uint8Array;
    /** Milliseconds since the Unix epoch. */
    readonly expiresAt: number;
  }): Promise<Uint8Array>;

  /**
   * Reads a sender certificate and checks its signatures up to a trust root, then its end.
   * @throws SottoError `invalid-certificate` when it cannot be parsed, carries no server certificate or a
   * revoked one, is not signed up to a trust root, names no account in lower case or ends beyond 2^53 ms,
   * and when a trust root is no key; `certificate-expired` when it is genuine and `now` is after its end
   */
  verifySenderCertificate(certificate: Uint8Array, trust: CertificateTrust): Promise<SenderCertificate>;

  /**
   * Seals content for all devices of one recipient (version 1).
   * @param input - `certificate` is our own sender certificate: one for another identity key seals, but
   * nobody opens it; `theirIdentityKey` has 33 bytes. An empty group id is left out
   * @throws SottoError `invalid-certificate` when it cannot be parsed; `invalid-key`, also when an agreement
   * with it comes to nothing
   */
  seal(input: {
    readonly our: OurDevice;
    readonly certificate: Uint8Array;
    readonly content: SealedContent;
    readonly theirIdentityKey: Uint8Array;
  }): Promise<Uint8Array>;

  /**
   * Seals content once for many devices (version 2, the sent form a relay splits).
   * @param input - `recipients` in order, devices of one account adjacent; each needs a current session,
   * whose registration id goes in, and of an account the key of its first device counts. `excluded` are
   * account ids to whom the relay must not deliver
   * @returns the sent form; a relay that parses it refuses one account both among recipients and excluded
   * @throws SottoError `no-session` when a recipient has no current one; `invalid-certificate`,
   * `invalid-key` as {@link SealedSender.seal}; `invalid-registration-id` when one does not fit in 14 bits
   */
  sealForMany(
    view: EngineView,
    input: {
      readonly our: OurDevice;
      readonly certificate: Uint8Array;
      readonly content: SealedContent;
      readonly recipients: readonly { readonly address: DeviceAddress; readonly identityKey: Uint8Array }[];
      readonly excluded?: readonly string[];
    },
  ): Promise<Uint8Array>;

  /**
   * Cuts what one account receives out of a sent form: what a relay does with it. All devices of an
   * account receive the same.
   * @throws SottoError `invalid-message` when it cannot be parsed, or the account is not in it or excluded
   */
  splitSealed(sent: Uint8Array, accountId: string): Promise<Uint8Array>;

  /**
   * Opens a sealed message of either version and checks its certificate. The content is then decrypted
   * by its kind.
   * @throws SottoError, checked in this order: `invalid-message` when it does not open under our identity
   * key, cannot be parsed, or was sealed with another key than its certificate's; `invalid-certificate` and
   * `certificate-expired` as {@link SealedSender.verifySenderCertificate}; `sealed-by-self` when the
   * certificate names this very device. Of another device of our account it is taken
   */
  unseal(
    input: { readonly our: OurDevice; readonly sealed: Uint8Array } & CertificateTrust,
  ): Promise<UnsealedMessage>;
}
