/** The state of a Double Ratchet in a record. Knows no record around it. */
import { SottoError } from '../../../errors.js';
import {
  privateKeyLength,
  publicKeyLength,
  type KeyPair,
  type PrivateKey,
  type PublicKey,
  type RemoteRatchetKey,
} from '../primitives/keys.js';
import type { ByteReader } from '../records/byte-reader.js';
import type { ByteWriter } from '../records/byte-writer.js';
import { maxDirectoryLength } from '../records/skipped-keys.js';
import type { ChainKey } from './kdf.js';
import { maxReceivingChains, type DoubleRatchet, type ReceivingChain, type SendingChain } from './state.js';

const keyLength = 32;

/** Writes a state. */
export function writeDoubleRatchet(writer: ByteWriter, state: DoubleRatchet): void {
  writer.fixed(state.rootKey).varint(state.previousCounter).varint(state.nextChainNumber);
  writer.optional(state.sending, ({ ratchetKey, chain }) => {
    writer.fixed(ratchetKey.publicKey).fixed(ratchetKey.privateKey);
    writeChain(writer, chain);
  });
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
  const sending = reader.optional(() => readSending(reader));
  const receiving = Array.from({ length: reader.count(maxReceivingChains) }, () => readReceiving(reader));
  if (!sending && receiving.length === 0) throw new SottoError('engine-record-invalid');
  return { rootKey, sending, receiving, nextChainNumber, previousCounter };
}

function readSending(reader: ByteReader): SendingChain {
  const publicKey = reader.fixed(publicKeyLength) as PublicKey<'ratchet'>;
  const privateKey = reader.fixed(privateKeyLength) as PrivateKey;
  const ratchetKey: KeyPair<'ratchet'> = { publicKey, privateKey };
  return { ratchetKey, chain: readChain(reader) };
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
