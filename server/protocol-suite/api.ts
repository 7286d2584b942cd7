/**
 * A plain HTTP client for the wire's operations. It checks every answer against the wire, so that
 * each case checks it too. Knows no case.
 */
import assert from 'node:assert/strict';
import {
  httpOperations,
  problemDocument,
  type HttpOperation,
  type HttpOperationName,
  type ProblemCode,
  type ProblemDocument,
  type RequestOf,
  type ResponseOf,
} from '@sotto/sdk/wire';
import * as z from 'zod/mini';

/** One answer as it came. */
export interface Exchange {
  readonly operation: HttpOperationName | undefined;
  readonly status: number;
  readonly contentType: string;
  /** Parsed JSON. */
  readonly body: unknown;
}

/** What an operation came to. */
export type Answer<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: ProblemDocument };

/** A request at the level of HTTP. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** See the file's header. */
export class RelayApi {
  constructor(
    readonly url: string,
    readonly observe: (exchange: Exchange) => void = () => {},
  ) {}

  /** Sends any HTTP request; the answer must be JSON of the kind its status says. */
  async raw(request: RawRequest, operation?: HttpOperationName): Promise<Exchange> {
    const { method, path, headers = {}, body } = request;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: body as BodyInit }),
    });
    const contentType = response.headers.get('content-type') ?? '';
    const exchange = { operation, status: response.status, contentType, body: await response.json() };
    this.observe(exchange);
    const expected = response.ok ? 'application/json' : 'application/problem+json';
    assert.ok(contentType.startsWith(expected), `${path} answered ${response.status} as ${contentType}`);
    return exchange;
  }

  /** Sends an operation with a body as JSON on the wire, which may be anything. */
  async sendEncoded(name: HttpOperationName, body: unknown, accessToken?: string): Promise<Exchange> {
    const { method, path }: HttpOperation = httpOperations[name];
    const headers = { ...bearer(accessToken), ...(method === 'GET' ? {} : jsonHeaders) };
    return this.raw(
      { method, path, headers, ...(method === 'GET' ? {} : { body: JSON.stringify(body) }) },
      name,
    );
  }

  /** Calls an operation. */
  async call<Name extends HttpOperationName>(
    name: Name,
    request: RequestOf<Name>,
    accessToken?: string,
  ): Promise<Answer<ResponseOf<Name>>> {
    const operation: HttpOperation = httpOperations[name];
    const exchange = await this.sendEncoded(name, z.encode(operation.request, request), accessToken);
    if (exchange.status !== 200) return { ok: false, problem: problemOf(exchange) };
    return { ok: true, value: z.decode(operation.response, exchange.body) as ResponseOf<Name> };
  }

  /** Calls an operation that must succeed. */
  async must<Name extends HttpOperationName>(
    name: Name,
    request: RequestOf<Name>,
    accessToken?: string,
  ): Promise<ResponseOf<Name>> {
    const answer = await this.call(name, request, accessToken);
    if (!answer.ok) assert.fail(`${name} was refused: ${explain(answer.problem)}`);
    return answer.value;
  }

  /** Calls an operation that must be refused with one of the codes. */
  async refused<Name extends HttpOperationName>(
    name: Name,
    request: RequestOf<Name>,
    codes: ProblemCode | readonly ProblemCode[],
    accessToken?: string,
  ): Promise<ProblemDocument> {
    const answer = await this.call(name, request, accessToken);
    assert.ok(!answer.ok, `${name} was not refused`);
    assert.ok([codes].flat().includes(answer.problem.code), `${name}: ${explain(answer.problem)}`);
    return answer.problem;
  }
}

/** The header of a JSON body. */
export const jsonHeaders = { 'content-type': 'application/json' };

/** The header of an access token. */
export function bearer(accessToken: string | undefined): Record<string, string> {
  return accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
}

/** The problem in an answer; fails when the answer is none, or says one thing in its status and another in its body. */
export function problemOf(exchange: Exchange): ProblemDocument {
  assert.notEqual(exchange.status, 200, `${exchange.operation} was not refused`);
  const problem = problemDocument.parse(exchange.body);
  assert.equal(problem.status, exchange.status);
  assert.equal(problem.type, `urn:sotto:problem:${problem.code}`);
  return problem;
}

function explain({ code, fields }: ProblemDocument): string {
  const hint = code === 'rate-limited' ? ' (run the relay with SOTTO_LIMIT_FACTOR=10000)' : '';
  return `${code} ${fields?.join(', ') ?? ''}${hint}`;
}
