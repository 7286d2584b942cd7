/**
 * What happens to every request of the wire's table, in order: token, body, schema, limits, proof,
 * handler, schema of the answer. Knows no operation by name.
 */
import type { HttpOperation, HttpOperationName, RequestProof } from '@sotto/sdk/wire';
import { wireLimits } from '@sotto/sdk/wire';
import type { Request, Response } from 'express';
import * as z from 'zod/mini';
import type { RequestProofs } from '../auth/request-proofs.js';
import { ProblemError, type AccessClaims, type AccessTokenVerifier, type RateLimits } from '../ports.js';
import { createBodyReader } from './json-body.js';
import type { Call, Route } from './routes.js';

/** What the pipeline asks on the way. */
export interface PipelineParts {
  readonly accessTokens: AccessTokenVerifier;
  readonly limits: RateLimits;
  readonly proofs: RequestProofs;
  /** The caller's network address. */
  readonly addressOf: (request: Request) => string;
}

/** Serves one operation: the encoded answer, or a ProblemError. */
export type OperationPipeline = (request: Request, response: Response) => Promise<unknown>;

const maxFields = 16;
const maxFieldLength = 128;

function bearerToken(request: Request): string {
  const [, token] = /^Bearer ([\w.~+/=-]+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined || token.length > wireLimits.maxTokenLength) throw new ProblemError('unauthorized');
  return token;
}

function decode(schema: z.core.$ZodType, value: unknown): unknown {
  const decoded = z.safeDecode(schema, value);
  if (decoded.success) return decoded.data;
  const paths = decoded.error.issues.map(({ path }) => path.map(String).join('.').slice(0, maxFieldLength));
  const fields = [...new Set(paths.filter((path) => path !== ''))].slice(0, maxFields);
  throw new ProblemError('invalid-request', { fields });
}

/** Builds the pipeline of one row of the table. */
export function createPipeline<Name extends HttpOperationName>(
  name: Name,
  operation: HttpOperation,
  route: Route<Name>,
  parts: PipelineParts,
): OperationPipeline {
  const readBody = createBodyReader(operation.maxRequestBytes);
  const { authentication } = operation;

  async function consumeLimit(request: Request, call: Call<Name>): Promise<void> {
    const { accountId } = call.claims ?? {};
    await parts.limits.consume(route.limit?.(call.request) ?? operation.limit, {
      address: parts.addressOf(request),
      ...(accountId === undefined ? {} : { accountId }),
      ...route.subject?.(call.request),
    });
  }

  return async (request, response) => {
    const claims =
      authentication === 'none' ? undefined : await parts.accessTokens.verify(bearerToken(request));
    const encodedBody = operation.method === 'GET' ? {} : await readBody(request, response);
    const call = { request: decode(operation.request, encodedBody), encodedBody, claims } as Call<Name>;
    await consumeLimit(request, call);
    if (authentication === 'access-token-and-proof') {
      const { proof } = call.request as { proof: RequestProof };
      await parts.proofs.check(claims as AccessClaims, { operation: name, encodedBody, proof });
    }
    return z.encode(operation.response, await route.handle(call));
  };
}
