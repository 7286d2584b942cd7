/**
 * A transport over a plain WebSocket to a gateway: one socket for requests and for the live stream. It brings the
 * network alone; checking, waiting, reconnecting and keeping the order are `memoryTransport`'s.
 */
import type { Transport } from '@sotto/sdk';
import {
  memoryTransport,
  type MemoryTransportOptions,
  type RelayLink,
  type RelayLinkAnswer,
  type StreamEvents,
  type StreamSession,
} from '@sotto/sdk/transport/memory';
import WebSocket from 'ws';
import { decodeFrame, encodeFrame, maxFrameBytes, type ClientFrame, type GatewayFrame } from './frames.js';

/** Options of {@link gatewayTransport}. */
export interface GatewayTransportOptions extends Omit<MemoryTransportOptions, 'relayOrigin'> {
  /** The gateway's address, `wss://…`. */
  readonly url: string;
  /** The relay behind it, as it stands in contact links. */
  readonly relayOrigin: string;
}

/** Reaches a relay through a gateway. */
export function gatewayTransport({ url, ...options }: GatewayTransportOptions): Transport {
  const link = new GatewayLink(url);
  const transport = memoryTransport(link, options);
  return {
    relayOrigin: transport.relayOrigin,
    request: (operation, input, more) => transport.request(operation, input, more),
    open: (handlers) => transport.open(handlers),
    close: async () => {
      await transport.close();
      link.close();
    },
  };
}

class GatewayLink implements RelayLink {
  readonly #url: string;
  #socket: Promise<WebSocket> | undefined;
  #count = 0;
  readonly #waiting = new Map<number, (answer: { readonly answer: unknown } | undefined) => void>();
  readonly #streams = new Map<number, StreamEvents>();

  constructor(url: string) {
    this.#url = url;
  }

  async request(
    operation: string,
    body: unknown,
    { accessToken }: { readonly accessToken?: string },
  ): Promise<RelayLinkAnswer> {
    const token = accessToken === undefined ? {} : { accessToken };
    return (await this.#ask((id) => ({ type: 'request', id, operation, body, ...token }))) as RelayLinkAnswer;
  }

  connect(handshake: unknown, events: StreamEvents): StreamSession {
    const stream = (this.#count += 1);
    this.#streams.set(stream, events);
    this.#send({ type: 'connect', stream, handshake }).catch(() => this.#take(stream)?.ended());
    return {
      request: (operation, payload) => this.#ask((id) => ({ type: 'ask', id, stream, operation, payload })),
      close: () => {
        if (this.#take(stream)) void this.#send({ type: 'close', stream }).catch(() => undefined);
      },
    };
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    void socket?.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  async #ask(frame: (id: number) => ClientFrame): Promise<unknown> {
    const id = (this.#count += 1);
    const answered = new Promise<{ readonly answer: unknown } | undefined>((resolve) => {
      this.#waiting.set(id, resolve);
    });
    try {
      await this.#send(frame(id));
      const reply = await answered;
      if (!reply) throw new Error('the connection was lost before the answer came');
      return reply.answer;
    } finally {
      this.#waiting.delete(id);
    }
  }

  async #send(frame: ClientFrame): Promise<void> {
    const socket = await (this.#socket ??= this.#open());
    socket.send(encodeFrame(frame));
  }

  #open(): Promise<WebSocket> {
    const socket = new WebSocket(this.#url, { maxPayload: maxFrameBytes, perMessageDeflate: false });
    socket.on('message', (data: Buffer) => {
      this.#receive(decodeFrame(data.toString('utf8')) as GatewayFrame);
    });
    const opened = new Promise<WebSocket>((resolve, reject) => {
      socket.once('open', () => resolve(socket));
      // An `error` is followed by `close`.
      socket.on('error', reject);
      socket.once('close', () => {
        reject(new Error('the gateway has closed the connection'));
        this.#lose();
      });
    });
    return opened;
  }

  /** Everything that was under way over the socket has ended with it. */
  #lose(): void {
    this.#socket = undefined;
    for (const resolve of this.#waiting.values()) resolve(undefined);
    for (const stream of [...this.#streams.keys()]) this.#take(stream)?.ended();
  }

  #receive(frame: GatewayFrame): void {
    if (frame.type === 'answer') this.#waiting.get(frame.id)?.(frame);
    else if (frame.type === 'lost') this.#waiting.get(frame.id)?.(undefined);
    else if (frame.type === 'event') this.#streams.get(frame.stream)?.event(frame.name, frame.payload);
    else if (frame.type === 'refused') this.#take(frame.stream)?.refused(frame.problem);
    else this.#take(frame.stream)?.ended();
  }

  /** The events of a stream that is over now; none when it was. */
  #take(stream: number): StreamEvents | undefined {
    const events = this.#streams.get(stream);
    this.#streams.delete(stream);
    return events;
  }
}
