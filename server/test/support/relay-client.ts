/** A client of a relay's HTTP operations for tests: it shows statuses, headers and raw bytes as they are. */
import {
  httpOperations,
  problemDocument,
  type HttpOperation,
  type HttpOperationName,
  type ProblemDocument,
  type RequestOf,
  type ResponseOf,
  type TokenPair,
} from '@sotto/sdk/wire';
import * as z from 'zod/mini';
import type { Person } from './people.js';

/** What came back. */
export interface Answer<Value> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of a success. */
  readonly value: Value;
  /** Of a refusal. */
  readonly problem: ProblemDocument | undefined;
}

/** Calls operations of one relay. */
export class RelayClient {
  constructor(readonly url: string) {}

  /** Any request; refusals are checked to be problem documents. */
  async raw(path: string, init: RequestInit = {}): Promise<Answer<unknown>> {
    const response = await fetch(`${this.url}${path}`, init);
    const text = await response.text();
    const { status, headers } = response;
    if (response.ok)
      return { status, headers, text, value: text === '' ? undefined : JSON.parse(text), problem: undefined };
    const problem = problemDocument.parse(JSON.parse(text));
    if (
      problem.status !== status ||
      headers.get('content-type') !== 'application/problem+json; charset=utf-8'
    ) {
      throw new Error(`not a problem document: ${status} ${headers.get('content-type')}`);
    }
    return { status, headers, text, value: undefined, problem };
  }

  /** An operation with a body as it is on the wire. */
  async encoded(name: HttpOperationName, body: unknown, token?: string): Promise<Answer<unknown>> {
    const { method, path }: HttpOperation = httpOperations[name];
    return this.raw(path, {
      method,
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
    });
  }

  async call<Name extends HttpOperationName>(
    name: Name,
    request: RequestOf<Name>,
    token?: string,
  ): Promise<Answer<ResponseOf<Name>>> {
    const operation: HttpOperation = httpOperations[name];
    const answer = await this.encoded(name, z.encode(operation.request, request), token);
    if (answer.problem) return answer as Answer<ResponseOf<Name>>;
    return { ...answer, value: z.decode(operation.response, answer.value) as ResponseOf<Name> };
  }

  /** An operation that must succeed. */
  async ok<Name extends HttpOperationName>(
    name: Name,
    request: RequestOf<Name>,
    token?: string,
  ): Promise<ResponseOf<Name>> {
    const { problem, value } = await this.call(name, request, token);
    if (problem) throw new Error(`${name}: ${problem.code} ${problem.fields?.join() ?? ''}`);
    return value;
  }

  async nonce(): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.ok('auth.nonce', {})).nonce;
  }

  register(person: Person): Promise<TokenPair> {
    return this.ok('accounts.register', person.registration());
  }

  /** Signs a request and calls the operation. */
  async proven<Name extends 'keys.upload' | 'accounts.delete' | 'auth.login'>(
    person: Person,
    name: Name,
    request: Omit<RequestOf<Name>, 'proof'>,
    token?: string,
  ): Promise<Answer<ResponseOf<Name>>> {
    const proof = person.prove(name, request, await this.nonce());
    return this.call(name, { ...request, proof } as RequestOf<Name>, token);
  }

  login(person: Person, changes: Partial<RequestOf<'auth.login'>> = {}): Promise<Answer<TokenPair>> {
    const { username, loginKey } = person;
    const deviceId = person.deviceId as RequestOf<'auth.login'>['deviceId'];
    return this.proven(person, 'auth.login', { username, loginKey, deviceId, ...changes });
  }
}
