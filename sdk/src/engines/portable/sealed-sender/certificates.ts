/**
 * Server and sender certificates as bytes and as objects (spec: sealed-sender 6.1). Reading one checks its
 * form; whom to believe is decided in `trust.ts`.
 */
import { isSottoError, SottoError } from '../../../errors.js';
import { uuidLength, uuidText } from '../messages/uuid.js';
import { parsePublicKey, type IdentityKey, type PublicKey } from '../primitives/keys.js';
import { decode } from '../protobuf/decode.js';
import { encode } from '../protobuf/encode.js';
import { messageSchema } from '../protobuf/schema.js';

/** The key of a server that signs sender certificates. */
export type CertificateServerKey = PublicKey<'certificate-server'>;

const maxDeviceId = 127;

const signedSchema = messageSchema({
  certificate: { field: 1, type: 'bytes' },
  signature: { field: 2, type: 'bytes' },
});

const serverSchema = messageSchema({
  id: { field: 1, type: 'uint32' },
  key: { field: 2, type: 'bytes' },
});

const senderSchema = messageSchema({
  phoneNumber: { field: 1, type: 'string' },
  deviceId: { field: 2, type: 'uint32' },
  expires: { field: 3, type: 'fixed64' },
  identityKey: { field: 4, type: 'bytes' },
  signer: { field: 5, type: 'bytes', oneOf: 'signer' },
  uuid: { field: 6, type: 'string', oneOf: 'uuid' },
  uuidBytes: { field: 7, type: 'bytes', oneOf: 'uuid' },
  signerId: { field: 8, type: 'uint32', oneOf: 'signer' },
});

/** A certificate and its signature. */
interface Signed {
  /** What is signed, as it was received. */
  readonly certificate: Uint8Array;
  readonly signature: Uint8Array;
}

/** A server certificate read. */
export interface ServerCertificate extends Signed {
  readonly id: number;
  readonly key: CertificateServerKey;
}

/** A sender certificate read. */
export interface ParsedSenderCertificate extends Signed {
  /** Any text: whether it names an account is not a matter of form. */
  readonly uuid: string;
  readonly deviceId: number;
  /** Milliseconds since the Unix epoch, up to 2^64. */
  readonly expires: bigint;
  readonly identityKey: IdentityKey;
  /** `undefined` where only a number stands for it: we know no server by number. */
  readonly signer: ServerCertificate | undefined;
}

/** What a sender certificate says. */
export interface SenderCertificateFields {
  readonly uuid: string;
  readonly deviceId: number;
  readonly expires: bigint;
  readonly identityKey: IdentityKey;
  /** A serialized server certificate. */
  readonly signer: Uint8Array;
}

/**
 * Reads a server certificate.
 * @throws SottoError `invalid-certificate`
 */
export function parseServerCertificate(bytes: Uint8Array): ServerCertificate {
  return asCertificate(() => {
    const signed = parseSigned(bytes);
    const { id, key } = decode(serverSchema, signed.certificate);
    return { ...signed, id: present(id), key: parsePublicKey<'certificate-server'>(present(key)) };
  });
}

/**
 * Reads a sender certificate, and the server certificate in it.
 * @throws SottoError `invalid-certificate`
 */
export function parseSenderCertificate(bytes: Uint8Array): ParsedSenderCertificate {
  return asCertificate(() => {
    const signed = parseSigned(bytes);
    const fields = decode(senderSchema, signed.certificate);
    if (fields.signer === undefined) present(fields.signerId);
    return {
      ...signed,
      uuid: uuidOf(fields),
      deviceId: deviceIdOf(fields.deviceId),
      expires: present(fields.expires),
      identityKey: parsePublicKey<'identity'>(present(fields.identityKey)),
      signer: fields.signer && parseServerCertificate(fields.signer),
    };
  });
}

function parseSigned(bytes: Uint8Array): Signed {
  const { certificate, signature } = decode(signedSchema, bytes);
  return { certificate: present(certificate), signature: present(signature) };
}

function uuidOf(fields: {
  readonly uuid: string | undefined;
  readonly uuidBytes: Uint8Array | undefined;
}): string {
  if (fields.uuid !== undefined) return fields.uuid;
  const bytes = present(fields.uuidBytes);
  if (bytes.length !== uuidLength) throw new SottoError('invalid-certificate');
  return uuidText(bytes);
}

function deviceIdOf(value: number | undefined): number {
  const deviceId = present(value);
  if (deviceId < 1 || deviceId > maxDeviceId) throw new SottoError('invalid-certificate');
  return deviceId;
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new SottoError('invalid-certificate');
  return value;
}

function asCertificate<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (isSottoError(error)) throw new SottoError('invalid-certificate', { cause: error });
    throw error;
  }
}

/** What is signed of a server certificate. */
export function serverCertificateContent(id: number, key: CertificateServerKey): Uint8Array {
  return encode(serverSchema, { id, key });
}

/** What is signed of a sender certificate. */
export function senderCertificateContent(fields: SenderCertificateFields): Uint8Array {
  return encode(senderSchema, { ...fields });
}

/** A certificate of either kind: what is signed, and the signature. */
export function serializeCertificate(certificate: Uint8Array, signature: Uint8Array): Uint8Array {
  return encode(signedSchema, { certificate, signature });
}
