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
  /** Public keys of 33 bytes, one of which must have signed; at least one. */
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
   * @param input - `publicKey` (33 bytes) is what sender certificates are signed with; `id` an unsigned 32-bit number
   * @returns a serialized ServerCertificate
   */
  issueServerCertificate(input: {
    readonly id: number;
    readonly publicKey: Uint8Array;
    /** 32 bytes, stays the caller's. */
    readonly trustRoot: Secret;
  }): Promise<Uint8Array>;

  /**
   * Issues a sender certificate.
   * @param input - `signingKey` is the private half of the server certificate's key, 32 bytes
   * @returns a serialized SenderCertificate with the server certificate inside
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
   * @throws SottoError `invalid-certificate`, `certificate-expired`
   */
  verifySenderCertificate(certificate: Uint8Array, trust: CertificateTrust): Promise<SenderCertificate>;

  /**
   * Seals content for all devices of one recipient (version 1).
   * @param input - `certificate` is our own sender certificate; `theirIdentityKey` has 33 bytes
   * @throws SottoError `invalid-certificate` when it cannot be parsed, `invalid-key`
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
   * whose registration id goes in. `excluded` are account ids to whom the relay must not deliver
   * @throws SottoError `no-session`, `invalid-certificate`, `invalid-key`; `invalid-registration-id` when
   * one does not fit in 14 bits
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
   * Cuts what one account receives out of a sent form: what a relay does with it.
   * @throws SottoError `invalid-message` when it cannot be parsed or the account is not in it
   */
  splitSealed(sent: Uint8Array, accountId: string): Promise<Uint8Array>;

  /**
   * Opens a sealed message of either version and checks its certificate. The content is then decrypted
   * by its kind.
   * @throws SottoError `invalid-message`, `invalid-certificate`, `certificate-expired`;
   * `sealed-by-self` when this very device sealed it
   */
  unseal(
    input: { readonly our: OurDevice; readonly sealed: Uint8Array } & CertificateTrust,
  ): Promise<UnsealedMessage>;
}
