/**
 * What each state of the braid makes of a message that is received (spec: spqr 4.6). Knows no chain. The
 * message is not authenticated yet: whoever calls keeps a new state only when it proved genuine.
 */
import { concatBytes, equalBytes } from '../../../bytes.js';
import { isSottoError, SottoError } from '../../../errors.js';
import {
  assertVector,
  ciphertext1Length,
  ciphertext2Length,
  decapsulate,
  encapsulateVector,
  headerLength,
} from '../primitives/ml-kem-768/index.js';
import { ciphertextMac, epochSecretOf, headerMac, updateAuthenticator } from './authenticator.js';
import {
  chunksOf,
  noHeaderReceived,
  sentCiphertext2Length,
  type Braid,
  type BraidState,
  type Ct1Acknowledged,
  type Ct1Received,
  type Ct1Sampled,
  type EkSentCt1Received,
  type EpochSecret,
  type HeaderSent,
  type KeysSampled,
  type NoHeaderReceived,
} from './braid.js';
import { addChunk, decoded, newDecoder, newEncoder, type Chunk } from './erasure-code.js';
import type { Payload } from './message.js';
import { refusal } from './refusal.js';

/** A braid after receiving. */
export interface BraidReceived {
  readonly braid: Braid;
  readonly secret?: EpochSecret;
}

/**
 * Every row of the table, after the comparison of epochs.
 * @param epoch - the message's
 * @throws SottoError `invalid-message` (`EpochOutOfRange`, `MacVerifyFailed`, `ErroneousDataReceived`)
 */
export function braidReceive(braid: Braid, epoch: number, payload: Payload): BraidReceived {
  if (epoch < braid.epoch) return { braid };
  if (epoch > braid.epoch) return { braid: enterNextEpoch(braid, epoch) };
  const { state } = braid;
  switch (state.kind) {
    case 'keysSampled':
      return stay(braid, payload.kind === 'ct1' ? startCt1(state, payload.chunk) : state);
    case 'headerSent':
      return stay(braid, payload.kind === 'ct1' ? addCt1(state, payload.chunk) : state);
    case 'ct1Received':
      return stay(braid, payload.kind === 'ct2' ? startCt2(state, payload.chunk) : state);
    case 'ekSentCt1Received':
      return payload.kind === 'ct2' ? addCt2(braid, state, payload.chunk) : { braid };
    case 'noHeaderReceived':
      return stay(braid, payload.kind === 'hdr' ? addHeader(braid, state, payload.chunk) : state);
    case 'ct1Sampled':
      return stay(braid, vectorOrAck(braid, state, payload));
    case 'ekReceivedCt1Sampled':
      return stay(
        braid,
        acknowledges(payload) ? finish(braid, { ...state, ciphertext1: state.ciphertext1.message }) : state,
      );
    case 'ct1Acknowledged':
      return stay(braid, restOfVector(braid, state, payload));
    case 'keysUnsampled':
    case 'headerReceived':
    case 'ct2Sampled':
      return { braid };
  }
}

/** The other side's first word of the next epoch says that it has the whole ciphertext. The roles swap. */
function enterNextEpoch({ epoch, authenticator, state }: Braid, theirEpoch: number): Braid {
  if (state.kind !== 'ct2Sampled' || theirEpoch !== epoch + 1) throw refusal('EpochOutOfRange');
  return { epoch: theirEpoch, authenticator, state: { kind: 'keysUnsampled' } };
}

function stay(braid: Braid, state: BraidState): BraidReceived {
  return { braid: state === braid.state ? braid : { ...braid, state } };
}

function startCt1({ decapsulationKey }: KeysSampled, chunk: Chunk): HeaderSent {
  const ciphertext1 = addChunk(newDecoder(chunksOf(ciphertext1Length)), chunk);
  return { kind: 'headerSent', decapsulationKey, vectorSent: 0, ciphertext1 };
}

function addCt1(state: HeaderSent, chunk: Chunk): BraidState {
  const decoder = addChunk(state.ciphertext1, chunk);
  const ciphertext1 = decoded(decoder);
  if (!ciphertext1) return { ...state, ciphertext1: decoder };
  return { ...state, kind: 'ct1Received', ciphertext1 };
}

function startCt2({ decapsulationKey, ciphertext1 }: Ct1Received, chunk: Chunk): EkSentCt1Received {
  const ciphertext2 = addChunk(newDecoder(chunksOf(sentCiphertext2Length)), chunk);
  return { kind: 'ekSentCt1Received', decapsulationKey, ciphertext1, ciphertext2 };
}

