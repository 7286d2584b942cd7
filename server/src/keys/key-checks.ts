/** Checks of uploaded keys: their form and the identity key's signature over them. Knows no store. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PreKeyUpload, PreKeyUploadResult } from '@sotto/sdk/wire';
import { isSottoError, verifySignature } from '@sotto/sdk/verification';
import { relayLimits } from '../relay-limits.js';
import type { CheckedPreKey } from './keys-store.js';

/** A key and whether it may be stored. */
export interface KeyVerdict {
  readonly key: CheckedPreKey;
  readonly valid: boolean;
}

const ecKeyType = 0x05;
const kemKeyType = 0x08;

/** All keys of an upload in one row: lasting ones first. */
export function listKeys(upload: PreKeyUpload): CheckedPreKey[] {
  const { signed, kemLastResort, oneTime = [], kemOneTime = [] } = upload;
  return [
    ...(signed ? [{ kind: 'signed', ...signed } as const] : []),
    ...(kemLastResort ? [{ kind: 'kem-last-resort', ...kemLastResort } as const] : []),
    ...oneTime.map((key) => ({ kind: 'one-time', signature: undefined, ...key }) as const),
    ...kemOneTime.map((key) => ({ kind: 'kem-one-time', ...key }) as const),
  ];
}

function isSigned(identityKey: Uint8Array, publicKey: Uint8Array, signature: Uint8Array): boolean {
  try {
    verifySignature(identityKey, publicKey, signature);
    return true;
  } catch (error) {
    if (isSottoError(error)) return false;
    throw error;
  }
}

function isValid(identityKey: Uint8Array, { kind, publicKey, signature }: CheckedPreKey): boolean {
  const type = kind === 'signed' || kind === 'one-time' ? ecKeyType : kemKeyType;
  if (publicKey[0] !== type) return false;
  // One-time EC keys are not signed in the protocol; the session they start is bound to the signed ones.
  return kind === 'one-time' || (signature !== undefined && isSigned(identityKey, publicKey, signature));
}

/**
 * Checks every key. A full upload takes hundreds of milliseconds, so others get their turn in between.
 * @param identityKey - 33 bytes
 */
export async function checkKeys(
  identityKey: Uint8Array,
  keys: readonly CheckedPreKey[],
): Promise<readonly KeyVerdict[]> {
  const verdicts: KeyVerdict[] = [];
  let signatures = 0;
  for (const key of keys) {
    verdicts.push({ key, valid: isValid(identityKey, key) });
    if (key.signature === undefined) continue;
    signatures += 1;
    if (signatures % relayLimits.signaturesPerTurn === 0) await nextTurn();
  }
  return verdicts;
}

/** The results of all keys in order, from those of the valid ones. */
export function mergeResults(
  verdicts: readonly KeyVerdict[],
  ofValid: readonly PreKeyUploadResult[],
): PreKeyUploadResult[] {
  const rest = ofValid.values();
  return verdicts.map(({ key, valid }) => {
    const { kind, id } = key;
    return valid ? (rest.next().value as PreKeyUploadResult) : { kind, id, status: 'invalid' };
  });
}
