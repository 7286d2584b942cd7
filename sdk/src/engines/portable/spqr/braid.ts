/**
 * The state of the ML-KEM Braid (spec: spqr 4.6): two sides agree on a new ML-KEM-768 secret per epoch, one
 * chunk per message. In each epoch one side owns the key pair, the other encapsulates; then they swap.
 * What a state does is in `braid-send.ts` and `braid-receive.ts`. Knows no chain and no message key.
 */
import { ciphertext2Length, headerLength } from '../primitives/ml-kem-768/index.js';
import { macLength, newAuthenticator, type Authenticator } from './authenticator.js';
import { chunkLength, newDecoder, type Decoder, type Encoder } from './erasure-code.js';

/** Which side began the session: it owns the key pair of epochs 1, 3, 5 and so on. */
export type SpqrRole = 'initiator' | 'responder';

/** A header as it is sent. */
export const sentHeaderLength = headerLength + macLength;
/** A ciphertext's second part as it is sent. */
export const sentCiphertext2Length = ciphertext2Length + macLength;

/** Owns the epoch's key pair, which is not made yet. */
export interface KeysUnsampled {
  readonly kind: 'keysUnsampled';
}
/** Sends the header. */
export interface KeysSampled {
  readonly kind: 'keysSampled';
  readonly decapsulationKey: Uint8Array;
  /** Of the header and its MAC. */
  readonly header: Encoder;
}
/** Sends the vector, receives the first part of the ciphertext. */
export interface HeaderSent {
  readonly kind: 'headerSent';
  readonly decapsulationKey: Uint8Array;
  /** Chunks of the vector given out; the vector itself is in the decapsulation key. */
  readonly vectorSent: number;
  readonly ciphertext1: Decoder;
}
/** Has the first part of the ciphertext, and says so with each chunk of the vector. */
export interface Ct1Received {
  readonly kind: 'ct1Received';
  readonly decapsulationKey: Uint8Array;
  readonly vectorSent: number;
  readonly ciphertext1: Uint8Array;
}
/** Receives the second part of the ciphertext: the other side has the vector. */
export interface EkSentCt1Received {
  readonly kind: 'ekSentCt1Received';
  readonly decapsulationKey: Uint8Array;
  readonly ciphertext1: Uint8Array;
  /** Of the second part and its MAC. */
  readonly ciphertext2: Decoder;
}
/** Encapsulates in this epoch; receives the header. */
export interface NoHeaderReceived {
  readonly kind: 'noHeaderReceived';
  /** Of the header and its MAC. */
  readonly header: Decoder;
}
/** Has the header, and encapsulates with the next message. */
export interface HeaderReceived {
  readonly kind: 'headerReceived';
  readonly header: Uint8Array;
}
/** Sends the first part of the ciphertext, receives the vector. */
export interface Ct1Sampled {
  readonly kind: 'ct1Sampled';
  readonly header: Uint8Array;
  /** What the second part of the encapsulation needs. */
  readonly pending: Uint8Array;
  readonly ciphertext1: Encoder;
  readonly vector: Decoder;
}
/** Has the vector, and waits until the other side has the first part of the ciphertext. */
export interface EkReceivedCt1Sampled {
  readonly kind: 'ekReceivedCt1Sampled';
  readonly pending: Uint8Array;
  readonly ciphertext1: Encoder;
  readonly vector: Uint8Array;
}
/** The other side has the first part of the ciphertext; receives the rest of the vector. */
export interface Ct1Acknowledged {
  readonly kind: 'ct1Acknowledged';
  readonly header: Uint8Array;
  readonly pending: Uint8Array;
  readonly ciphertext1: Uint8Array;
  readonly vector: Decoder;
}
/** Sends the second part of the ciphertext until the other side is in the next epoch. */
export interface Ct2Sampled {
  readonly kind: 'ct2Sampled';
  /** Of the second part and its MAC. */
  readonly ciphertext2: Encoder;
}

/** Where an epoch stands for the side that owns its key pair. */
export type KeyOwnerState = KeysUnsampled | KeysSampled | HeaderSent | Ct1Received | EkSentCt1Received;

/** Where an epoch stands for the side that encapsulates. */
export type EncapsulatorState =
  NoHeaderReceived | HeaderReceived | Ct1Sampled | EkReceivedCt1Sampled | Ct1Acknowledged | Ct2Sampled;

/** Where an epoch stands. */
export type BraidState = KeyOwnerState | EncapsulatorState;

/** A braid. Byte strings in it are shared between states and never written to. */
export interface Braid {
  /** 1 or more. */
  readonly epoch: number;
  readonly authenticator: Authenticator;
  readonly state: BraidState;
}

/** A new secret, for the messages of the epoch after it. */
export interface EpochSecret {
  readonly epoch: number;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** The beginning. @param authKey - 32 bytes, of the handshake */
export function initialBraid(role: SpqrRole, authKey: Uint8Array): Braid {
  return {
    epoch: 1,
    authenticator: newAuthenticator(authKey),
    state: role === 'initiator' ? { kind: 'keysUnsampled' } : noHeaderReceived(),
  };
}

/** Where the encapsulating side of an epoch begins. */
export function noHeaderReceived(): NoHeaderReceived {
  return { kind: 'noHeaderReceived', header: newDecoder(chunksOf(sentHeaderLength)) };
}

/** How many chunks an object has. */
export function chunksOf(length: number): number {
  return length / chunkLength;
}
