/**
 * Ed25519 by WebCrypto, to take valid signatures fast where one can wait for it: in browsers and workers.
 * What it refuses is decided elsewhere. Knows nothing of what is signed.
 */
import { areStrict, type AcceptsLater, type AcceptsLaterFor } from './platform-ed25519.js';

const algorithm = 'Ed25519';

/** Bytes as WebCrypto's types have them. */
type Bytes = Uint8Array<ArrayBuffer>;

const neverLater: AcceptsLater = async () => false;

/** Where the platform has none, or was asked already. */
export const neverLaterFor: AcceptsLaterFor = async () => neverLater;

/** A key that the platform does not take is left to portable code. */
export function webAccepts(subtle: SubtleCrypto): AcceptsLaterFor {
  return async (encodedKey) => {
    const key = await keyFrom(subtle, encodedKey);
    if (!key) return neverLater;
    return (message, signature) => subtle.verify(algorithm, key, signature as Bytes, message as Bytes);
  };
}

async function keyFrom(subtle: SubtleCrypto, encodedKey: Uint8Array): Promise<CryptoKey | undefined> {
  try {
    return await subtle.importKey('raw', encodedKey as Bytes, algorithm, false, ['verify']);
  } catch {
    return undefined;
  }
}

let detecting: Promise<AcceptsLaterFor> | undefined;

/** This platform's, looked for once; one that takes nothing where there is none. */
export const webAcceptsFor: AcceptsLaterFor = async (encodedKey) => {
  const acceptsFor = await (detecting ??= detect());
  return acceptsFor(encodedKey);
};

async function detect(): Promise<AcceptsLaterFor> {
  const { crypto } = globalThis as { crypto?: { subtle?: SubtleCrypto } };
  const subtle = crypto?.subtle;
  if (!subtle || !(await areStrict(webAccepts(subtle)))) return neverLaterFor;
  return webAccepts(subtle);
}
