/** What each state of the braid adds to a message that is sent (spec: spqr 4.6). Knows no chain. */
import type { Random } from '../../../ports/index.js';
import { concatBytes } from '../../../bytes.js';
import {
  encapsulateHeader,
  generateMlKem768,
  vectorLength,
  vectorOf,
} from '../primitives/ml-kem-768/index.js';
import { epochSecretOf, headerMac, updateAuthenticator } from './authenticator.js';
import { chunksOf, type Braid, type BraidState, type EpochSecret, type HeaderReceived } from './braid.js';
import { newDecoder, newEncoder, nextChunk, type Encoder } from './erasure-code.js';
import type { ChunkKind, Payload } from './message.js';

/** A braid after sending. */
export interface BraidSent {
  readonly braid: Braid;
  readonly payload: Payload;
  readonly secret?: EpochSecret;
}

/** Every row of the table: what goes out, and the state after it. */
export function braidSend(braid: Braid, random: Random): BraidSent {
  const { state } = braid;
  switch (state.kind) {
    case 'keysUnsampled':
      return sampleKeys(braid, random);
    case 'keysSampled':
      return sendChunk(braid, 'hdr', state.header, (header) => ({ ...state, header }));
    case 'headerSent':
      return sendChunk(braid, 'ek', vectorEncoder(state), ({ sent }) => ({ ...state, vectorSent: sent }));
    case 'ct1Received':
      return sendChunk(braid, 'ekCt1Ack', vectorEncoder(state), ({ sent }) => ({
        ...state,
        vectorSent: sent,
      }));
    case 'ekSentCt1Received':
      return { braid, payload: { kind: 'ct1Ack' } };
    case 'noHeaderReceived':
    case 'ct1Acknowledged':
      return { braid, payload: { kind: 'none' } };
    case 'headerReceived':
      return encapsulate(braid, state, random);
    case 'ct1Sampled':
    case 'ekReceivedCt1Sampled':
      return sendChunk(braid, 'ct1', state.ciphertext1, (ciphertext1) => ({ ...state, ciphertext1 }));
    case 'ct2Sampled':
      return sendChunk(braid, 'ct2', state.ciphertext2, (ciphertext2) => ({ ...state, ciphertext2 }));
  }
}

function sendChunk(
  braid: Braid,
  kind: ChunkKind,
  before: Encoder,
  after: (encoder: Encoder) => BraidState,
): BraidSent {
  const { encoder, chunk } = nextChunk(before);
  return { braid: { ...braid, state: after(encoder) }, payload: { kind, chunk } };
}

function vectorEncoder(state: { decapsulationKey: Uint8Array; vectorSent: number }): Encoder {
  return { message: vectorOf(state.decapsulationKey), sent: state.vectorSent };
}

function sampleKeys(braid: Braid, random: Random): BraidSent {
  const { header, decapsulationKey } = generateMlKem768(random);
  const mac = headerMac(braid.authenticator, braid.epoch, header);
  return sendChunk(braid, 'hdr', newEncoder(concatBytes(header, mac)), (encoder) => ({
    kind: 'keysSampled',
    decapsulationKey,
    header: encoder,
  }));
}

/** The secret is known before the vector is: this side uses it first. */
function encapsulate(braid: Braid, { header }: HeaderReceived, random: Random): BraidSent {
  const { epoch } = braid;
  const { ciphertext1, sharedSecret, pending } = encapsulateHeader(header, random);
  const secret = epochSecretOf(epoch, sharedSecret);
  const authenticator = updateAuthenticator(braid.authenticator, epoch, secret);
  const sent = sendChunk({ ...braid, authenticator }, 'ct1', newEncoder(ciphertext1), (encoder) => ({
    kind: 'ct1Sampled',
    header,
    pending,
    ciphertext1: encoder,
    vector: newDecoder(chunksOf(vectorLength)),
  }));
  return { ...sent, secret: { epoch, secret } };
}
