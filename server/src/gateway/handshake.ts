/** Who may connect: checks the handshake's token and the connection limits. Knows no mailbox. */
import { makeProblem, socketHandshake, type ProblemDocument } from '@sotto/sdk/wire';
import { describeUnexpected } from '../logging/relay-log.js';
import { ProblemError, type AccessClaims } from '../ports.js';
import { toProblem } from '../problems.js';
import { relayLimits } from '../relay-limits.js';
import { within } from '../within.js';
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

/** What a failed handshake is to its client, and a line in the log. */
function refusal(error: unknown, requestId: string, { log }: GatewayServices): HandshakeError {
  const problem = toProblem(error, requestId);
  const fields = { operation: 'connect', status: problem.status, problem: problem.code };
  if (error instanceof ProblemError) log.log('info', 'handshake-refused', fields);
  else log.log('error', 'handshake-failed', { ...fields, requestId, ...describeUnexpected(error) });
  return new HandshakeError(problem);
}

/** @throws ProblemError `unavailable` when the work takes too long */
async function inTime<Result>(work: Promise<Result>, { bounds }: GatewayServices): Promise<Result> {
  if (await within(bounds.handshakeTimeoutMs, work)) return work;
  throw new ProblemError('unavailable', { retryAfterMs: relayLimits.unavailableRetryAfterMs });
}

/** See {@link admit}. @throws HandshakeError always in place of any other error */
export async function authenticate(
  auth: unknown,
  address: string,
  requestId: string,
  services: GatewayServices,
): Promise<AccessClaims> {
  try {
    return await inTime(admit(auth, address, services), services);
  } catch (error) {
    throw refusal(error, requestId, services);
  }
}

/**
 * The last look at a connection before it is greeted.
 * @param look - whether it may stay
 * @throws HandshakeError `unauthorized` when it may not, another when that cannot be told now
 */
export async function lookAgain(
  look: () => Promise<void>,
  requestId: string,
  services: GatewayServices,
): Promise<void> {
  try {
    await inTime(look(), services);
  } catch (error) {
    throw refusal(error, requestId, services);
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
