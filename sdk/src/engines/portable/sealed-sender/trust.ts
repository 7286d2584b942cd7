/**
 * Issuing certificates and believing them (spec: sealed-sender 6.1). Trust roots are the caller's; none is
 * built in, and no server is known by a number. Knows no seal.
 */
import { SottoError } from '../../../errors.js';
import type { CertificateTrust, SenderCertificate } from '../../../ports/index.js';
import type { Secret } from '../../../secret.js';
import type { AccountId, DeviceAddress, DeviceId } from '../../../wire/index.js';
import { isLowerCaseUuid } from '../messages/uuid.js';
import { parseExactPublicKey, parsePrivateKey, type PublicKey } from '../primitives/keys.js';
import type { Primitives } from '../primitives/primitives.js';
import { xeddsaSign } from '../primitives/xeddsa.js';
import {
  parseSenderCertificate,
  parseServerCertificate,
  senderCertificateContent,
  serializeCertificate,
  serverCertificateContent,
  type ParsedSenderCertificate,
  type ServerCertificate,
} from './certificates.js';
import { signatureMemory } from './signature-memory.js';

/** A server certificate of the protocol's tests whose key is known to everybody. */
const revokedServerId = 0xdeadc357;

const maxServerId = 0xffffffff;
const maxDeviceId = 127;

/**
 * See `SealedSender.issueServerCertificate`.
 * @throws SottoError `invalid-key`
 * @throws TypeError when the id is not an unsigned 32-bit number
 */
export function issueServerCertificate(
  primitives: Primitives,
  input: { readonly id: number; readonly publicKey: Uint8Array; readonly trustRoot: Secret },
): Uint8Array {
  const { id, publicKey, trustRoot } = input;
  if (!Number.isInteger(id) || id < 0 || id > maxServerId) throw new TypeError('not an id of a certificate');
  return issue(primitives, serverCertificateContent(id, parseExactPublicKey(publicKey)), trustRoot);
}

/**
 * See `SealedSender.issueSenderCertificate`.
 * @throws SottoError `invalid-key`, `invalid-certificate`
 * @throws TypeError when the address or the time is none
 */
export function issueSenderCertificate(
  primitives: Primitives,
  input: {
    readonly serverCertificate: Uint8Array;
    readonly signingKey: Secret;
    readonly sender: DeviceAddress;
    readonly identityKey: Uint8Array;
    readonly expiresAt: number;
  },
): Uint8Array {
  const { serverCertificate, signingKey, sender, expiresAt } = input;
  assertSender(sender);
  if (!Number.isSafeInteger(expiresAt) || expiresAt < 0)
    throw new TypeError('expiresAt is whole milliseconds');
  parseServerCertificate(serverCertificate);
  const content = senderCertificateContent({
    uuid: sender.accountId,
    deviceId: sender.deviceId,
    expires: BigInt(expiresAt),
    identityKey: parseExactPublicKey<'identity'>(input.identityKey),
    signer: serverCertificate,
  });
  return issue(primitives, content, signingKey);
}

function issue(primitives: Primitives, content: Uint8Array, key: Secret): Uint8Array {
  return serializeCertificate(
    content,
    xeddsaSign(primitives, { privateKey: parsePrivateKey(key.expose()) }, content),
  );
}

function assertSender({ accountId, deviceId }: DeviceAddress): void {
  const isDevice = Number.isInteger(deviceId) && deviceId >= 1 && deviceId <= maxDeviceId;
  if (!isDevice || !isLowerCaseUuid(accountId)) throw new TypeError('not a device address');
}

/** See `SealedSender.verifySenderCertificate`. */
export function verifySenderCertificate(certificate: Uint8Array, trust: CertificateTrust): SenderCertificate {
  return believe(parseSenderCertificate(certificate), trust);
}

/**
 * Checks a certificate's signatures up to a trust root, then its end. An account id is a UUID in lower case
 * and times are below 2^53 ms here; what says otherwise is not from a server of ours.
 * @throws SottoError `invalid-certificate`, also when a trust root is no key; `certificate-expired`
 */
export function believe(certificate: ParsedSenderCertificate, trust: CertificateTrust): SenderCertificate {
  const { signer, uuid, expires } = certificate;
  if (!signer || !isBelievedServer(signer, trust) || !isSigned(certificate, signer)) {
    throw new SottoError('invalid-certificate');
  }
  const expiresAt = Number(expires);
  if (!isLowerCaseUuid(uuid) || !Number.isSafeInteger(expiresAt)) throw new SottoError('invalid-certificate');
  // Also where `now` is no number.
  if (!(trust.now <= expiresAt)) throw new SottoError('certificate-expired');
  return {
    sender: { accountId: uuid as AccountId, deviceId: certificate.deviceId as DeviceId },
    identityKey: certificate.identityKey.slice(),
    expiresAt,
  };
}

function isBelievedServer(
  { id, certificate, signature }: ServerCertificate,
  { trustRoots }: CertificateTrust,
): boolean {
  const roots = trustRoots.map(rootFrom);
  return id !== revokedServerId && signatureMemory.isSignedByOne(roots, certificate, signature);
}

/** What is no key has signed nothing. */
function rootFrom(bytes: Uint8Array): PublicKey {
  try {
    return parseExactPublicKey(bytes);
  } catch (cause) {
    throw new SottoError('invalid-certificate', { cause });
  }
}

function isSigned(certificate: ParsedSenderCertificate, { key }: ServerCertificate): boolean {
  return signatureMemory.isSignedByOne([key], certificate.certificate, certificate.signature);
}
