/** A small real server in front of a relay link: HTTP and Socket.IO as the wire describes them, and no rules of its own. */
import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket as NetSocket } from 'node:net';
import { Server, type Socket } from 'socket.io';
import type { RelayLink, StreamEvents, StreamSession } from '../../src/transport/memory/index.js';
import {
  httpOperations,
  wireLimits,
  type HttpOperationName,
  type SocketHandshake,
  type SocketOperationName,
} from '../../src/wire/index.js';

/** See the header. */
export interface RelayServer {
  readonly url: string;
  /** Requests as they came: method, address and headers. */
  readonly seen: {
    readonly method: string;
    readonly url: string;
    readonly headers: Record<string, unknown>;
  }[];
  close(): Promise<void>;
}

/** Starts it on a free port of the loopback interface. */
export async function startRelayServer(link: RelayLink): Promise<RelayServer> {
  const seen: RelayServer['seen'] = [];
  const sockets = new Set<NetSocket>();
  const http = createServer((request, response) => {
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    answer(link, request, response).catch(() => {
      request.socket.destroy();
    });
  });
  http.on('upgrade', (request: IncomingMessage) => {
    seen.push({ method: 'UPGRADE', url: request.url ?? '', headers: request.headers });
  });
  http.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const io = serveStreams(http, link);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    close: async () => {
      const closed = new Promise<void>((resolve) => void io.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function answer(link: RelayLink, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const operation = operationOf(request);
  const body: unknown = request.method === 'GET' ? {} : JSON.parse(await textOf(request));
  const accessToken = request.headers.authorization?.replace(/^Bearer /, '');
  const answered = await link.request(operation, body, accessToken === undefined ? {} : { accessToken });
  const [status, type, json] = answered.ok
    ? [200, 'application/json', answered.response]
    : [answered.problem.status ?? 500, 'application/problem+json', answered.problem];
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(json));
}

function operationOf({ method, url }: IncomingMessage): HttpOperationName {
  const found = Object.entries(httpOperations).find(
    ([, operation]) => operation.method === method && operation.path === url,
  );
  if (!found) throw new Error(`no such operation: ${method} ${url}`);
  return found[0] as HttpOperationName;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function serveStreams(http: HttpServer, link: RelayLink): Server {
  const io = new Server(http, {
    path: '/v1/socket',
    transports: ['websocket'],
    serveClient: false,
    maxHttpBufferSize: wireLimits.maxSocketFrameBytes,
  });
  const streams = new WeakMap<Socket, StreamBridge>();
  io.use((socket, next) => {
    streams.set(socket, new StreamBridge(link, socket, next));
  });
  io.on('connection', (socket) => {
    streams.get(socket)?.connected();
  });
  return io;
}

/** One socket and its session at the link. The first event is what says that the relay took it. */
class StreamBridge implements StreamEvents {
  readonly #socket: Socket;
  readonly #next: (error?: Error) => void;
  readonly #session: StreamSession;
  readonly #early: (() => void)[] = [];
  #decided = false;
  #connected = false;

  constructor(link: RelayLink, socket: Socket, next: (error?: Error) => void) {
    this.#socket = socket;
    this.#next = next;
    // A full send has more byte strings than Socket.IO takes by default.
    const { decoder } = socket.client as unknown as { decoder: { opts: { maxAttachments: number } } };
    decoder.opts.maxAttachments = wireLimits.maxBodiesPerSend + 1;
    this.#session = link.connect(socket.handshake.auth as SocketHandshake, this);
    socket.conn.once('close', () => {
      this.#session.close();
    });
  }

  connected(): void {
    this.#connected = true;
    this.#socket.onAny(
      (operation: SocketOperationName, payload: unknown, reply: (value: unknown) => void) => {
        this.#session.request(operation, payload).then(reply, () => {
          this.#socket.conn.close();
        });
      },
    );
    for (const emit of this.#early.splice(0)) emit();
  }

  event(name: string, payload: unknown): void {
    if (!this.#decided) {
      this.#decided = true;
      this.#next();
    }
    this.#whenConnected(() => {
      if (payload === undefined) this.#socket.emit(name);
      else this.#socket.emit(name, payload);
    });
  }

  refused(problem: unknown): void {
    this.#decided = true;
    this.#next(Object.assign(new Error('refused'), { data: problem }));
  }

  ended(): void {
    if (!this.#decided) this.#socket.conn.close();
    else
      this.#whenConnected(() => {
        this.#socket.disconnect(true);
      });
  }

  #whenConnected(work: () => void): void {
    if (this.#connected) work();
    else this.#early.push(work);
  }
}
