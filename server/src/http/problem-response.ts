/** Problem documents as HTTP responses. Knows no operation. */
import type { ProblemDocument } from '@sotto/sdk/wire';
import type { Response } from 'express';

/** Answers with a problem. */
export function sendProblem(response: Response, problem: ProblemDocument): void {
  if (problem.retryAfterMs !== undefined) {
    response.setHeader('retry-after', String(Math.ceil(problem.retryAfterMs / 1000)));
  }
  if (problem.code === 'unauthorized') response.setHeader('www-authenticate', 'Bearer');
  // What is left of a body that is too large is not read: the connection ends.
  if (problem.code === 'payload-too-large') response.setHeader('connection', 'close');
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}
