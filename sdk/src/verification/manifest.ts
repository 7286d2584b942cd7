/** Verification of device manifests and of their chain. Knows no storage: what was seen before is an argument. */
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes } from '../bytes.js';
import { SottoError } from '../errors.js';
import { manifestBytes, type DeviceManifest } from '../wire/index.js';
import { assertBytes, assertObject } from './checks.js';
import { verifySignature } from './xeddsa.js';

/** The manifest of an account that was seen last. */
export interface SeenManifest {
  readonly version: number;
  /** {@link manifestHash} of it, 32 bytes. */
  readonly hash: Uint8Array;
}

/** What a manifest is held against. */
export interface ManifestExpectation {
  /** 33 bytes: the pinned identity key, or the one of the verified statement. */
  readonly identityKey: Uint8Array;
  /** The account asked for. */
  readonly accountId: string;
  /** Absent at first contact. */
  readonly previous?: SeenManifest | undefined;
}

/**
 * SHA-256 over the signed bytes of a manifest: the `previousHash` of the version after it.
 * @returns 32 bytes
 */
export function manifestHash(manifest: Omit<DeviceManifest, 'signature'>): Uint8Array {
  return sha256(manifestBytes(manifest));
}

/**
 * Verifies a manifest: its signature, its account, its own rules (device ids strictly ascending;
 * `previousHash` null exactly in version 1) and its place after the one seen last. The same version
 * must have the same hash, and the next version must carry it as `previousHash`. A version that is
 * higher by more than one is accepted as higher: the versions between were not seen, so their chain
 * cannot be checked.
 * @param manifest - as the wire schema `deviceManifest` decodes it
 * @throws SottoError `invalid-key`, `invalid-signature`; `statement-mismatch` when it is another
 * account's; `invalid-manifest` when it breaks its own rules; `manifest-rollback` when it is older than
 * the one seen last, or forks from it
 * @throws TypeError when a member is not of the schema's type
 */
export function verifyManifest(manifest: DeviceManifest, expected: ManifestExpectation): void {
  assertObject(manifest, 'manifest');
  assertObject(expected, 'expected');
  verifySignature(expected.identityKey, manifestBytes(manifest), manifest.signature);
  if (manifest.accountId !== expected.accountId) throw new SottoError('statement-mismatch');
  assertOwnRules(manifest);
  if (expected.previous) assertFollows(manifest, expected.previous);
}

function assertOwnRules(manifest: DeviceManifest): void {
  const { version, previousHash, devices } = manifest;
  const ascending = devices.every((device, index) => {
    const before = devices[index - 1];
    return before === undefined || before.deviceId < device.deviceId;
  });
  const first = version === 1;
  if (devices.length === 0 || !ascending || first !== (previousHash === null)) {
    throw new SottoError('invalid-manifest');
  }
}

function assertFollows(manifest: DeviceManifest, previous: SeenManifest): void {
  assertBytes(previous.hash, 'previous.hash');
  const step = manifest.version - previous.version;
  // `!(step >= 0)` also refuses NaN, whatever a caller passes as version.
  if (!(step >= 0)) throw new SottoError('manifest-rollback');
  if (step === 0 && !equalBytes(manifestHash(manifest), previous.hash)) {
    throw new SottoError('manifest-rollback');
  }
  if (step === 1 && !equalBytes(manifest.previousHash ?? new Uint8Array(), previous.hash)) {
    throw new SottoError('manifest-rollback');
  }
}
