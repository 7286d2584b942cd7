/**
 * Requests that an identity key signs: of somebody who has kept it and has no device any more. Knows no storage
 * and no token.
 */
import * as z from 'zod/mini';
import type { IdentityKeyPair, ProtocolEngine } from '../ports/index.js';
import { requestBodyHash } from '../verification/index.js';
import {
  httpOperations,
  identityProofBytes,
  type RequestOf,
  type RequestProof,
  type ResponseOf,
} from '../wire/index.js';
import type { RelayClient } from './relay-client.js';

/** Operations whose body must be signed by the identity key. */
export type IdentityOperationName = 'accounts.state' | 'accounts.replace-device' | 'reset.complete';

/** Asks under a fresh nonce, with the identity's signature. */
export async function askAsIdentity<Name extends IdentityOperationName>(
  parts: { readonly relay: RelayClient; readonly engine: ProtocolEngine; readonly identity: IdentityKeyPair },
  operation: Name,
  body: Omit<RequestOf<Name>, 'proof'>,
): Promise<ResponseOf<Name>> {
  const { relay, engine, identity } = parts;
  const { nonce } = await relay.anonymous('auth.nonce', {});
  const unsigned: RequestProof = { nonce, signature: new Uint8Array(64) };
  const schema = httpOperations[operation].request as z.ZodMiniType;
  const encoded = z.encode(schema, { ...body, proof: unsigned }) as Record<string, unknown>;
  const message = identityProofBytes(operation, requestBodyHash(encoded), nonce);
  const signature = (await engine.sign(identity, message)) as Uint8Array<ArrayBuffer>;
  return relay.anonymous(operation, { ...body, proof: { nonce, signature } } as unknown as RequestOf<Name>);
}
