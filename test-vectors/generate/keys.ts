/** Keys, signatures and agreements of vectors: counting bytes, and nothing that is random. */
import { PrivateKey } from '@signalapp/libsignal-client';
import { counting, type VectorTest } from './vector-file.js';
import { signXeddsa } from './xeddsa-sign.js';

/** A private key that begins with one byte and counts on, clamped. */
export function keyFrom(start: number): PrivateKey {
  return PrivateKey.deserialize(counting(32, start));
}

/** Its public half, 33 bytes. */
export function publicBytes(key: PrivateKey): Uint8Array<ArrayBuffer> {
  return key.getPublicKey().serialize();
}

/** A signature that comes out the same every time. */
export function sign(key: PrivateKey, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return signXeddsa(key.serialize(), message, counting(64, 99));
}

/** A test of what libsignal was asked about: valid with an output, or invalid with a code. */
export function verdict(
  test: Pick<VectorTest, 'id' | 'flags' | 'source' | 'input'>,
  outcome: Readonly<Record<string, unknown>> | string,
): VectorTest {
  return typeof outcome === 'string'
    ? { ...test, result: 'invalid', failure: outcome }
    : { ...test, result: 'valid', output: outcome };
}
