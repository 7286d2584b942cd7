/** The listening socket: its bounds, what it says to those who speak no HTTP, and its end. Knows no path. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { makeProblem } from '@sotto/sdk/wire';
import type { Meter } from '../metrics/meter.js';
import { relayLimits } from '../relay-limits.js';
import { OperatorError } from '../operator-error.js';

/** A server that listens. */
export interface HttpServer {
  readonly server: Server;
  listen(port: number, host: string): Promise<AddressInfo>;
  /** Takes no new connection, gives requests under way some time, then ends all. Idempotent. */
  close(): Promise<void>;
}

/** Of `relayLimits`. */
type HttpBounds = Record<'requestTimeoutMs' | 'maxHeaderBytes' | 'maxSockets', number>;

/** The port cannot be had. The message is one line for the operator. */
class ListenError extends OperatorError {
  override readonly name = 'ListenError';
}

const listenFailures: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program: choose another with SOTTO_PORT',
  EACCES: 'may not be used by this user: choose another with SOTTO_PORT',
  EADDRNOTAVAIL: 'cannot be had, because SOTTO_HOST is no address of this machine',
  ENOTFOUND: 'cannot be had, because SOTTO_HOST is no address of this machine',
};

/** Answers bytes that are no HTTP request; Express never sees them. */
function refuseGarbage(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || (socket as Socket).bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const problem = makeProblem(tooLarge ? 'payload-too-large' : 'invalid-request');
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${tooLarge ? 'Content Too Large' : 'Bad Request'}\r\n` +
      'content-type: application/problem+json\r\nconnection: close\r\n' +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const onError = ({ code = '' }: NodeJS.ErrnoException) =>
      reject(new ListenError(`port ${port} ${listenFailures[code] ?? `cannot be had (${code})`}`));
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve(server.address() as AddressInfo);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), relayLimits.drainTimeoutMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/**
 * @param listener - the application
 * @param meter - told of every connection that was one too many
 */
export function createHttpServer(
  listener: RequestListener,
  meter: Pick<Meter, 'shed'>,
  { requestTimeoutMs, maxHeaderBytes, maxSockets }: HttpBounds = relayLimits,
): HttpServer {
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs, maxHeaderSize: maxHeaderBytes },
    listener,
  );
  server.maxConnections = maxSockets;
  server.on('drop', () => meter.shed('sockets'));
  server.on('clientError', refuseGarbage);
  return createHttpListener(server);
}

/** Listening and closing for any server. */
export function createHttpListener(server: Server): HttpServer {
  let closing: Promise<void> | undefined;
  return {
    server,
    listen: (port, host) => listen(server, port, host),
    close: () => (closing ??= close(server)),
  };
}
