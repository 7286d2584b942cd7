/**
 * Failures across a port: a code and its structured details, never a message, a cause or a stack. What has no code
 * of ours tells nothing but that it happened.
 */
import * as z from 'zod/mini';
import { SottoError, isSottoError, localErrorCatalogue, type SottoErrorCode } from '../errors.js';
import { problemCatalogue } from '../wire/problem-catalogue.js';
import { bytes } from './values.js';

/** Characters of a detail that is text; the longest is a path of a field. */
const maxDetailLength = 256;
const maxFields = 64;

const text = z.string().check(z.maxLength(maxDetailLength));

/** What a failure may carry besides its code: all details of all codes. Anything else stays where it is. */
const details = z.object({
  retryAfterMs: z.optional(z.number()),
  fields: z.optional(z.array(text).check(z.maxLength(maxFields))),
  requestId: z.optional(text),
  accountId: z.optional(text),
  shownIdentityKey: z.optional(bytes(33)),
  engine: z.optional(text),
  limit: z.optional(text),
});

/** A failure as it crosses. */
export const failureValue = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sotto'), code: text, details }),
  /** The arguments do not fit. */
  z.strictObject({ kind: z.literal('type') }),
  z.strictObject({ kind: z.literal('unexpected') }),
]);
/** See {@link failureValue}. */
export type FailureValue = z.output<typeof failureValue>;

/** Whether a code is one of ours. */
export function isKnownCode(code: string): code is SottoErrorCode {
  return Object.hasOwn(localErrorCatalogue, code) || Object.hasOwn(problemCatalogue, code);
}

/** What is told of a failure. */
export function packFailure(error: unknown): FailureValue {
  if (isSottoError(error)) {
    const told = details.safeParse(error.details);
    return { kind: 'sotto', code: error.code, details: told.success ? told.data : {} };
  }
  return { kind: error instanceof TypeError ? 'type' : 'unexpected' };
}

/** The failure that was told of. */
export function unpackFailure(failure: FailureValue): Error {
  if (failure.kind === 'type') return new TypeError('the messenger refused the arguments');
  if (failure.kind === 'unexpected' || !isKnownCode(failure.code)) return new SottoError('remote-failed');
  // The details are those of the code if the other side is ours; a reader of them asks for what it knows.
  return new SottoError(failure.code as 'rate-limited', {
    details: failure.details as { retryAfterMs?: number },
  });
}
