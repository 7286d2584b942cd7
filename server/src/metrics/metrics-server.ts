/** Serves the counts to whoever scrapes them, on a port of their own. Knows no count. */
import { createServer } from 'node:http';
import { createHttpListener, type HttpServer } from '../http/http-server.js';
import type { PrometheusMeter } from './prometheus.js';

/** Opens the server; `listen` is the caller's. */
export function createMetricsServer(meter: Pick<PrometheusMeter, 'read' | 'contentType'>): HttpServer {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    meter.read().then(
      (text) => response.writeHead(200, { 'content-type': meter.contentType }).end(text),
      () => response.writeHead(503).end(),
    );
  });
  return createHttpListener(server);
}
