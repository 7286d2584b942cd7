/**
 * Which web pages may use the relay: those of configured origins, and by default none. There are no
 * cookies, so no credentials are ever allowed.
 */
import type { RequestHandler } from 'express';
import { relayLimits } from '../relay-limits.js';

/** Answers preflights and marks answers for allowed origins; leaves all else alone. */
export function crossOrigin(allowedOrigins: readonly string[]): RequestHandler {
  const allowed = new Set(allowedOrigins);
  return (request, response, next) => {
    response.vary('Origin');
    const { origin } = request.headers;
    if (origin === undefined || !allowed.has(origin)) return next();
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', 'retry-after, x-request-id');
    const preflight = request.headers['access-control-request-method'] !== undefined;
    if (request.method !== 'OPTIONS' || !preflight) return next();
    response.setHeader('access-control-allow-methods', 'GET, POST');
    response.setHeader('access-control-allow-headers', 'authorization, content-type');
    response.setHeader('access-control-max-age', String(relayLimits.preflightMaxAgeSeconds));
    response.status(204).end();
  };
}
