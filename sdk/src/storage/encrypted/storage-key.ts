/**
 * The keys a user of the storage may have, and how each becomes the key that the header is sealed under.
 * Knows no header, no record and no adapter.
 */
import { concatBytes, utf8 } from '../../bytes.js';
import { SottoError } from '../../errors.js';
import { platformScrypt } from '../../platform-scrypt.js';
import type { Random } from '../../ports/host.js';
import { Secret } from '../../secret.js';
import { deriveSealingKey, importRoot, importSealingKey, isSealingKey, keyBytes } from './cipher.js';

/** Cost of scrypt (RFC 7914): it needs 1 KiB · 2^logN of memory (r is 8), and p times the work. */
export interface PassphraseCost {
  /** Base-2 logarithm of N: 14 to 18. */
  readonly logN: number;
  /** 1 to 4. */
  readonly p: number;
}

/** How a header says that its key is made. What the data are checked against before any work is done. */
export type KeyRecord =
  | { readonly kind: 'secret' | 'crypto-key' }
  | { readonly kind: 'passphrase'; readonly cost: PassphraseCost; readonly salt: Uint8Array };

/** A key that a user holds. */
export interface KeySource {
  /** A record for a store that is encrypted under it from now on. */
  fresh(random: Random): KeyRecord;
  /** @throws SottoError `storage-wrong-key` when the record is of another kind of key */
  derive(record: KeyRecord): Promise<CryptoKey>;
}

/** Bytes of a passphrase's salt. */
export const saltBytes = 16;
const scryptR = 8;
/** As much work as OWASP asks of scrypt (N = 2^17, p = 1), in 64 MiB: phones have those. */
const defaultCost: PassphraseCost = { logN: 16, p: 2 };
/** Below it guessing is cheap; above it a hostile header could take a gigabyte, or minutes. */
const costBounds = { minLogN: 14, maxLogN: 18, maxP: 4 } as const;
/** Where scrypt does not care, people do not type more, and normalising has an end. */
const maxPassphraseLength = 1_024;

/** Whether a cost is one that this code works with. */
export function isPassphraseCost({ logN, p }: PassphraseCost): boolean {
  const { minLogN, maxLogN, maxP } = costBounds;
  const inside = (value: number, min: number, max: number) =>
    Number.isInteger(value) && value >= min && value <= max;
  return inside(logN, minLogN, maxLogN) && inside(p, 1, maxP);
}

/** A passphrase. Made by {@link passphraseKey}; prints as `[redacted]`. */
export class PassphraseKey {
  readonly #passphrase: string;
  readonly #cost: PassphraseCost;

  /** @internal */
  constructor(passphrase: string, cost: PassphraseCost) {
    this.#passphrase = passphrase;
    this.#cost = cost;
  }

  /** @returns `[redacted]` */
  toString(): string {
    return '[redacted]';
  }

  /** @returns `[redacted]` */
  toJSON(): string {
    return '[redacted]';
  }

  /** @internal */
  source(): KeySource {
    return {
      fresh: (random) => ({ kind: 'passphrase', cost: this.#cost, salt: random.bytes(saltBytes) }),
      derive: (record) => {
        if (record.kind !== 'passphrase') throw new SottoError('storage-wrong-key');
        return this.#derive(record);
      },
    };
  }

  async #derive({ cost, salt }: KeyRecord & { readonly kind: 'passphrase' }): Promise<CryptoKey> {
    if (!isPassphraseCost(cost)) throw new SottoError('storage-corrupt');
    const labelled = concatBytes(utf8('sotto storage passphrase v1\0'), salt);
    const parameters = { N: 2 ** cost.logN, r: scryptR, p: cost.p, dkLen: keyBytes };
    const passphrase = utf8(this.#passphrase.normalize('NFKC'));
    const key = await platformScrypt(passphrase, labelled, parameters).catch((cause: unknown) => {
      // Of what is checked before, memory alone can be missing.
      throw new SottoError('kdf-memory', { cause });
    });
    try {
      return await importSealingKey(key);
    } finally {
      key.fill(0);
    }
  }
}

/**
 * A key from a passphrase: scrypt over it (in NFKC) and a random salt, whose parameters lie beside the data.
 * Opening takes some 0.3 seconds and 64 MiB of memory. Nothing is known of a passphrase's quality but that it
 * is not empty: whoever has the data can guess offline.
 * @param passphrase - 1 to 1,024 characters
 * @param cost - for a store that is made or rotated with it; `{ logN: 16, p: 2 }` by default. A store that is
 *   there is opened with its own
 * @throws TypeError for another length, or a cost outside of the bounds of {@link PassphraseCost}
 */
export function passphraseKey(passphrase: string, cost: PassphraseCost = defaultCost): PassphraseKey {
  if (typeof passphrase !== 'string' || passphrase === '' || passphrase.length > maxPassphraseLength) {
    throw new TypeError('a passphrase has 1 to 1,024 characters');
  }
  if (!isPassphraseCost(cost)) throw new TypeError('the cost of a passphrase is outside of its bounds');
  return new PassphraseKey(passphrase, { logN: cost.logN, p: cost.p });
}

/**
 * What a storage is encrypted under: 32 secret bytes of the application's, a `CryptoKey` (AES-GCM, 256 bits,
 * to encrypt and decrypt; `deviceKey` makes one), or a passphrase.
 */
export type StorageKey = Secret | CryptoKey | PassphraseKey;

/** @throws TypeError when it is no key */
export function keySource(key: StorageKey): KeySource {
  if (key instanceof PassphraseKey) return key.source();
  if (key instanceof Secret) return secretSource(key);
  if (isCryptoKey(key) && isSealingKey(key)) return fixedSource('crypto-key', Promise.resolve(key));
  throw new TypeError('a storage key is a Secret of 32 bytes, an AES-GCM CryptoKey or a passphraseKey');
}

/** A page without a secure context does not even have the name. */
function isCryptoKey(value: unknown): value is CryptoKey {
  return typeof CryptoKey === 'function' && value instanceof CryptoKey;
}

/** Imported at once: the caller may wipe its bytes as soon as it has the storage. */
function secretSource(secret: Secret): KeySource {
  if (secret.expose().length !== keyBytes) throw new TypeError('a storage key has 32 bytes');
  const root = importRoot(secret.expose());
  return fixedSource(
    'secret',
    root.then((imported) => deriveSealingKey(imported, 'sotto storage key v1')),
  );
}

function fixedSource(kind: 'secret' | 'crypto-key', key: Promise<CryptoKey>): KeySource {
  // Heard of when it is asked for.
  key.catch(() => undefined);
  return {
    fresh: () => ({ kind }),
    derive: async (record) => {
      if (record.kind !== kind) throw new SottoError('storage-wrong-key');
      return key;
    },
  };
}
