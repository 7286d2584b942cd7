/**
 * Problem documents (RFC 9457): how a refusal of the relay looks on the wire. The same codes come back as
 * `SottoError.code` in the SDK.
 */
import * as z from 'zod/mini';
import { problemCatalogue, type ProblemCode } from './problem-catalogue.js';

/** The codes once more: a client reads documents, and has no use for the texts of the table. */
const codes = {
  'invalid-request': true,
  'payload-too-large': true,
  'not-found': true,
  'method-not-allowed': true,
  unauthorized: true,
  'login-refused': true,
  'proof-refused': true,
  'refresh-refused': true,
  'signature-refused': true,
  'username-taken': true,
  'account-id-taken': true,
  'manifest-conflict': true,
  'device-id-taken': true,
  'reset-waiting': true,
  'reset-objected': true,
  'device-replaced': true,
  'keys-missing': true,
  'introduction-required': true,
  'idempotency-conflict': true,
  'mailbox-full': true,
  'rate-limited': true,
  unavailable: true,
  'internal-error': true,
} satisfies Record<ProblemCode, true>;
const problemCodes = Object.keys(codes) as [ProblemCode, ...ProblemCode[]];

/** A problem document (RFC 9457): `application/problem+json` over HTTP, the `problem` member of a socket reply. */
export const problemDocument = z.strictObject({
  /** `urn:sotto:problem:` and the code. */
  type: z.string().check(z.maxLength(128)),
  title: z.string().check(z.maxLength(256)),
  status: z.int().check(z.minimum(400), z.maximum(599)),
  code: z.enum(problemCodes),
  /** Whole milliseconds to wait; with `rate-limited`, and with `unavailable` where known. */
  retryAfterMs: z.optional(z.int().check(z.minimum(0), z.maximum(86_400_000))),
  /** Dotted paths of the fields that do not fit, never their values; with `invalid-request`. */
  fields: z.optional(z.array(z.string().check(z.maxLength(128))).check(z.maxLength(16))),
  /** Names the request in the relay's log. */
  requestId: z.optional(z.string().check(z.maxLength(64))),
});
/** See {@link problemDocument}. */
export type ProblemDocument = z.output<typeof problemDocument>;

/** Builds the document of a code. */
export function makeProblem(
  code: ProblemCode,
  extra: Pick<ProblemDocument, 'retryAfterMs' | 'fields' | 'requestId'> = {},
): ProblemDocument {
  const { status, when } = problemCatalogue[code];
  return { type: `urn:sotto:problem:${code}`, title: when, status, code, ...extra };
}
