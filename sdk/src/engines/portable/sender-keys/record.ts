/**
 * The record of a sender key (spec: sender-keys 5.4): up to five states, newest first, and its bytes. Knows
 * no message, and of skipped seeds only the directories.
 */
import { SottoError } from '../../../errors.js';
import { chainKeyLength } from '../messages/sender-key-messages.js';
import {
  privateKeyLength,
  publicKeyLength,
  type PrivateKey,
  type SenderSigningKey,
} from '../primitives/keys.js';
import { ByteReader } from '../records/byte-reader.js';
import { ByteWriter } from '../records/byte-writer.js';
import { frameRecord, openRecordOf } from '../records/frame.js';
import { maxDirectoryLength, noSkippedKeys } from '../records/skipped-keys.js';
import type { SenderChain } from './chain.js';

/** Keys of one device under one distribution id that are remembered. */
const maxSenderKeyStates = 5;

/** One sender key. */
export interface SenderKeyState {
  /** Names its pages; never given again within a record. */
  readonly id: number;
  readonly chainId: number;
  readonly chain: SenderChain;
  readonly signingKey: SenderSigningKey;
  /** Only in a sender key of our own. */
  readonly privateKey: PrivateKey | undefined;
  /** The directory of its skipped seeds. */
  readonly skipped: Uint8Array;
}

/** The sender keys of one device under one distribution id, newest first. */
export interface SenderKeyRecord {
  readonly nextId: number;
  readonly states: readonly SenderKeyState[];
}

/** A sender key to remember. */
export interface NewSenderKey {
  readonly chainId: number;
  readonly chain: SenderChain;
  readonly signingKey: SenderSigningKey;
  readonly privateKey?: PrivateKey;
}

/** The record of a device that gave no key. */
export const emptySenderKeyRecord: SenderKeyRecord = { nextId: 0, states: [] };

/**
 * Puts a key in front. One that is known stays as it is, wherever its chain has come to.
 * @returns the record, and the states that are gone with what belongs to them; the very same record when
 * nothing changed
 */
export function addSenderKey(
  record: SenderKeyRecord,
  added: NewSenderKey,
): { readonly record: SenderKeyRecord; readonly dropped: readonly SenderKeyState[] } {
  const { states, nextId } = record;
  const known = states.find((state) => isSameKey(state, added));
  if (known && known === states[0]) return { record, dropped: [] };
  const others = known
    ? states.filter((state) => state !== known)
    : states.filter(({ chainId }) => chainId !== added.chainId);
  const kept = others.slice(0, maxSenderKeyStates - 1);
  const first = known ?? { privateKey: undefined, ...added, id: nextId, skipped: noSkippedKeys };
  return {
    record: { nextId: known ? nextId : nextId + 1, states: [first, ...kept] },
    dropped: states.filter((state) => state !== known && !kept.includes(state)),
  };
}

/** Keys of signatures are public: an early exit shows nothing. */
function isSameKey(state: SenderKeyState, added: NewSenderKey): boolean {
  const same = state.signingKey.every((byte, index) => byte === added.signingKey[index]);
  return same && state.chainId === added.chainId;
}

/** Puts a state in the place of the one it came from. */
export function withState(record: SenderKeyRecord, changed: SenderKeyState): SenderKeyRecord {
  const states = record.states.map((state) => (state.id === changed.id ? changed : state));
  return { ...record, states };
}

/** The record's bytes. */
export function encodeSenderKeyRecord({ nextId, states }: SenderKeyRecord): Uint8Array {
  const writer = new ByteWriter().varint(nextId).u8(states.length);
  for (const state of states) writeState(writer, state);
  return frameRecord('senderKey', writer.finish());
}

/**
 * Reads a record; byte strings in the result are views of it.
 * @throws SottoError `engine-record-invalid`
 */
export function decodeSenderKeyRecord(bytes: Uint8Array): SenderKeyRecord {
  const reader = new ByteReader(openRecordOf('senderKey', bytes));
  const nextId = reader.varint();
  const count = reader.count(maxSenderKeyStates);
  const states = Array.from({ length: count }, () => readState(reader));
  reader.end();
  if (states.length === 0 || states.some(({ id }) => id >= nextId)) {
    throw new SottoError('engine-record-invalid');
  }
  return { nextId, states };
}

function writeState(writer: ByteWriter, state: SenderKeyState): void {
  writer.varint(state.id).u32(state.chainId);
  writer.varint(state.chain.iteration).fixed(state.chain.key);
  writer.fixed(state.signingKey);
  writer.optional(state.privateKey, (key) => writer.fixed(key));
  writer.sized(state.skipped);
}

function readState(reader: ByteReader): SenderKeyState {
  return {
    id: reader.varint(),
    chainId: reader.u32(),
    chain: { iteration: reader.varint(), key: reader.fixed(chainKeyLength) },
    signingKey: reader.fixed(publicKeyLength) as SenderSigningKey,
    privateKey: reader.optional(() => reader.fixed(privateKeyLength) as PrivateKey),
    skipped: reader.sized(maxDirectoryLength),
  };
}
