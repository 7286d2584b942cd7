/** Serves files from memory to a browser, on loopback, and answers what its scripts ask over a socket. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';

/** A running server. */
export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Answers a text with a text. */
export type TextHandler = (text: string) => Promise<string>;

/** The largest text that is taken: the records of a device are a few megabytes at most. */
const maxTextBytes = 64_000_000;

const html = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Sotto</title>';

/**
 * Serves an empty page at `/` and the scripts at their paths.
 * @param handlers - by socket event, each of which is acknowledged with `{ text }` or `{ failure }`
 */
export async function servePage(
  scripts: Readonly<Record<string, string>>,
  handlers: Readonly<Record<string, TextHandler>> = {},
): Promise<PageServer> {
  const server = createServer((request, response) => {
    const script = scripts[request.url ?? ''];
    if (request.url === '/') response.setHeader('content-type', 'text/html').end(html);
    else if (script !== undefined) response.setHeader('content-type', 'text/javascript').end(script);
    else response.writeHead(404).end();
  });
  const sockets = new Server(server, { maxHttpBufferSize: maxTextBytes });
  answerSockets(sockets, handlers);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    // Closes the connections and the server under them.
    close: () => sockets.close(),
  };
}

type Acknowledge = (answer: { text: string } | { failure: string }) => void;

function answerSockets(sockets: Server, handlers: Readonly<Record<string, TextHandler>>): void {
  sockets.on('connection', (socket) => {
    for (const [event, handle] of Object.entries(handlers)) {
      socket.on(event, (text: string, acknowledge: Acknowledge) => {
        void handle(text).then(
          (answer) => acknowledge({ text: answer }),
          (error: unknown) =>
            acknowledge({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
        );
      });
    }
  });
}
