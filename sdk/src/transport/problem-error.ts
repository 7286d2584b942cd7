/** From a relay's problem document to the error a caller sees. */
import { SottoError, type AnySottoError } from '../errors.js';
import { problemDocument, type ProblemDocument } from '../wire/index.js';

/** The error with the problem's own code, and of its details what the code carries. */
export function problemToError(problem: ProblemDocument): AnySottoError {
  const { code, retryAfterMs, fields, requestId } = problem;
  switch (code) {
    case 'rate-limited':
    case 'unavailable':
      return new SottoError(code, { details: retryAfterMs === undefined ? {} : { retryAfterMs } });
    case 'invalid-request':
      return new SottoError(code, { details: fields === undefined ? {} : { fields } });
    case 'internal-error':
      return new SottoError(code, { details: requestId === undefined ? {} : { requestId } });
    default:
      return new SottoError(code);
  }
}

/** Reads a problem document, or nothing where the value is none. */
export function parseProblem(value: unknown): ProblemDocument | undefined {
  const parsed = problemDocument.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
