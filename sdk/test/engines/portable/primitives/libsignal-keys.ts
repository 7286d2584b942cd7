/** Keys that libsignal has too, for tests that compare with it. */
import { PrivateKey as LibsignalPrivateKey } from '@signalapp/libsignal-client';
import { parsePrivateKey, type PrivateKey } from '../../../../src/engines/portable/primitives/keys.js';
import type { Random } from '../../../../src/ports/index.js';

/** A random private key, on both sides. */
export function privateKeyFrom(random: Random): { ours: PrivateKey; theirs: LibsignalPrivateKey } {
  const ours = parsePrivateKey(random.bytes(32));
  return { ours, theirs: LibsignalPrivateKey.deserialize(Uint8Array.from(ours)) };
}
