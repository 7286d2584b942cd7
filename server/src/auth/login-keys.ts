/** How login keys are kept: Argon2id over 32 bytes that the client derived from the password. Knows no account. */
import { hash, verify } from '@node-rs/argon2';
import { toBase64Url } from '@sotto/sdk/wire';
import type { HashGate } from '../hash-gate.js';

/** Names how a stored hash was made: the client's derivation and ours. A next one gets a new name. */
export const currentAuthScheme = 'scrypt-hkdf-v1+argon2id-v1';

/**
 * 19 MiB, 2 passes, 1 lane: OWASP's first choice (Argon2id is the library's default). The login key is
 * behind scrypt with 32 MiB already, so who steals the database pays for both per guess.
 */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** See the file's header. */
export interface LoginKeys {
  /** @returns the encoded hash, parameters and salt included */
  hash(loginKey: Uint8Array): Promise<string>;
  /** Whether the key is the hashed one. */
  matches(loginKeyHash: string, loginKey: Uint8Array): Promise<boolean>;
}

/** @param gate - bounds the hashing that waits */
export function createLoginKeys(gate: HashGate): LoginKeys {
  // As text: the library's `verify` takes no bytes that are not UTF-8, though its `hash` does.
  return {
    hash: (loginKey) => gate.run(() => hash(toBase64Url(loginKey), parameters)),
    matches: (loginKeyHash, loginKey) => gate.run(() => verify(loginKeyHash, toBase64Url(loginKey))),
  };
}
