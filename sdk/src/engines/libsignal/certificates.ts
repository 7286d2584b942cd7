/** Server and sender certificates over libsignal. Knows no message. */
import {
  PrivateKey,
  SenderCertificate as NativeCertificate,
  ServerCertificate,
} from '@signalapp/libsignal-client';
import { SottoError } from '../../errors.js';
import type { CertificateTrust, SealedSender, SenderCertificate } from '../../ports/index.js';
import { deviceAddress as deviceAddressSchema } from '../../wire/index.js';
import { assertDeviceAddress, assertTimestampMs, assertUint32 } from './arguments.js';
import { plainBytes, publicKeyFrom } from './bytes.js';
import { translated } from './errors.js';

/** See `SealedSender.issueServerCertificate`. */
export function issueServerCertificate({
  id,
  publicKey,
  trustRoot,
}: Parameters<SealedSender['issueServerCertificate']>[0]): Uint8Array {
  assertUint32(id, 'the id of a server certificate');
  const key = publicKeyFrom('sign', publicKey);
  const root = plainBytes(trustRoot.expose());
  return translated('sign', () => ServerCertificate.new(id, key, PrivateKey.deserialize(root)).serialize());
}

/** See `SealedSender.issueSenderCertificate`. */
export function issueSenderCertificate({
  serverCertificate,
  signingKey,
  sender,
  identityKey,
  expiresAt,
}: Parameters<SealedSender['issueSenderCertificate']>[0]): Uint8Array {
  assertDeviceAddress(sender);
  assertTimestampMs(expiresAt, 'expiresAt');
  const key = publicKeyFrom('sign', identityKey);
  const signer = plainBytes(signingKey.expose());
  const issuer = translated('certificate', () =>
    ServerCertificate.deserialize(plainBytes(serverCertificate)),
  );
  const { accountId, deviceId } = sender;
  return translated('sign', () =>
    NativeCertificate.new(
      accountId,
      null,
      deviceId,
      key,
      expiresAt,
      issuer,
      PrivateKey.deserialize(signer),
    ).serialize(),
  );
}

/** libsignal's certificate from its bytes. @throws SottoError `invalid-certificate` */
export function certificateFrom(bytes: Uint8Array): NativeCertificate {
  return translated('certificate', () => NativeCertificate.deserialize(plainBytes(bytes)));
}

/**
 * Checks a certificate up to a trust root, then its end: libsignal gives one verdict for both, so the
 * signatures are looked at as of the certificate's last moment.
 * @throws SottoError `invalid-certificate`, `certificate-expired`
 */
export function checkCertificate(
  certificate: NativeCertificate,
  { trustRoots, now }: CertificateTrust,
): SenderCertificate {
  const roots = trustRoots.map((root) => publicKeyFrom('certificate', root));
  // All in here: an end beyond 2^53 ms is a RangeError of libsignal's.
  const read = translated('certificate', () => contentOf(certificate));
  const genuine = translated('certificate', () => certificate.validateWithTrustRoots(roots, read.expiresAt));
  const sender = deviceAddressSchema.safeParse(read.sender);
  if (!genuine || !sender.success) throw new SottoError('invalid-certificate');
  // Also where `now` is no number.
  if (!(now <= read.expiresAt)) throw new SottoError('certificate-expired');
  return { ...read, sender: sender.data };
}

function contentOf(certificate: NativeCertificate) {
  return {
    sender: { accountId: certificate.senderUuid(), deviceId: certificate.senderDeviceId() },
    identityKey: certificate.key().serialize(),
    expiresAt: certificate.expiration(),
  };
}
