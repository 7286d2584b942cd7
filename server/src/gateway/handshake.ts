/** Who may connect: checks the handshake's token and the connection limits. Knows no mailbox. */
import { makeProblem, socketHandshake, type ProblemDocument } from '@sotto/sdk/wire';
import { describeUnexpected } from '../logging/relay-log.js';
import { ProblemError, type AccessClaims } from '../ports.js';
import { toProblem } from '../problems.js';
import { relayLimits } from '../relay-limits.js';
import { parseInput } from './frames.js';
import type { GatewayServices } from './services.js';

/** What Socket.IO turns into a `connect_error` with `data`. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';

  constructor(readonly data: ProblemDocument) {
    super(data.code);
  }
}

/**
 * Every attempt counts once: against the account when the token is good, against the network address always.
 * @param auth - the handshake's `auth` member, unchecked
 * @throws ProblemError `invalid-request`, `unauthorized` or `rate-limited`
 */
async function admit(auth: unknown, address: string, services: GatewayServices): Promise<AccessClaims> {
  const { tokens, limits } = services;
  let claims: AccessClaims;
  try {
    claims = await tokens.verify(parseInput(socketHandshake, auth).accessToken);
  } catch (error) {
    await limits.consume('connect', { address });
    throw error;
  }
  await limits.consume('connect', { accountId: claims.accountId, address });
  return claims;
}

/** See {@link admit}. @throws HandshakeError always in place of any other error */
export async function authenticate(
  auth: unknown,
  address: string,
  requestId: string,
  services: GatewayServices,
): Promise<AccessClaims> {
  try {
    return await admit(auth, address, services);
  } catch (error) {
    const problem = toProblem(error, requestId);
    const fields = { operation: 'connect', status: problem.status, problem: problem.code };
    if (!(error instanceof ProblemError)) {
      services.log.log('error', 'handshake-failed', { ...fields, requestId, ...describeUnexpected(error) });
    } else {
      services.log.log('info', 'handshake-refused', fields);
    }
    throw new HandshakeError(problem);
  }
}

/** What is answered to a handshake while the relay stops, or has too many. */
export function unavailableProblem(retryAfterMs: number): HandshakeError {
  return new HandshakeError(makeProblem('unavailable', { retryAfterMs }));
}

/** What is answered to a handshake while the relay cannot keep up. */
export function overloadedProblem(): HandshakeError {
  return new HandshakeError(makeProblem('unavailable', { retryAfterMs: relayLimits.overloadRetryAfterMs }));
}
