/**
 * From secret to chunk key (docs/backup-format.md): a derivation that costs what the header says, then HKDF for
 * the key and a commitment to it. Knows no chunk and no stream.
 */
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes, utf8 } from '../bytes.js';
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import { Secret } from '../secret.js';
import type { BackupSecret } from './archive-content.js';
import type { ArchiveHeader, ArchiveSecretKind } from './header.js';
import type { KeyDerivation } from './key-derivation.js';
import { parseRecoveryKey } from './recovery-key.js';

const label = utf8('sotto backup v1');

/** A secret as the derivation takes it: 16 bytes of a recovery key, or a password in NFKC. */
export interface SecretBytes {
  readonly kind: ArchiveSecretKind;
  /** Wiped by whoever asked for it. */
  readonly bytes: Secret;
}

/**
 * Reads a secret.
 * @throws SottoError `invalid-recovery-key`, `weak-password` for fewer than 8 or more than 1,024 characters
 * @throws TypeError when it is neither a recovery key nor a password
 */
export function secretBytes(secret: BackupSecret): SecretBytes {
  if (typeof secret?.recoveryKey === 'string' && secret.password === undefined) {
    return { kind: 'recovery-key', bytes: parseRecoveryKey(secret.recoveryKey) };
  }
  if (typeof secret?.password !== 'string' || secret.recoveryKey !== undefined) {
    throw new TypeError('secret must be a recovery key or a password');
  }
  const length = [...secret.password].length;
  if (length < limits.minPasswordLength || length > limits.maxPasswordLength) {
    throw new SottoError('weak-password');
  }
  return { kind: 'password', bytes: new Secret(utf8(secret.password.normalize('NFKC'))) };
}

/** What is derived for one archive. */
export interface ArchiveKeys {
  /** AES-256-GCM, not extractable. */
  readonly chunkKey: CryptoKey;
  /** 32 bytes, for the header. */
  readonly commitment: Uint8Array;
}

/** Derives both. The salt is the header's. @throws SottoError `kdf-memory`, and what stops the derivation */
export async function deriveArchiveKeys(
  { kdf, salt }: Pick<ArchiveHeader, 'kdf' | 'salt'>,
  secret: SecretBytes,
  derive: KeyDerivation,
): Promise<ArchiveKeys> {
  const master = await derive(kdf, secret.bytes.expose(), salt);
  const output = hkdf(sha256, master, salt, label, 64);
  master.fill(0);
  try {
    const chunkKey = await crypto.subtle.importKey('raw', output.slice(0, 32), 'AES-GCM', false, [
      'encrypt',
      'decrypt',
    ]);
    return { chunkKey, commitment: output.slice(32) };
  } finally {
    output.fill(0);
  }
}

/**
 * The chunk key of an archive, if the secret is its own.
 * @throws SottoError `backup-wrong-secret`, also where the header was damaged
 */
export async function openArchiveKey(
  header: ArchiveHeader,
  secret: SecretBytes,
  derive: KeyDerivation,
): Promise<CryptoKey> {
  // Another kind of secret was written down: nothing to derive for.
  if (secret.kind !== header.secretKind) throw new SottoError('backup-wrong-secret');
  const { chunkKey, commitment } = await deriveArchiveKeys(header, secret, derive);
  if (!equalBytes(commitment, header.commitment)) throw new SottoError('backup-wrong-secret');
  return chunkKey;
}
