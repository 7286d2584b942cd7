/**
 * Account statements and device manifests: what an identity key says about its account.
 * Shapes and signed bytes only; signing and verifying are elsewhere.
 */
import * as z from 'zod/mini';
import { jsonBytes, toBase64Url } from './bytes.js';
import { canonicalJson } from './canonical-json.js';
import { accountId, deviceId, registrationId, username } from './ids.js';
import { wireLimits } from './limits.js';

/** An identity public key: 33 bytes, type byte 0x05 and the Montgomery u-coordinate. */
export const identityKey = jsonBytes({ min: 33, max: 33 });
/** A signature: 64 bytes (XEdDSA by an identity key, Ed25519 by a device auth key). */
export const signature = jsonBytes({ min: 64, max: 64 });
/** A device auth key: 32 bytes, an Ed25519 public key. */
export const deviceAuthKey = jsonBytes({ min: 32, max: 32 });
/** A SHA-256 hash. */
export const sha256Hash = jsonBytes({ min: 32, max: 32 });

/** Who an account is: account id, name and identity key, signed by that key under `sotto-account-v1`. */
export const accountStatement = z.strictObject({ accountId, username, identityKey, signature });
/** See {@link accountStatement}. */
export type AccountStatement = z.output<typeof accountStatement>;

/** One device in a manifest. `addedDay` counts days since the Unix epoch. */
export const manifestDevice = z.strictObject({
  deviceId,
  registrationId,
  authKey: deviceAuthKey,
  addedDay: z.int().check(z.minimum(0), z.maximum(1_000_000)),
});
/** See {@link manifestDevice}. */
export type ManifestDevice = z.output<typeof manifestDevice>;

/** The devices of an account, versioned and hash-chained, signed by the identity key under `sotto-devices-v1`. */
export const deviceManifest = z.strictObject({
  accountId,
  version: z.int().check(z.minimum(1), z.maximum(0x7fffffff)),
  /** SHA-256 over the signed bytes of the version before; `null` for version 1. */
  previousHash: z.nullable(sha256Hash),
  devices: z.array(manifestDevice).check(z.minLength(1), z.maxLength(wireLimits.maxDevicesPerAccount)),
  signature,
});
/** See {@link deviceManifest}. */
export type DeviceManifest = z.output<typeof deviceManifest>;

const encoder = new TextEncoder();

/** `label ‖ 0 ‖ canonical JSON`: the form of everything an identity or device auth key signs. */
export function labelledBytes(label: string, json: string): Uint8Array {
  return encoder.encode(`${label}\0${json}`);
}

/** The bytes a statement's signature covers. */
export function statementBytes(statement: Omit<AccountStatement, 'signature'>): Uint8Array {
  const { accountId, username, identityKey } = statement;
  return labelledBytes(
    'sotto-account-v1',
    canonicalJson({ accountId, username, identityKey: toBase64Url(identityKey) }),
  );
}

/** The bytes a manifest's signature covers; their SHA-256 is the next version's `previousHash`. */
export function manifestBytes(manifest: Omit<DeviceManifest, 'signature'>): Uint8Array {
  const { accountId, version, previousHash, devices } = manifest;
  return labelledBytes(
    'sotto-devices-v1',
    canonicalJson({
      accountId,
      version,
      previousHash: previousHash && toBase64Url(previousHash),
      devices: devices.map((device) => ({ ...device, authKey: toBase64Url(device.authKey) })),
    }),
  );
}
