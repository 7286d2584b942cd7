/** Serves files from memory to a browser, on loopback. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A running server. */
export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

const html = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Sotto</title>';

/** Serves an empty page at `/` and the scripts at their paths. */
export async function servePage(scripts: Readonly<Record<string, string>>): Promise<PageServer> {
  const server = createServer((request, response) => {
    const script = scripts[request.url ?? ''];
    if (request.url === '/') response.setHeader('content-type', 'text/html').end(html);
    else if (script !== undefined) response.setHeader('content-type', 'text/javascript').end(script);
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
