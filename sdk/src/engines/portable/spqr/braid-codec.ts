/**
 * The states of the braid in a record. Objects on their way out are kept once, with a count of the chunks
 * given out; objects on their way in as the chunks held. Knows no record around it.
 */
import { SottoError } from '../../../errors.js';
import {
  ciphertext1Length,
  decapsulationKeyLength,
  headerLength,
  pendingLength,
  vectorLength,
} from '../primitives/ml-kem-768/index.js';
import type { ByteReader } from '../records/byte-reader.js';
import type { ByteWriter } from '../records/byte-writer.js';
import {
  chunksOf,
  sentCiphertext2Length,
  sentHeaderLength,
  type BraidState,
  type EncapsulatorState,
} from './braid.js';
import { heldCount, heldLength, positionsOf, type Decoder, type Encoder } from './erasure-code.js';

/** An encoder counts in 32 bits. */
const maxSent = 0xffffffff;

/** The numbers are stored. */
const kindNumbers = {
  keysUnsampled: 1,
  keysSampled: 2,
  headerSent: 3,
  ct1Received: 4,
  ekSentCt1Received: 5,
  noHeaderReceived: 6,
  headerReceived: 7,
  ct1Sampled: 8,
  ekReceivedCt1Sampled: 9,
  ct1Acknowledged: 10,
  ct2Sampled: 11,
} as const satisfies Record<BraidState['kind'], number>;

const kindsByNumber: ReadonlyMap<number, BraidState['kind']> = new Map(
  Object.entries(kindNumbers).map(([kind, number]) => [number, kind as BraidState['kind']]),
);

/** Writes a state of the braid. */
export function writeBraidState(writer: ByteWriter, state: BraidState): void {
  writer.u8(kindNumbers[state.kind]);
  switch (state.kind) {
    case 'keysUnsampled':
      return;
    case 'keysSampled':
      writer.fixed(state.decapsulationKey);
      return writeEncoder(writer, state.header);
    case 'headerSent':
      writer.fixed(state.decapsulationKey).varint(state.vectorSent);
      return writeDecoder(writer, state.ciphertext1);
    case 'ct1Received':
      writer.fixed(state.decapsulationKey).varint(state.vectorSent).fixed(state.ciphertext1);
      return;
    case 'ekSentCt1Received':
      writer.fixed(state.decapsulationKey).fixed(state.ciphertext1);
      return writeDecoder(writer, state.ciphertext2);
    case 'noHeaderReceived':
      return writeDecoder(writer, state.header);
    case 'headerReceived':
      writer.fixed(state.header);
      return;
    case 'ct1Sampled':
      writer.fixed(state.header).fixed(state.pending);
      writeEncoder(writer, state.ciphertext1);
      return writeDecoder(writer, state.vector);
    case 'ekReceivedCt1Sampled':
      writer.fixed(state.pending).fixed(state.vector);
      return writeEncoder(writer, state.ciphertext1);
    case 'ct1Acknowledged':
      writer.fixed(state.header).fixed(state.pending).fixed(state.ciphertext1);
      return writeDecoder(writer, state.vector);
    case 'ct2Sampled':
      return writeEncoder(writer, state.ciphertext2);
  }
}

/**
 * Reads a state of the braid.
 * @throws SottoError `engine-record-invalid`
 */
export function readBraidState(reader: ByteReader): BraidState {
  const kind = kindsByNumber.get(reader.u8());
  switch (kind) {
    case 'keysUnsampled':
      return { kind };
    case 'keysSampled':
      return {
        kind,
        decapsulationKey: reader.fixed(decapsulationKeyLength),
        header: readEncoder(reader, sentHeaderLength),
      };
    case 'headerSent':
      return {
        kind,
        decapsulationKey: reader.fixed(decapsulationKeyLength),
        vectorSent: reader.count(maxSent),
        ciphertext1: readDecoder(reader, ciphertext1Length),
      };
    case 'ct1Received':
      return {
        kind,
        decapsulationKey: reader.fixed(decapsulationKeyLength),
        vectorSent: reader.count(maxSent),
        ciphertext1: reader.fixed(ciphertext1Length),
      };
    case 'ekSentCt1Received':
      return {
        kind,
        decapsulationKey: reader.fixed(decapsulationKeyLength),
        ciphertext1: reader.fixed(ciphertext1Length),
        ciphertext2: readDecoder(reader, sentCiphertext2Length),
      };
    case undefined:
      throw new SottoError('engine-record-invalid');
    default:
      return readEncapsulatingState(reader, kind);
  }
}

/** The states of the side that does not own the key pair. */
function readEncapsulatingState(reader: ByteReader, kind: EncapsulatorState['kind']): EncapsulatorState {
  switch (kind) {
    case 'noHeaderReceived':
      return { kind, header: readDecoder(reader, sentHeaderLength) };
    case 'headerReceived':
      return { kind, header: reader.fixed(headerLength) };
    case 'ct1Sampled':
      return {
        kind,
        header: reader.fixed(headerLength),
        pending: reader.fixed(pendingLength),
        ciphertext1: readEncoder(reader, ciphertext1Length),
        vector: readDecoder(reader, vectorLength),
      };
    case 'ekReceivedCt1Sampled':
      return {
        kind,
        pending: reader.fixed(pendingLength),
        vector: reader.fixed(vectorLength),
        ciphertext1: readEncoder(reader, ciphertext1Length),
      };
    case 'ct1Acknowledged':
      return {
        kind,
        header: reader.fixed(headerLength),
        pending: reader.fixed(pendingLength),
        ciphertext1: reader.fixed(ciphertext1Length),
        vector: readDecoder(reader, vectorLength),
      };
    case 'ct2Sampled':
      return { kind, ciphertext2: readEncoder(reader, sentCiphertext2Length) };
  }
}

function writeEncoder(writer: ByteWriter, { message, sent }: Encoder): void {
  writer.fixed(message).varint(sent);
}

function readEncoder(reader: ByteReader, length: number): Encoder {
  return { message: reader.fixed(length), sent: reader.count(maxSent) };
}

function writeDecoder(writer: ByteWriter, decoder: Decoder): void {
  writer.varint(heldCount(decoder)).fixed(decoder.held);
}

/** A decoder at rest lacks at least one chunk, and holds none twice. */
function readDecoder(reader: ByteReader, length: number): Decoder {
  const needed = chunksOf(length);
  const count = reader.count(needed - 1);
  const held = reader.fixed(heldLength * count);
  if (new Set(positionsOf(held, count)).size < count) throw new SottoError('engine-record-invalid');
  return { needed, held };
}