function addCt2(braid: Braid, state: EkSentCt1Received, chunk: Chunk): BraidReceived {
  const decoder = addChunk(state.ciphertext2, chunk);
  const sent = decoded(decoder);
  return sent ? openCiphertext(braid, state, sent) : stay(braid, { ...state, ciphertext2: decoder });
}

/** The end of an epoch: the secret, which must authenticate its own ciphertext. The roles swap. */
function openCiphertext(
  { epoch, authenticator }: Braid,
  { decapsulationKey, ciphertext1 }: EkSentCt1Received,
  sent: Uint8Array,
): BraidReceived {
  const ciphertext2 = sent.subarray(0, ciphertext2Length);
  const secret = epochSecretOf(epoch, sharedSecretOf(decapsulationKey, ciphertext1, ciphertext2));
  const updated = updateAuthenticator(authenticator, epoch, secret);
  const mac = ciphertextMac(updated, epoch, ciphertext1, ciphertext2);
  if (!equalBytes(mac, sent.subarray(ciphertext2Length))) throw refusal('MacVerifyFailed');
  return {
    braid: { epoch: epoch + 1, authenticator: updated, state: noHeaderReceived() },
    secret: { epoch, secret },
  };
}

/** Whatever the other side sent, there is a secret; it is our own key that may turn out to be none. */
function sharedSecretOf(key: Uint8Array, ciphertext1: Uint8Array, ciphertext2: Uint8Array): Uint8Array {
  try {
    return decapsulate(key, ciphertext1, ciphertext2);
  } catch (cause) {
    throw new SottoError('engine-record-invalid', { cause });
  }
}

function addHeader({ authenticator, epoch }: Braid, state: NoHeaderReceived, chunk: Chunk): BraidState {
  const decoder = addChunk(state.header, chunk);
  const sent = decoded(decoder);
  if (!sent) return { ...state, header: decoder };
  const header = sent.subarray(0, headerLength);
  const mac = headerMac(authenticator, epoch, header);
  if (!equalBytes(mac, sent.subarray(headerLength))) throw refusal('MacVerifyFailed');
  return { kind: 'headerReceived', header };
}

function acknowledges({ kind }: Payload): boolean {
  return kind === 'ct1Ack' || kind === 'ekCt1Ack';
}

/** A chunk of the vector, which may say that the first part of the ciphertext arrived. */
function vectorOrAck(braid: Braid, state: Ct1Sampled, payload: Payload): BraidState {
  if (payload.kind !== 'ek' && payload.kind !== 'ekCt1Ack') return state;
  const decoder = addChunk(state.vector, payload.chunk);
  const vector = validVector(state.header, decoded(decoder));
  const { header, pending, ciphertext1 } = state;
  if (acknowledges(payload)) {
    const message = ciphertext1.message;
    return vector
      ? finish(braid, { pending, ciphertext1: message, vector })
      : { kind: 'ct1Acknowledged', header, pending, ciphertext1: message, vector: decoder };
  }
  return vector
    ? { kind: 'ekReceivedCt1Sampled', pending, ciphertext1, vector }
    : { ...state, vector: decoder };
}

function restOfVector(braid: Braid, state: Ct1Acknowledged, payload: Payload): BraidState {
  if (payload.kind !== 'ek' && payload.kind !== 'ekCt1Ack') return state;
  const decoder = addChunk(state.vector, payload.chunk);
  const vector = validVector(state.header, decoded(decoder));
  return vector ? finish(braid, { ...state, vector }) : { ...state, vector: decoder };
}

/** A vector that belongs to the header; `undefined` when it is not complete. */
function validVector(header: Uint8Array, vector: Uint8Array | undefined): Uint8Array | undefined {
  try {
    if (vector) assertVector(header, vector);
    return vector;
  } catch (error) {
    throw isSottoError(error, 'invalid-message') ? refusal('ErroneousDataReceived') : error;
  }
}

interface Encapsulation {
  readonly pending: Uint8Array;
  readonly ciphertext1: Uint8Array;
  readonly vector: Uint8Array;
}

/** The second half of the encapsulation: both sides have what the other needs to hear next. */
function finish({ authenticator, epoch }: Braid, encapsulation: Encapsulation): BraidState {
  const { pending, ciphertext1, vector } = encapsulation;
  const ciphertext2 = encapsulateVector(pending, vector);
  const mac = ciphertextMac(authenticator, epoch, ciphertext1, ciphertext2);
  return { kind: 'ct2Sampled', ciphertext2: newEncoder(concatBytes(ciphertext2, mac)) };
}
