/** The gateway: takes WebSockets and asks a relay link for each. Knows no operation, no account and no secret. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { RelayLink, StreamSession } from '@sotto/sdk/transport/memory';
import { WebSocketServer, type WebSocket } from 'ws';
import { decodeFrame, encodeFrame, maxFrameBytes, type ClientFrame, type GatewayFrame } from './frames.js';

/** Requests of one socket that may wait at once: a messenger has a few. */
const maxWaiting = 64;
/** Streams of one socket: a messenger has one, and for a moment the one before. */
const maxStreams = 4;

/** A gateway that is open. */
export interface Gateway {
  readonly url: string;
  close(): Promise<void>;
}

/** @param port - any free one by default */
export async function startGateway(link: RelayLink, port = 0): Promise<Gateway> {
  const server = new WebSocketServer({ host: '127.0.0.1', port, maxPayload: maxFrameBytes });
  server.on('connection', (socket) => {
    serve(link, socket);
  });
  await once(server, 'listening');
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(link: RelayLink, socket: WebSocket): void {
  const client = new Client(link, (frame) => {
    if (socket.readyState === socket.OPEN) socket.send(encodeFrame(frame));
  });
  socket.on('message', (data: Buffer) => {
    try {
      client.receive(decodeFrame(data.toString('utf8')) as ClientFrame);
    } catch {
      // No frame of ours.
      socket.close(1002);
    }
  });
  socket.on('error', () => socket.terminate());
  socket.once('close', () => client.close());
}

class Client {
  readonly #link: RelayLink;
  readonly #send: (frame: GatewayFrame) => void;
  readonly #sessions = new Map<number, StreamSession>();
  #waiting = 0;

  constructor(link: RelayLink, send: (frame: GatewayFrame) => void) {
    this.#link = link;
    this.#send = send;
  }

  /** @throws Error when it is not what a client says */
  receive(frame: ClientFrame): void {
    switch (frame.type) {
      case 'request': {
        const { id, operation, body, accessToken } = frame;
        const options = accessToken === undefined ? {} : { accessToken };
        // The relay checks the name and everything else.
        this.#answer(id, () => this.#link.request(operation as never, body, options));
        return;
      }
      case 'ask': {
        const session = this.#sessions.get(frame.stream);
        this.#answer(frame.id, async () => {
          if (!session) throw new Error('the stream has ended');
          return session.request(frame.operation as never, frame.payload);
        });
        return;
      }
      case 'connect':
        this.#connect(frame.stream, frame.handshake);
        return;
      case 'close':
        this.#take(frame.stream)?.close();
        return;
      default:
        throw new Error('an unknown frame');
    }
  }

  close(): void {
    for (const stream of [...this.#sessions.keys()]) this.#take(stream)?.close();
  }

  #answer(id: number, ask: () => Promise<unknown>): void {
    if (this.#waiting >= maxWaiting) throw new Error('too many requests at once');
    this.#waiting += 1;
    ask()
      .then(
        (answer) => this.#send({ type: 'answer', id, answer }),
        () => this.#send({ type: 'lost', id }),
      )
      .finally(() => (this.#waiting -= 1));
  }

  #connect(stream: number, handshake: unknown): void {
    if (this.#sessions.size >= maxStreams) throw new Error('too many streams');
    const session = this.#link.connect(handshake as never, {
      event: (name, payload) => this.#send({ type: 'event', stream, name, payload }),
      refused: (problem) => {
        this.#take(stream);
        this.#send({ type: 'refused', stream, problem });
      },
      ended: () => {
        this.#take(stream);
        this.#send({ type: 'ended', stream });
      },
    });
    this.#sessions.set(stream, session);
  }

  #take(stream: number): StreamSession | undefined {
    const session = this.#sessions.get(stream);
    this.#sessions.delete(stream);
    return session;
  }
}
