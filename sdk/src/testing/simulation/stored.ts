/** What a simulation reads of a device's records and of contents: the few fields its checks are about. */
import { decodeContent, messageRecord, type Message } from '../../messages/index.js';
import { fromUtf8 } from '../../bytes.js';
import type { Concern } from './trace.js';

/** What is inside a ciphertext. */
export interface SeenContent {
  readonly type: string;
  readonly id: string;
  readonly text: string | undefined;
  /** Messages that a receipt confirms. */
  readonly ids: readonly string[];
}

/** Reads content as a sender has padded it. */
export function contentOf(padded: Uint8Array): SeenContent {
  const { type, id, body } = decodeContent(padded);
  const { text, ids = [] } = (body ?? {}) as { readonly text?: string; readonly ids?: readonly string[] };
  return { type, id, text, ids };
}

/** How a content is told. */
export function nameOf({ type, id, text }: SeenContent): string {
  return `${type} ${text ?? id}`;
}

/** What a violation is about that is about a content. */
export function concernOf(who: readonly string[], content: SeenContent | undefined): Concern {
  return content ? { who, what: content.text ?? content.id } : { who };
}

/** A stored message. */
export function readMessage(value: Uint8Array): Message {
  return messageRecord.decode(value);
}

/** The payload of one of the SDK's own records, unchecked: the SDK has just written it. */
export function readRecord<Fields>(value: Uint8Array): Fields {
  return (JSON.parse(fromUtf8(value)) as { readonly d: Fields }).d;
}
