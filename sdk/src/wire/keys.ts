/** Pre-keys on the wire: uploads, per-key results and the bundles handed out. */
import * as z from 'zod/mini';
import { accountStatement, deviceManifest, signature } from './account.js';
import { jsonBytes } from './bytes.js';
import { deviceId, preKeyId, registrationId } from './ids.js';
import { wireLimits } from './limits.js';

/** An EC public key: 33 bytes with the type byte 0x05. */
export const ecPublicKey = jsonBytes({ min: 33, max: 33 });
/** A KEM public key: 1,569 bytes with the type byte 0x08 (Kyber1024). */
export const kemPublicKey = jsonBytes({ min: 1569, max: 1569 });

/** A one-time EC pre-key. */
export const oneTimePreKey = z.strictObject({ id: preKeyId, publicKey: ecPublicKey });
/** See {@link oneTimePreKey}. */
export type OneTimePreKey = z.output<typeof oneTimePreKey>;

/** A signed EC pre-key; the identity key signs the 33 bytes. */
export const signedPreKey = z.strictObject({ id: preKeyId, publicKey: ecPublicKey, signature });
/** See {@link signedPreKey}. */
export type SignedPreKey = z.output<typeof signedPreKey>;

/** A KEM pre-key, one-time or last-resort; the identity key signs the 1,569 bytes. */
export const kemPreKey = z.strictObject({ id: preKeyId, publicKey: kemPublicKey, signature });
/** See {@link kemPreKey}. */
export type KemPreKey = z.output<typeof kemPreKey>;

/** The kinds of pre-key a device keeps at the relay. */
export const preKeyKind = z.enum(['signed', 'one-time', 'kem-one-time', 'kem-last-resort']);
/** See {@link preKeyKind}. */
export type PreKeyKind = z.output<typeof preKeyKind>;

/** The keys of an upload. Every part may be absent; what is there is stored key by key. */
export const preKeyUpload = z.strictObject({
  signed: z.optional(signedPreKey),
  kemLastResort: z.optional(kemPreKey),
  oneTime: z.optional(z.array(oneTimePreKey).check(z.maxLength(wireLimits.maxPreKeysPerUpload))),
  kemOneTime: z.optional(z.array(kemPreKey).check(z.maxLength(wireLimits.maxPreKeysPerUpload))),
  /** One-time keys that are there and not in this upload go first: the device has begun anew. */
  replace: z.optional(z.literal(true)),
});
/** See {@link preKeyUpload}. */
export type PreKeyUpload = z.output<typeof preKeyUpload>;

/**
 * What became of one uploaded key. `stored` and `unchanged` (same id, same key: an upload repeated)
 * are success; `conflict` is the same id with another key or one already handed out; `invalid` is
 * a signature or encoding that does not verify; `full` means the device has its maximum already.
 * One bad key never blocks the others.
 */
export const preKeyUploadResult = z.strictObject({
  kind: preKeyKind,
  id: preKeyId,
  status: z.enum(['stored', 'unchanged', 'conflict', 'invalid', 'full']),
});
/** See {@link preKeyUploadResult}. */
export type PreKeyUploadResult = z.output<typeof preKeyUploadResult>;

/** What the relay still holds for the asking device. */
export const preKeyStatus = z.strictObject({
  oneTime: z.int().check(z.minimum(0)),
  kemOneTime: z.int().check(z.minimum(0)),
  signedId: z.nullable(preKeyId),
  kemLastResortId: z.nullable(preKeyId),
});
/** See {@link preKeyStatus}. */
export type PreKeyStatus = z.output<typeof preKeyStatus>;

/** One device's keys for starting a session. A one-time EC key is absent when the stock is used up. */
export const deviceBundle = z.strictObject({
  deviceId,
  registrationId,
  signedPreKey,
  oneTimePreKey: z.optional(oneTimePreKey),
  kemPreKey,
  /** True when `kemPreKey` is the last-resort key, which is handed out more than once. */
  kemLastResort: z.boolean(),
});
/** See {@link deviceBundle}. */
export type DeviceBundle = z.output<typeof deviceBundle>;

/** An account's statement, manifest and the bundles asked for. */
export const accountBundle = z.strictObject({
  statement: accountStatement,
  manifest: deviceManifest,
  devices: z.array(deviceBundle).check(z.maxLength(wireLimits.maxDevicesPerAccount)),
});
/** See {@link accountBundle}. */
export type AccountBundle = z.output<typeof accountBundle>;
