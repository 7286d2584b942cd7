/**
 * The state of the post-quantum ratchet in a record: what lies side by side in it fits together, or it is
 * refused. The braid's own states are in `braid-codec.ts`. Knows no record around it.
 */
import { SottoError } from '../../../errors.js';
import type { ByteReader } from '../records/byte-reader.js';
import type { ByteWriter } from '../records/byte-writer.js';
import { maxDirectoryLength } from '../records/skipped-keys.js';
import type { Braid } from './braid.js';
import { readBraidState, writeBraidState } from './braid-codec.js';
import { currentEpoch, type Chain, type Direction, type Link } from './chain.js';
import type { SpqrState } from './ratchet.js';

const keyLength = 32;

/** Epochs at rest: the one before the one we send in, that one, and the one whose secret is new. */
const maxLinks = 3;

/** No session comes near: an epoch takes dozens of messages. It keeps arithmetic on epochs exact. */
const maxEpoch = 2 ** 48;

const maxCounter = 0xffffffff;

/** Whose secret of the current epoch is known already: the encapsulating side has it from its first chunk on. */
const secretKnown: ReadonlySet<Braid['state']['kind']> = new Set([
  'ct1Sampled',
  'ekReceivedCt1Sampled',
  'ct1Acknowledged',
  'ct2Sampled',
]);

/** The states of the side that owns the epoch's key pair. */
const ownsKeyPair: ReadonlySet<Braid['state']['kind']> = new Set([
  'keysUnsampled',
  'keysSampled',
  'headerSent',
  'ct1Received',
  'ekSentCt1Received',
]);

/** Writes a state. */
export function writeSpqrState(writer: ByteWriter, { braid, chain, negotiating }: SpqrState): void {
  writer.u8(negotiating ? 1 : 0).u8(chain.role === 'initiator' ? 1 : 0);
  writer.varint(braid.epoch).fixed(braid.authenticator.root).fixed(braid.authenticator.macKey);
  writeBraidState(writer, braid.state);
  writeChain(writer, chain);
}

/**
 * Reads a state, whose byte strings are views of the record.
 * @throws SottoError `engine-record-invalid`
 */
export function readSpqrState(reader: ByteReader): SpqrState {
  const negotiating = readFlag(reader);
  const role = readFlag(reader) ? 'initiator' : 'responder';
  const braid = readBraid(reader);
  const chain = readChain(reader, role);
  if (!fitTogether(braid, chain)) throw new SottoError('engine-record-invalid');
  return { braid, chain, negotiating };
}

function readFlag(reader: ByteReader): boolean {
  return reader.count(1) === 1;
}

function readBraid(reader: ByteReader): Braid {
  const epoch = reader.count(maxEpoch);
  const authenticator = { root: reader.fixed(keyLength), macKey: reader.fixed(keyLength) };
  return { epoch, authenticator, state: readBraidState(reader) };
}

/** Of these relations each holds after every step; were one broken, a later step would go wrong. */
function fitTogether({ epoch, state }: Braid, chain: Chain): boolean {
  const oldest = chain.links[0] as Link;
  const newest = secretKnown.has(state.kind) ? epoch : epoch - 1;
  const initiatorOwns = epoch % 2 === 1;
  return (
    epoch >= 1 &&
    currentEpoch(chain) === newest &&
    chain.sendEpoch < epoch &&
    chain.sendEpoch >= oldest.epoch &&
    ownsKeyPair.has(state.kind) === (initiatorOwns === (chain.role === 'initiator'))
  );
}

function writeChain(writer: ByteWriter, { maxJump, sendEpoch, nextRoot, links }: Chain): void {
  writer.varint(maxJump).varint(sendEpoch).fixed(nextRoot);
  writer.varint((links[0] as Link).epoch).varint(links.length);
  for (const { sending, receiving, skipped } of links) {
    // Which links have a sending chain, the epoch we send in tells.
    if (sending) writeDirection(writer, sending);
    writeDirection(writer, receiving);
    writer.sized(skipped);
  }
}

function readChain(reader: ByteReader, role: Chain['role']): Chain {
  const maxJump = reader.count(maxCounter);
  const sendEpoch = reader.count(maxEpoch);
  const nextRoot = reader.fixed(keyLength);
  const oldest = reader.count(maxEpoch);
  const count = reader.count(maxLinks);
  if (count === 0) throw new SottoError('engine-record-invalid');
  const links = Array.from({ length: count }, (_, nth) => readLink(reader, oldest + nth, sendEpoch));
  return { role, maxJump, sendEpoch, nextRoot, links };
}

function readLink(reader: ByteReader, epoch: number, sendEpoch: number): Link {
  const sending = epoch >= sendEpoch ? readDirection(reader) : undefined;
  return { epoch, sending, receiving: readDirection(reader), skipped: reader.sized(maxDirectoryLength) };
}

function writeDirection(writer: ByteWriter, { counter, next }: Direction): void {
  writer.varint(counter).fixed(next);
}

function readDirection(reader: ByteReader): Direction {
  return { counter: reader.count(maxCounter), next: reader.fixed(keyLength) };
}
