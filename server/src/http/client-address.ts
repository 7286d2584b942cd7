/** Whose network address a request comes from. */
import type { IncomingMessage } from 'node:http';

/**
 * The address that counts for limits.
 * @param trustedProxies - how many proxies in front append to `X-Forwarded-For`. What a client itself wrote
 * there stands further left and is never looked at.
 */
export function clientAddress(request: IncomingMessage, trustedProxies: number): string {
  const header = request.headers['x-forwarded-for'];
  const forwarded = (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map((one) => one.trim());
  const hops = [request.socket.remoteAddress ?? 'unknown', ...forwarded.reverse()].filter(
    (hop) => hop !== '',
  );
  return (hops[Math.min(trustedProxies, hops.length - 1)] ?? 'unknown').slice(0, 64);
}
