/** What a duty offers to HTTP: a handler per operation of the wire's table. Knows no server. */
import type { httpOperations, HttpOperationName, LimitClass, RequestOf, ResponseOf } from '@sotto/sdk/wire';
import type { AccessClaims, LimitSubject } from '../ports.js';

type AuthenticationOf<Name extends HttpOperationName> = (typeof httpOperations)[Name]['authentication'];

/** A checked request on its way to a handler. */
export interface Call<Name extends HttpOperationName> {
  readonly request: RequestOf<Name>;
  /** The body as JSON on the wire, for proofs. */
  readonly encodedBody: Readonly<Record<string, unknown>>;
  /** Who asks; of operations without authentication nobody knows. */
  readonly claims: AuthenticationOf<Name> extends 'none' ? undefined : AccessClaims;
}

/** How one operation is served. Token, limits and proof have been checked before `handle` is called. */
export interface Route<Name extends HttpOperationName> {
  /** @throws ProblemError for every refusal */
  handle(call: Call<Name>): Promise<ResponseOf<Name>>;
  /** Whom the request is about, for limits. */
  subject?(request: RequestOf<Name>): Pick<LimitSubject, 'targetId' | 'username'>;
  /** Counts some requests against another class than the table's. */
  limit?(request: RequestOf<Name>): LimitClass;
}

/** A route for every operation. */
export type Routes = { readonly [Name in HttpOperationName]: Route<Name> };
