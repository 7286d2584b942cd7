/** The transport port over HTTP and Socket.IO: what reaches a relay over the internet. */
import { SottoError } from '../../errors.js';
import { silentLogger, systemClock, systemRandom, type Host } from '../../host.js';
import type {
  Transport,
  TransportConnection,
  TransportHandlers,
  TransportRequestOptions,
} from '../../ports/transport.js';
import type { HttpOperationName, RequestOf, ResponseOf } from '../../wire/index.js';
import { LiveStream } from '../live-stream.js';
import { HttpClient, type Fetch } from './http-client.js';
import { socketDriver, type SocketIo } from './socket-driver.js';

/** Options of {@link socketIoTransport}. */
export interface SocketIoTransportOptions extends Partial<Host> {
  /** Where the relay is: `https://relay.example`, without a path. `http:` is for relays on the same machine. */
  readonly url: string;
  /** Replaces the platform's `fetch`. */
  readonly fetch?: Fetch;
  /** Replaces `io` of the optional package `socket.io-client`, which is loaded on first use otherwise. */
  readonly io?: SocketIo;
}

/**
 * Makes a transport to a relay. Nothing is connected before the first request or `open`. The stream
 * reconnects with exponential backoff and full jitter from half a second to a minute; an answer may
 * take 20 seconds. Tokens travel in a header or in the first frame, never in an address.
 * @throws TypeError when `url` is not an `http:` or `https:` origin
 */
export function socketIoTransport(options: SocketIoTransportOptions): Transport {
  return new SocketIoTransport(options);
}

class SocketIoTransport implements Transport {
  readonly relayOrigin: string;
  readonly #loadIo: () => Promise<SocketIo>;
  readonly #host: Host;
  readonly #http: HttpClient;
  readonly #closing = new AbortController();
  #stream: LiveStream | undefined;

  constructor(options: SocketIoTransportOptions) {
    const { clock = systemClock, random = systemRandom, logger = silentLogger, io } = options;
    this.relayOrigin = parseOrigin(options.url);
    this.#host = { clock, random, logger };
    this.#loadIo = io ? async () => io : loadPeer;
    this.#http = new HttpClient({
      origin: this.relayOrigin,
      // Looked up at each call: the platform's may be replaced, and must not lose its `this`.
      fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
      clock,
      closing: this.#closing.signal,
    });
  }

  request<Name extends HttpOperationName>(
    operation: Name,
    input: RequestOf<Name>,
    options: TransportRequestOptions = {},
  ): Promise<ResponseOf<Name>> {
    return this.#http.request(operation, input, options);
  }

  async open(handlers: TransportHandlers): Promise<TransportConnection> {
    // Fails here, where somebody hears it, when the package is missing.
    await this.#loadIo();
    if (this.#closing.signal.aborted) throw new SottoError('offline');
    void this.#stream?.close();
    this.#stream = new LiveStream(socketDriver(this.relayOrigin, this.#loadIo), handlers, this.#host);
    return this.#stream;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#stream?.close();
  }
}

function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url && url.pathname === '/' && url.search + url.hash + url.username + url.password === '';
  if (!url || !plain || !/^https?:$/.test(url.protocol)) {
    throw new TypeError('url is an http: or https: origin without a path');
  }
  return url.origin;
}

async function loadPeer(): Promise<SocketIo> {
  try {
    return (await import('socket.io-client')).io;
  } catch (error) {
    throw new Error('socketIoTransport needs the package socket.io-client: npm install socket.io-client', {
      cause: error,
    });
  }
}
