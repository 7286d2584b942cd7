/** The device auth key: Ed25519, signs what a stolen token alone must not be able to do. */
import type { Random } from '../ports/host.js';
import { Secret } from '../secret.js';
import { ed25519PublicKey, ed25519Sign } from '../verification/ed25519.js';

/** Makes a seed. @returns 32 bytes */
export function generateDeviceAuthSeed(random: Random): Secret {
  return new Secret(random.bytes(32));
}

/** The public key of a seed. @returns 32 bytes */
export function deviceAuthPublicKey(seed: Secret): Uint8Array<ArrayBuffer> {
  return ed25519PublicKey(seed.expose());
}

/** Signs with a seed. @returns 64 bytes */
export function signWithDeviceAuthKey(seed: Secret, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return ed25519Sign(message, seed.expose());
}
