/** Errors as problem documents: what HTTP and the socket answer. Knows neither. */
import { makeProblem, type ProblemDocument } from '@sotto/sdk/wire';
import { ProblemError } from './ports.js';
import { relayLimits } from './relay-limits.js';

/**
 * SQLSTATEs and socket errors that mean "not now", not that the relay is wrong: the database is away or
 * full, it ended one of two transactions that waited for each other, a statement that took too long or a transaction
 * that lay still. Nothing was written, or the answer was lost on its way.
 */
const notNow =
  /^(?:08\w{3}|53\w{3}|57P0\d|57014|25P03|40P01|40001|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND)$/;

function isNotNow(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string') return notNow.test(code);
  // The pool's own failures have no code.
  return (
    typeof message === 'string' &&
    /connection terminated|timeout exceeded when trying to connect/i.test(message)
  );
}

/** What an error is to the caller. */
export function toProblem(error: unknown, requestId: string): ProblemDocument {
  if (error instanceof ProblemError) return makeProblem(error.code, error.extra);
  if (error instanceof Error && isNotNow(error)) {
    return makeProblem('unavailable', { retryAfterMs: relayLimits.unavailableRetryAfterMs });
  }
  // Only here, so that refusals that must look alike are alike to the byte.
  return makeProblem('internal-error', { requestId });
}
