/**
 * The inside of a sealed message as bytes (spec: sealed-sender 6.2). libsignal takes it apart, but puts one
 * together only from messages it has just encrypted, so its few fields are written here. Knows no seal.
 */
import { concatBytes } from '../../bytes.js';
import type { SealedContent, SealedKind } from '../../ports/index.js';

/** How a kind of message is numbered inside, and by libsignal. */
export const sealedKindNumbers: Readonly<
  Record<SealedKind, { readonly inside: number; readonly libsignal: number }>
> = {
  prekey: { inside: 1, libsignal: 3 },
  message: { inside: 2, libsignal: 2 },
  'sender-key': { inside: 7, libsignal: 7 },
  plaintext: { inside: 8, libsignal: 8 },
};

/** The serialized UnidentifiedSenderMessageContent. Neither the default hint nor an empty group id is written. */
export function sealedContentBytes(certificate: Uint8Array, content: SealedContent): Uint8Array {
  const { kind, message, contentHint, groupId } = content;
  return concatBytes(
    number(1, sealedKindNumbers[kind].inside),
    bytes(2, certificate),
    bytes(3, message),
    ...(contentHint === 0 ? [] : [number(4, contentHint)]),
    ...(groupId === undefined || groupId.length === 0 ? [] : [bytes(5, groupId)]),
  );
}

/** A protobuf field of wire type 0. */
function number(field: number, value: number): Uint8Array {
  return concatBytes(Uint8Array.of(field << 3), varint(value));
}

/** A protobuf field of wire type 2. */
function bytes(field: number, value: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of((field << 3) | 2), varint(value.length), value);
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Uint8Array.from([...out, rest]);
}
