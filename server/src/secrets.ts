/**
 * The relay's keys, all derived from its one secret. Held as key objects, which print nothing of
 * what they hold. Knows neither where the secret comes from nor what the keys are used for.
 */
import { createPrivateKey, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** Keys with distinct labels: none says anything about another. */
export interface RelaySecrets {
  /** Signs access tokens. */
  readonly accessTokenKey: KeyObject;
  /** Derives refresh tokens. */
  readonly refreshTokenKey: KeyObject;
  /** Authenticates introduction and delivery tokens. */
  readonly reachTokenKey: KeyObject;
  /** Makes the records that stand in for unknown accounts. */
  readonly decoyKey: KeyObject;
  /** Hides the subjects of rate limits where nodes share their counters. */
  readonly limitKey: KeyObject;
}

/** PKCS #8 around a raw Ed25519 seed (RFC 8410). */
const ed25519Pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

function derive(secret: Uint8Array, label: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, new Uint8Array(), label, 32));
}

/** An Ed25519 private key from its 32-byte seed. */
export function ed25519KeyFromSeed(seed: Uint8Array): KeyObject {
  const der = Buffer.concat([ed25519Pkcs8Prefix, seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/**
 * Derives the relay's keys.
 * @param secret - 32 bytes
 */
export function deriveRelaySecrets(secret: Uint8Array): RelaySecrets {
  return {
    accessTokenKey: ed25519KeyFromSeed(derive(secret, 'sotto relay access token v1')),
    refreshTokenKey: createSecretKey(derive(secret, 'sotto relay refresh token v1')),
    reachTokenKey: createSecretKey(derive(secret, 'sotto relay reach token v1')),
    decoyKey: createSecretKey(derive(secret, 'sotto relay decoy v1')),
    limitKey: createSecretKey(derive(secret, 'sotto relay limit subject v1')),
  };
}
