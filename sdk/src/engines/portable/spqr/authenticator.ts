/**
 * What authenticates the ML-KEM keys and ciphertexts of an epoch (spec: spqr 4.2), and how an epoch's
 * secret comes from a shared secret. Knows no chunk and no state machine.
 */
import { concatBytes, utf8 } from '../../../bytes.js';
import { hkdf, hmacSha256 } from '../primitives/hash.js';

/** Bytes in a MAC of a header or ciphertext. */
export const macLength = 32;

const keyLength = 32;
const protocol = 'Signal_PQCKA_V1_MLKEM768';
const updateLabel = utf8(`${protocol}:Authenticator Update`);
const headerLabel = utf8(`${protocol}:ekheader`);
const ciphertextLabel = utf8(`${protocol}:ciphertext`);
const secretLabel = utf8(`${protocol}:SCKA Key`);

/** The keys of the current epoch. */
export interface Authenticator {
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** 32 bytes. */
  readonly macKey: Uint8Array;
}

/** The authenticator of a session's beginning. @param key - 32 bytes, of the handshake */
export function newAuthenticator(key: Uint8Array): Authenticator {
  const root = new Uint8Array(keyLength);
  return updateAuthenticator({ root, macKey: root }, 1, key);
}

/** Mixes a key in: each epoch is authenticated by all before it. */
export function updateAuthenticator({ root }: Authenticator, epoch: number, key: Uint8Array): Authenticator {
  const output = hkdf(undefined, concatBytes(root, key), labelled(updateLabel, epoch), 2 * keyLength);
  return { root: output.subarray(0, keyLength), macKey: output.subarray(keyLength) };
}

/** The MAC of an encapsulation key's header, 32 bytes. */
export function headerMac({ macKey }: Authenticator, epoch: number, header: Uint8Array): Uint8Array {
  return hmacSha256(macKey, concatBytes(labelled(headerLabel, epoch), header));
}

/** The MAC of a ciphertext's two parts, 32 bytes. */
export function ciphertextMac(
  { macKey }: Authenticator,
  epoch: number,
  ciphertext1: Uint8Array,
  ciphertext2: Uint8Array,
): Uint8Array {
  return hmacSha256(macKey, concatBytes(labelled(ciphertextLabel, epoch), ciphertext1, ciphertext2));
}

/** The secret of an epoch, 32 bytes, from what ML-KEM agreed on. */
export function epochSecretOf(epoch: number, sharedSecret: Uint8Array): Uint8Array {
  return hkdf(undefined, sharedSecret, labelled(secretLabel, epoch), keyLength);
}

/** A label and the epoch as an unsigned 64-bit number. */
function labelled(label: Uint8Array, epoch: number): Uint8Array {
  const bytes = new Uint8Array(label.length + 8);
  bytes.set(label);
  const view = new DataView(bytes.buffer, label.length);
  view.setUint32(0, Math.floor(epoch / 2 ** 32));
  view.setUint32(4, epoch % 2 ** 32);
  return bytes;
}
