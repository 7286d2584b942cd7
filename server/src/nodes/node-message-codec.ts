/**
 * Hints as bytes: the length of a JSON head, the head, and the ciphertexts one after the other, so that no
 * ciphertext is spelled as text. Knows no channel.
 */
import type { DeviceAddress, Envelope, EnvelopeId } from '@sotto/sdk/wire';
import type { NodeMessage } from './node-exchange.js';

/** A publication: hints, and whether they were sent on once already. */
export interface Publication {
  readonly messages: readonly NodeMessage[];
  readonly forwarded: boolean;
}

type Address = readonly [accountId: string, deviceId: number];
/** Of an envelope: everything but its ciphertext, and that one's length. */
type EnvelopeHead = readonly [id: string, sender: Address, kind: string, acceptedAt: number, bytes: number];
type MessageHead =
  readonly ['d', Address, number, EnvelopeHead?] | readonly ['s', Address] | readonly ['k', Address];
interface Head {
  readonly f: 0 | 1;
  readonly m: readonly MessageHead[];
}

const lengthBytes = 4;

const spellAddress = ({ accountId, deviceId }: DeviceAddress): Address => [accountId, deviceId];
const readAddress = ([accountId, deviceId]: Address) => ({ accountId, deviceId }) as DeviceAddress;

function spellEnvelope({ id, sender, kind, acceptedAt, ciphertext }: Envelope): EnvelopeHead {
  return [id, spellAddress(sender), kind, acceptedAt, ciphertext.length];
}

function spellMessage(message: NodeMessage): MessageHead {
  const address = spellAddress(message.device);
  if (message.kind === 'signed-out') return ['s', address];
  if (message.kind === 'keys-low') return ['k', address];
  const { seq, envelope } = message;
  return envelope === undefined ? ['d', address, seq] : ['d', address, seq, spellEnvelope(envelope)];
}

function ciphertextOf(message: NodeMessage): Uint8Array | undefined {
  return message.kind === 'delivered' ? message.envelope?.ciphertext : undefined;
}

/** Spells a publication. */
export function encodePublication({ messages, forwarded }: Publication): Buffer {
  const head: Head = { f: forwarded ? 1 : 0, m: messages.map(spellMessage) };
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.allocUnsafe(lengthBytes);
  length.writeUInt32BE(text.length);
  const ciphertexts = messages.map(ciphertextOf).filter((bytes) => bytes !== undefined);
  return Buffer.concat([length, text, ...ciphertexts]);
}

class Reader {
  #offset = 0;

  constructor(readonly bytes: Buffer) {}

  /** A copy: a view would keep the whole publication in memory as long as one envelope waits. */
  take(length: number): Buffer<ArrayBuffer> {
    const end = this.#offset + length;
    if (!(length >= 0) || end > this.bytes.length) throw new RangeError('a publication is cut off');
    const part = Buffer.from(this.bytes.subarray(this.#offset, end));
    this.#offset = end;
    return part;
  }
}

function readEnvelope(head: EnvelopeHead, reader: Reader): Envelope {
  const [id, sender, kind, acceptedAt, bytes] = head;
  const ciphertext = new Uint8Array(reader.take(bytes));
  return {
    id: id as EnvelopeId,
    sender: readAddress(sender),
    kind: kind as Envelope['kind'],
    acceptedAt,
    ciphertext,
  };
}

function readMessage(head: MessageHead, reader: Reader): NodeMessage {
  const device = readAddress(head[1]);
  if (head[0] === 's') return { kind: 'signed-out', device };
  if (head[0] === 'k') return { kind: 'keys-low', device };
  const [, , seq, envelope] = head;
  return envelope === undefined
    ? { kind: 'delivered', device, seq }
    : { kind: 'delivered', device, seq, envelope: readEnvelope(envelope, reader) };
}

/** Reads a publication of another node. @throws Error when it is none */
export function decodePublication(bytes: Buffer): Publication {
  const reader = new Reader(bytes);
  const head = JSON.parse(reader.take(reader.take(lengthBytes).readUInt32BE()).toString()) as Head;
  return { forwarded: head.f === 1, messages: head.m.map((message) => readMessage(message, reader)) };
}
