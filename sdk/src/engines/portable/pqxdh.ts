/**
 * PQXDH (spec: pqxdh 2.3 and 2.4): the secrets two devices agree on before either has answered. Knows no
 * record, no message and no ratchet; signatures are checked by whoever took the bundle.
 */
import { concatBytes, utf8 } from '../../bytes.js';
import { SottoError } from '../../errors.js';
import { blaming } from './failures.js';
import { isCanonical } from './primitives/curve.js';
import { hkdf } from './primitives/hash.js';
import type { BaseKey, IdentityKey, KeyPair, PrivateKey, PublicKey } from './primitives/keys.js';
import type { Primitives } from './primitives/primitives.js';

/** What both sides end up with, 32 bytes each. */
export interface HandshakeSecrets {
  readonly rootKey: Uint8Array;
  readonly chainKey: Uint8Array;
  /** What the post-quantum ratchet begins with. */
  readonly pqKey: Uint8Array;
}

const info = utf8('WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024');
/** Sets the input apart from that of every other use of the same keys. */
const discontinuity = new Uint8Array(32).fill(0xff);

/** The recipient's keys, from a bundle whose signatures verified. */
export interface RecipientKeys {
  readonly identityKey: IdentityKey;
  readonly signedPreKey: PublicKey;
  readonly oneTimePreKey: PublicKey | undefined;
  /** 1569 bytes with the type byte. */
  readonly kemPreKey: Uint8Array;
}

/**
 * The initiator's side.
 * @throws SottoError `invalid-key` when a key of the recipient's cannot be agreed with
 */
export async function initiate(
  { curve, kyber1024 }: Primitives,
  our: { readonly identityKey: PrivateKey; readonly baseKey: PrivateKey },
  their: RecipientKeys,
): Promise<HandshakeSecrets & { readonly kemCiphertext: Uint8Array }> {
  // All at once: where the platform agrees elsewhere, the KEM has its time meanwhile.
  const agreeing = Promise.all([
    curve.agree(our.identityKey, their.signedPreKey),
    curve.agree(our.baseKey, their.identityKey),
    curve.agree(our.baseKey, their.signedPreKey),
    ...(their.oneTimePreKey ? [curve.agree(our.baseKey, their.oneTimePreKey)] : []),
  ]);
  const encapsulating = (async () => kyber1024.encapsulate(their.kemPreKey))();
  const [agreements, { ciphertext, sharedSecret }] = await Promise.all([agreeing, encapsulating]);
  return { ...handshakeSecrets(agreements, sharedSecret), kemCiphertext: ciphertext };
}

/** Our keys that a first message named. */
export interface NamedKeys {
  readonly identityKey: PrivateKey;
  readonly signedPreKey: KeyPair;
  readonly oneTimePreKey: KeyPair | undefined;
  /** 3169 bytes with the type byte. */
  readonly kemSecretKey: Uint8Array;
}

/** What a first message says of its sender. */
export interface InitiatorKeys {
  readonly identityKey: IdentityKey;
  readonly baseKey: BaseKey;
  readonly kemCiphertext: Uint8Array;
}

/**
 * The recipient's side.
 * @throws SottoError `invalid-message` when the base key is not canonical or the KEM ciphertext malformed;
 * `invalid-key` when a key cannot be agreed with; `engine-record-invalid` when our KEM key is none
 */
export async function respond(
  { curve, kyber1024 }: Primitives,
  our: NamedKeys,
  their: InitiatorKeys,
): Promise<HandshakeSecrets> {
  if (!(await isCanonical(curve, their.baseKey))) throw new SottoError('invalid-message');
  const agreeing = Promise.all([
    curve.agree(our.signedPreKey.privateKey, their.identityKey),
    curve.agree(our.identityKey, their.baseKey),
    curve.agree(our.signedPreKey.privateKey, their.baseKey),
    ...(our.oneTimePreKey ? [curve.agree(our.oneTimePreKey.privateKey, their.baseKey)] : []),
  ]);
  // The other side has no part in what is wrong with a key of ours.
  const decapsulating = blaming('engine-record-invalid', async () =>
    kyber1024.decapsulate(our.kemSecretKey, their.kemCiphertext),
  );
  const [agreements, kemSecret] = await Promise.all([agreeing, decapsulating]);
  return handshakeSecrets(agreements, kemSecret);
}

/**
 * The secrets from the agreements, in the order of the specification.
 * @param kemSecret - 32 bytes
 */
export function handshakeSecrets(agreements: readonly Uint8Array[], kemSecret: Uint8Array): HandshakeSecrets {
  const derived = hkdf(undefined, concatBytes(discontinuity, ...agreements, kemSecret), info, 96);
  return {
    rootKey: derived.slice(0, 32),
    chainKey: derived.slice(32, 64),
    pqKey: derived.slice(64),
  };
}
