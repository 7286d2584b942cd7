/**
 * The symmetric chains that message keys come from (spec: spqr 4.7): per epoch one in each direction.
 * Every key is given out once. Knows no braid and no message.
 */
import { concatBytes, utf8 } from '../../../bytes.js';
import { SottoError } from '../../../errors.js';
import { hkdf } from '../primitives/hash.js';
import { noSkippedKeys, type SkippedKeys } from '../records/skipped-keys.js';
import type { EpochSecret, SpqrRole } from './braid.js';
import { refusal } from './refusal.js';

/** Keys set aside per epoch: how far behind the newest a message may come (spec 4.1, `max_ooo`). */
const maxSkippedKeys = 2_000;

/** When so many are held, those behind the window are cleaned up; in between they may stay (spec 4.7). */
const cleanUpAt = Math.floor((maxSkippedKeys * 11) / 10) + 1;

/** Indices are unsigned 32-bit numbers on the wire. */
const maxCounter = 0xffffffff;

const keyLength = 32;
// Two spaces: that is how the protocol's peers spell it.
const startInfo = utf8('Signal PQ Ratchet V1 Chain  Start');
const addEpochInfo = utf8('Signal PQ Ratchet V1 Chain Add Epoch');
const nextInfo = concatBytes(new Uint8Array(4), utf8('Signal PQ Ratchet V1 Chain Next'));

/** One direction of an epoch's chains. */
export interface Direction {
  /** Of the last key given out; 0 before the first. */
  readonly counter: number;
  /** 32 bytes. */
  readonly next: Uint8Array;
}

/** The chains of one epoch. */
export interface Link {
  readonly epoch: number;
  /** `undefined` once we send in a later epoch. */
  readonly sending: Direction | undefined;
  readonly receiving: Direction;
  /** Directory of the keys set aside, see `records/skipped-keys.ts`. */
  readonly skipped: Uint8Array;
}

/** The chains of a session. */
export interface Chain {
  readonly role: SpqrRole;
  /** How far a message may be ahead of its chain. */
  readonly maxJump: number;
  /** The epoch we last sent in. */
  readonly sendEpoch: number;
  /** 32 bytes. */
  readonly nextRoot: Uint8Array;
  /** Of consecutive epochs, oldest first; the last is the newest there is. */
  readonly links: readonly Link[];
}

/** The chains of a session's beginning. @param authKey - 32 bytes, of the handshake */
export function newChain(role: SpqrRole, authKey: Uint8Array, maxJump: number): Chain {
  const { nextRoot, link } = derive(role, 0, hkdf(undefined, authKey, startInfo, 3 * keyLength));
  return { role, maxJump, sendEpoch: 0, nextRoot, links: [link] };
}

/**
 * Begins the chains of the next epoch.
 * @throws SottoError `engine-record-invalid` when it is not the next
 */
export function addEpoch(chain: Chain, { epoch, secret }: EpochSecret): Chain {
  if (epoch !== currentEpoch(chain) + 1) throw new SottoError('engine-record-invalid');
  const output = hkdf(chain.nextRoot, secret, addEpochInfo, 3 * keyLength);
  const { nextRoot, link } = derive(chain.role, epoch, output);
  return { ...chain, nextRoot, links: [...chain.links, link] };
}

/** The newest epoch there are chains of. */
export function currentEpoch({ links }: Chain): number {
  return (links.at(-1) as Link).epoch;
}

function derive(role: SpqrRole, epoch: number, output: Uint8Array): { nextRoot: Uint8Array; link: Link } {
  const fromInitiator = { counter: 0, next: output.subarray(keyLength, 2 * keyLength) };
  const fromResponder = { counter: 0, next: output.subarray(2 * keyLength) };
  const [sending, receiving] =
    role === 'initiator' ? [fromInitiator, fromResponder] : [fromResponder, fromInitiator];
  return {
    nextRoot: output.subarray(0, keyLength),
    link: { epoch, sending, receiving, skipped: noSkippedKeys },
  };
}

