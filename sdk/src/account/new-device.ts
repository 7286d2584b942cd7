/** A device as it begins, and the signed list it stands in. Knows no relay and no storage. */
import type { Host } from '../host.js';
import type { IdentityKeyPair, ProtocolEngine } from '../ports/index.js';
import type { Secret } from '../secret.js';
import { manifestBytes, type DeviceId, type DeviceManifest, type ManifestDevice } from '../wire/index.js';
import { deviceAuthPublicKey, generateDeviceAuthSeed } from './device-auth-key.js';
import { drawRegistrationId } from './device-ids.js';

const dayMs = 24 * 60 * 60 * 1000;

/** A device that no relay knows yet. */
export interface NewDevice {
  readonly deviceId: DeviceId;
  readonly registrationId: number;
  readonly deviceAuthSeed: Secret;
  /** As a manifest lists it. */
  readonly listed: ManifestDevice;
}

/** Draws a registration id and a device auth key. */
export function newDevice(deviceId: DeviceId, { random, clock }: Pick<Host, 'random' | 'clock'>): NewDevice {
  const registrationId = drawRegistrationId(random);
  const deviceAuthSeed = generateDeviceAuthSeed(random);
  const authKey = deviceAuthPublicKey(deviceAuthSeed);
  const addedDay = Math.floor(clock.now() / dayMs);
  return {
    deviceId,
    registrationId,
    deviceAuthSeed,
    listed: { deviceId, registrationId, authKey, addedDay },
  };
}

/** Signs a list of devices with the identity key. */
export async function signManifest(
  engine: ProtocolEngine,
  identity: IdentityKeyPair,
  unsigned: Omit<DeviceManifest, 'signature'>,
): Promise<DeviceManifest> {
  const signature = await engine.sign(identity, manifestBytes(unsigned));
  return { ...unsigned, signature: signature as Uint8Array<ArrayBuffer> };
}
