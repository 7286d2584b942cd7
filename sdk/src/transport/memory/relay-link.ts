/** An in-process link to a relay: what a relay handler must offer to be reached without a network. */
import type { HttpOperationName, ProblemDocument } from '../../wire/index.js';
import type { StreamDriver } from '../stream-driver.js';

/** An answer to a request/response operation, as it would stand in an HTTP body. */
export type RelayLinkAnswer =
  | { readonly ok: true; readonly response: unknown }
  | { readonly ok: false; readonly problem: ProblemDocument };

/** A relay, or the way to one, in the same process. `connect` is the live stream's. */
export interface RelayLink extends StreamDriver {
  /**
   * One request/response operation.
   * @param body - JSON as on the wire: bytes are base64url
   * @throws anything when the relay cannot be reached or its answer was lost; the caller sees `offline`.
   * It may also stay pending: the transport has its own timeout
   */
  request(
    operation: HttpOperationName,
    body: unknown,
    options: { readonly accessToken?: string },
  ): Promise<RelayLinkAnswer>;
}
