/**
 * The inside of a sealed message: UnidentifiedSenderMessageContent (spec: sealed-sender 6.2). Knows no seal
 * and believes no certificate.
 */
import { isSottoError, SottoError } from '../../../errors.js';
import { contentHints, type SealedContent, type SealedKind } from '../../../ports/index.js';
import { present } from '../messages/parts.js';
import { decode } from '../protobuf/decode.js';
import { encode } from '../protobuf/encode.js';
import { messageSchema } from '../protobuf/schema.js';
import { parseSenderCertificate, type ParsedSenderCertificate } from './certificates.js';

const schema = messageSchema({
  type: { field: 1, type: 'enum' },
  certificate: { field: 2, type: 'bytes' },
  content: { field: 3, type: 'bytes' },
  contentHint: { field: 4, type: 'enum' },
  groupId: { field: 5, type: 'bytes' },
});

/** Not the types of the messages themselves: a PreKeySignalMessage is 3 there. */
const typeOfKind: Readonly<Record<SealedKind, number>> = {
  prekey: 1,
  message: 2,
  'sender-key': 7,
  plaintext: 8,
};

const kindOfType = new Map(Object.entries(typeOfKind).map(([kind, type]) => [type, kind as SealedKind]));

const maxUint32 = 0xffffffff;

/** The inside of a sealed message, read. */
export interface ParsedContent {
  readonly certificate: ParsedSenderCertificate;
  readonly content: SealedContent;
}

/**
 * Writes the inside of a sealed message.
 * @param certificate - a serialized sender certificate, already known to be one
 * @throws TypeError when the kind is none, or the hint is not an unsigned 32-bit number
 */
export function serializeContent(content: SealedContent, certificate: Uint8Array): Uint8Array {
  const { kind, message, contentHint: hint, groupId } = content;
  if (!Object.hasOwn(typeOfKind, kind)) throw new TypeError('not a kind of message');
  if (!Number.isInteger(hint) || hint < 0 || hint > maxUint32) throw new TypeError('not a content hint');
  return encode(schema, {
    type: typeOfKind[kind],
    certificate,
    content: message,
    contentHint: hint === contentHints.default ? undefined : hint,
    groupId: groupId && groupId.length > 0 ? groupId : undefined,
  });
}

/**
 * Reads the inside of a sealed message. Its byte strings are views of what was given.
 * @throws SottoError `invalid-message`
 */
export function parseContent(bytes: Uint8Array): ParsedContent {
  const fields = decode(schema, bytes);
  const { groupId } = fields;
  return {
    certificate: certificateIn(present(fields.certificate)),
    content: {
      kind: present(kindOfType.get(present(fields.type))),
      message: present(fields.content),
      contentHint: fields.contentHint ?? contentHints.default,
      ...(groupId ? { groupId } : {}),
    },
  };
}

/** One that is none makes the message none; whom to believe comes later. */
function certificateIn(bytes: Uint8Array): ParsedSenderCertificate {
  try {
    return parseSenderCertificate(bytes);
  } catch (error) {
    if (isSottoError(error)) throw new SottoError('invalid-message', { cause: error });
    throw error;
  }
}
