/**
 * Requests and answers between the program's form and the wire's, checked on this side: a defect of
 * the caller and a defect of the relay both end in a typed error. Knows no network.
 */
import * as z from 'zod/mini';
import { SottoError } from '../errors.js';
import {
  httpOperations,
  socketOperations,
  socketReply,
  type HttpOperationName,
  type RequestOf,
  type ResponseOf,
  type SocketOperationName,
} from '../wire/index.js';
import { problemToError } from './problem-error.js';

/** As many as a problem document may name. */
const maxFields = 16;

/** What a client passes to a socket operation. */
export type SocketRequestOf<Name extends SocketOperationName> = z.output<
  (typeof socketOperations)[Name]['request']
>;
/** What a socket operation answers. */
export type SocketResponseOf<Name extends SocketOperationName> = z.output<
  (typeof socketOperations)[Name]['response']
>;

/**
 * The JSON body of a request.
 * @throws SottoError `invalid-request` when the input does not fit the schema
 */
export function encodeHttpRequest<Name extends HttpOperationName>(
  operation: Name,
  input: RequestOf<Name>,
): unknown {
  return encodeRequest(httpOperations[operation].request, input);
}

/**
 * An answer from its JSON body.
 * @throws SottoError `invalid-response`
 */
export function decodeHttpResponse<Name extends HttpOperationName>(
  operation: Name,
  json: unknown,
): ResponseOf<Name> {
  const decoded = z.safeDecode(httpOperations[operation].response, json as never);
  // The cause would quote the answer.
  if (!decoded.success) throw new SottoError('invalid-response');
  return decoded.data as ResponseOf<Name>;
}

/**
 * The payload of a socket request.
 * @throws SottoError `invalid-request` when the input does not fit the schema
 */
export function encodeSocketRequest<Name extends SocketOperationName>(
  operation: Name,
  input: SocketRequestOf<Name>,
): unknown {
  return encodeRequest(socketOperations[operation].request, input);
}

/**
 * The response inside a socket reply.
 * @throws SottoError `invalid-response`, or the relay's problem under its own code
 */
export function decodeSocketReply<Name extends SocketOperationName>(
  operation: Name,
  payload: unknown,
): SocketResponseOf<Name> {
  const reply = socketReply(socketOperations[operation].response).safeParse(payload);
  if (!reply.success) throw new SottoError('invalid-response');
  if (!reply.data.ok) throw problemToError(reply.data.problem);
  return reply.data.response as SocketResponseOf<Name>;
}

function encodeRequest(schema: z.core.$ZodType, input: unknown): unknown {
  const encoded = z.safeEncode(schema, input);
  if (encoded.success) return encoded.data;
  throw new SottoError('invalid-request', { details: { fields: fieldsOf(encoded.error) } });
}

/** Dotted paths, never values. */
function fieldsOf(error: z.core.$ZodError): readonly string[] {
  const paths = error.issues.map((issue) => issue.path.map(String).join('.'));
  return [...new Set(paths)].slice(0, maxFields);
}
