/** The state of a Double Ratchet in a record. Knows no record around it. */
import { SottoError } from '../../../errors.js';
import {
  privateKeyLength,
  publicKeyLength,
  type PrivateKey,
  type PublicKey,
  type RemoteRatchetKey,
} from '../primitives/keys.js';
import type { ByteReader } from '../records/byte-reader.js';
import type { ByteWriter } from '../records/byte-writer.js';
import { maxDirectoryLength } from '../records/skipped-keys.js';
import type { ChainKey } from './kdf.js';
import {
  isPromised,
  maxReceivingChains,
  type DoubleRatchet,
  type PromisedChain,
  type ReceivingChain,
  type SendingChain,
} from './state.js';

const keyLength = 32;

/** Writes a state. */
export function writeDoubleRatchet(writer: ByteWriter, state: DoubleRatchet): void {
  writer.fixed(state.rootKey).varint(state.previousCounter).varint(state.nextChainNumber);
  writeSending(writer, state.sending);
  writer.varint(state.receiving.length);
  for (const { number, remoteRatchetKey, chain, skipped } of state.receiving) {
    writer.varint(number).fixed(remoteRatchetKey);
    writeChain(writer, chain);
    writer.sized(skipped);
  }
}

/**
 * Reads a state, whose byte strings are views of the record.
 * @throws SottoError `engine-record-invalid`
 */
export function readDoubleRatchet(reader: ByteReader): DoubleRatchet {
  const rootKey = reader.fixed(keyLength);
  const previousCounter = reader.varint();
  const nextChainNumber = reader.varint();
  const sending = readSending(reader);
  const receiving = Array.from({ length: reader.count(maxReceivingChains) }, () => readReceiving(reader));
  if (isPromised(sending) && receiving.length === 0) throw new SottoError('engine-record-invalid');
  return { rootKey, sending, receiving, nextChainNumber, previousCounter };
}

/** A private key; with its public one and the chain where there is one already. */
function writeSending(writer: ByteWriter, sending: SendingChain | PromisedChain): void {
  const { privateKey, publicKey } = isPromised(sending)
    ? { ...sending, publicKey: undefined }
    : sending.ratchetKey;
  writer.fixed(privateKey).optional(publicKey, (key) => writer.fixed(key));
  if (!isPromised(sending)) writeChain(writer, sending.chain);
}

function readSending(reader: ByteReader): SendingChain | PromisedChain {
  const privateKey = reader.fixed(privateKeyLength) as PrivateKey;
  const publicKey = reader.optional(() => reader.fixed(publicKeyLength) as PublicKey<'ratchet'>);
  if (!publicKey) return { privateKey };
  return { ratchetKey: { publicKey, privateKey }, chain: readChain(reader) };
}

function readReceiving(reader: ByteReader): ReceivingChain {
  const number = reader.varint();
  const remoteRatchetKey = reader.fixed(publicKeyLength) as RemoteRatchetKey;
  const chain = readChain(reader);
  return { number, remoteRatchetKey, chain, skipped: reader.sized(maxDirectoryLength) };
}

function writeChain(writer: ByteWriter, { key, index }: ChainKey): void {
  writer.fixed(key).varint(index);
}

function readChain(reader: ByteReader): ChainKey {
  return { key: reader.fixed(keyLength), index: reader.varint() };
}