/** A key and the chains after it was given out. */
export interface ChainKeyStep {
  readonly chain: Chain;
  /** Of the key, 1 or more. */
  readonly index: number;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/**
 * The next key to send with. In a new epoch all but the one before it is forgotten, and nothing can be
 * sent in an older one any more.
 * @throws SottoError `engine-record-invalid` when the epoch has no sending chain, or the chain no index left
 */
export function sendKey(chain: Chain, epoch: number): ChainKeyStep {
  const retained = epoch > chain.sendEpoch ? enterSendEpoch(chain, epoch) : chain;
  const link = retained.links.find((candidate) => candidate.epoch === epoch);
  if (!link?.sending || link.sending.counter >= maxCounter) throw new SottoError('engine-record-invalid');
  const { direction, key } = step(link.sending);
  return { chain: withLink(retained, { ...link, sending: direction }), index: direction.counter, key };
}

function enterSendEpoch(chain: Chain, epoch: number): Chain {
  const links = chain.links
    .filter((link) => link.epoch >= epoch - 1)
    .map((link) => (link.epoch < epoch ? { ...link, sending: undefined } : link));
  return { ...chain, sendEpoch: epoch, links };
}

/**
 * The key of a received message.
 * @param openSkipped - opens the working copy of the epoch's keys set aside
 * @param spend - asked before so many steps of the chain
 * @throws SottoError `invalid-message` (`EpochOutOfRange`, `KeyAlreadyRequested`, `KeyTrimmed`, `KeyJump`)
 */
export async function receiveKey(
  chain: Chain,
  epoch: number,
  index: number,
  openSkipped: (epoch: number) => SkippedKeys,
  spend?: (steps: number) => void,
): Promise<ChainKeyStep> {
  const link = chain.links.find((candidate) => candidate.epoch === epoch);
  if (!link) throw refusal('EpochOutOfRange');
  const { counter } = link.receiving;
  if (index === counter) throw refusal('KeyAlreadyRequested');
  if (index - counter > chain.maxJump) throw refusal('KeyJump');
  if (index > counter) spend?.(index - counter);
  const taken =
    index < counter ? await takeSkipped(link, index, openSkipped) : await advance(link, index, openSkipped);
  return { chain: withLink(chain, taken.link), index, key: taken.key };
}

interface TakenKey {
  readonly link: Link;
  readonly key: Uint8Array;
}

async function takeSkipped(
  link: Link,
  index: number,
  openSkipped: (epoch: number) => SkippedKeys,
): Promise<TakenKey> {
  if (index + maxSkippedKeys < link.receiving.counter) throw refusal('KeyTrimmed');
  const skipped = openSkipped(link.epoch);
  const key = await skipped.take(index);
  if (!key) throw refusal('KeyAlreadyRequested');
  return { link: { ...link, skipped: skipped.directory() }, key };
}

async function advance(
  link: Link,
  index: number,
  openSkipped: (epoch: number) => SkippedKeys,
): Promise<TakenKey> {
  // A message in its turn sets nothing aside, and after every other there is nothing left to clean up.
  const before =
    index === link.receiving.counter + 1 ? link : await skipTo(link, index, openSkipped(link.epoch));
  const { direction, key } = step(before.receiving);
  return { link: { ...before, receiving: direction }, key };
}

/** Sets the keys of all messages before one aside: of a long row only those within the window. */
async function skipTo(link: Link, index: number, skipped: SkippedKeys): Promise<Link> {
  const first = Math.max(link.receiving.counter + 1, index - maxSkippedKeys);
  if (index > link.receiving.counter + maxSkippedKeys) skipped.clear();
  const keys: Uint8Array[] = [];
  let receiving = link.receiving;
  while (receiving.counter < index - 1) {
    const { direction, key } = step(receiving);
    receiving = direction;
    if (direction.counter >= first) keys.push(key);
  }
  await skipped.store(first, keys);
  if (skipped.size >= cleanUpAt) await skipped.dropBelow(receiving.counter - maxSkippedKeys);
  return { ...link, receiving, skipped: skipped.directory() };
}

function step({ counter, next }: Direction): { readonly direction: Direction; readonly key: Uint8Array } {
  const info = nextInfo.slice();
  new DataView(info.buffer).setUint32(0, counter + 1);
  const output = hkdf(undefined, next, info, 2 * keyLength);
  return {
    direction: { counter: counter + 1, next: output.subarray(0, keyLength) },
    key: output.subarray(keyLength),
  };
}

function withLink(chain: Chain, changed: Link): Chain {
  const links = chain.links.map((link) => (link.epoch === changed.epoch ? changed : link));
  return { ...chain, links };
}
