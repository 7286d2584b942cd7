/** Reads what a message says of itself, with the engine's own parsers: for oracles that predict its fate. */
import { bytesToHex } from '@noble/hashes/utils.js';
import { parsePreKeySignalMessage } from '../../../src/engines/portable/messages/pre-key-signal-message.js';
import { parseSignalMessage } from '../../../src/engines/portable/messages/signal-message.js';
import type { Sent } from '../../../src/testing/engine-conformance-kit.js';

/** The public part of a message. */
export interface Header {
  /** The ratchet key it was sent under, as text. */
  readonly chain: string;
  readonly counter: number;
  /** Epoch of the post-quantum ratchet, from 1. */
  readonly epoch: number;
}

/** The header of a message. */
export function headerOf({ kind, ciphertext }: Sent): Header {
  const message =
    kind === 'prekey' ? parsePreKeySignalMessage(ciphertext).message : parseSignalMessage(ciphertext);
  return {
    chain: bytesToHex(message.ratchetKey),
    counter: message.counter,
    epoch: epochOf(message.pqRatchet),
  };
}

/** The first number after the version byte. */
function epochOf(pqRatchet: Uint8Array): number {
  let epoch = 0;
  for (let index = 1, scale = 1; index < pqRatchet.length; index += 1, scale *= 0x80) {
    const byte = pqRatchet[index] as number;
    epoch += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  return epoch;
}
