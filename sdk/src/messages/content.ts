/** What is inside a ciphertext: padded, strict JSON, checked by a schema per type. Knows no session. */
import * as z from 'zod/mini';
import { utf8 } from '../bytes.js';
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import { sha256Hash, timestampMs } from '../wire/index.js';
import { pad, unpad } from './padding.js';
import { parseStrictJson } from './strict-json.js';

/** A message's id: 128 random bits in base64url, 22 characters. Unique per sender; nobody can touch another's. */
export const messageId = z
  .string()
  .check(z.regex(/^[A-Za-z0-9_-]{21}[AQgw]$/))
  .brand<'MessageId'>();
/** A message's id: 128 random bits in base64url, 22 characters. Unique per sender. */
export type MessageId = z.output<typeof messageId>;

const contentSchema = z.strictObject({
  v: z.literal(1),
  /** Plain for our own types, `example.org/name` for an application's. */
  type: z.string().check(z.regex(/^[a-z0-9.-]{1,64}(?:\/[a-z0-9.-]{1,64})?$/)),
  id: messageId,
  sentAt: timestampMs,
  /** The sender's own device manifest as the sender knows it, so that a split view shows. */
  manifest: z.strictObject({ version: z.int().check(z.minimum(1)), hash: sha256Hash }),
  /** The sender's contact code, until the other side has answered. */
  contactCode: z.optional(z.string().check(z.maxLength(64))),
  body: z.unknown(),
});

/** Content of any type; `body` is checked by {@link readBody}. */
export type Content = z.output<typeof contentSchema>;

/** The body of a `text`. */
export const textBody = z.strictObject({ text: z.string().check(z.minLength(1)) });

/** The body of a `receipt`: messages of the receiver that have taken effect at the sender. */
export const receiptBody = z.strictObject({
  kind: z.literal('delivered'),
  ids: z.array(messageId).check(z.minLength(1), z.maxLength(limits.maxIdsPerReceipt)),
});

const ciphertextHash = z.string().check(z.regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/));

/**
 * The body of a `renewal`: it begins a session in the place of one that fails, or says in one that works that
 * a message was lost.
 */
export const renewalBody = z.strictObject({
  /** SHA-256 of the ciphertext that could not be decrypted, in base64url. */
  lost: z.optional(ciphertextHash),
});

/** A body by its type. */
export type ContentBody =
  | { readonly type: 'text'; readonly body: z.output<typeof textBody> }
  | { readonly type: 'receipt'; readonly body: z.output<typeof receiptBody> }
  | { readonly type: 'renewal'; readonly body: z.output<typeof renewalBody> };

/** A known body, or the JSON of an unknown one, to be kept and never acted upon. */
export type ReadBody =
  ContentBody | { readonly type: 'unknown'; readonly name: string; readonly json: string };

/**
 * Serialises and pads.
 * @throws SottoError `content-too-large`, `invalid-content` for text with lone surrogates
 */
export function encodeContent(content: Omit<Content, 'v' | 'type' | 'body'> & ContentBody): Uint8Array {
  const bytes = utf8(JSON.stringify(z.encode(contentSchema, { v: 1, ...content })));
  if (bytes.length > limits.maxContentBytes) throw new SottoError('content-too-large');
  parseStrictJson(bytes);
  return pad(bytes);
}

/** Unpads and parses. @throws SottoError `invalid-content` */
export function decodeContent(padded: Uint8Array): Content {
  const bytes = unpad(padded);
  if (bytes.length > limits.maxContentBytes) throw new SottoError('invalid-content');
  const parsed = z.safeDecode(contentSchema, parseStrictJson(bytes) as z.input<typeof contentSchema>);
  if (!parsed.success) throw new SottoError('invalid-content');
  return parsed.data;
}

/** Checks a body by its type. @throws SottoError `invalid-content` for a known type that does not fit */
export function readBody(content: Content): ReadBody {
  if (content.type === 'text') return { type: 'text', body: fit(textBody, content.body) };
  if (content.type === 'receipt') return { type: 'receipt', body: fit(receiptBody, content.body) };
  if (content.type === 'renewal') return { type: 'renewal', body: fit(renewalBody, content.body) };
  return { type: 'unknown', name: content.type, json: JSON.stringify(content.body ?? null) };
}

function fit<Schema extends z.core.$ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = z.safeParse(schema, value);
  if (!parsed.success) throw new SottoError('invalid-content');
  return parsed.data;
}
