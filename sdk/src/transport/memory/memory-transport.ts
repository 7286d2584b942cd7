/**
 * The transport port over an in-process link. Encodes, decodes and copies as a network would, so that
 * nothing passes here that would not pass there.
 */
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
import { decodeHttpResponse, encodeHttpRequest } from '../operation-codec.js';
import { parseProblem, problemToError } from '../problem-error.js';
import { waitFor } from '../request-wait.js';
import type { StreamDriver } from '../stream-driver.js';
import type { RelayLink } from './relay-link.js';

/** Options of {@link memoryTransport}: the machine it runs on, the platform's by default. */
export interface MemoryTransportOptions extends Partial<Host> {
  /** What contact links say of where the relay is; `https://relay.invalid` by default. */
  readonly relayOrigin?: string;
}

/** A name that leads nowhere (RFC 2606). */
const defaultRelayOrigin = 'https://relay.invalid';

/**
 * Makes a transport over a link in the same process. It reconnects with backoff and jitter like one
 * over a network, through `clock` and `random`.
 */
export function memoryTransport(link: RelayLink, options: MemoryTransportOptions = {}): Transport {
  const { clock = systemClock, random = systemRandom, logger = silentLogger } = options;
  const { relayOrigin = defaultRelayOrigin } = options;
  return new MemoryTransport(link, relayOrigin, { clock, random, logger });
}

class MemoryTransport implements Transport {
  readonly relayOrigin: string;
  readonly #link: RelayLink;
  readonly #host: Host;
  readonly #closing = new AbortController();
  #stream: LiveStream | undefined;

  constructor(link: RelayLink, relayOrigin: string, host: Host) {
    this.relayOrigin = relayOrigin;
    this.#link = link;
    this.#host = host;
  }

  async request<Name extends HttpOperationName>(
    operation: Name,
    input: RequestOf<Name>,
    options: TransportRequestOptions = {},
  ): Promise<ResponseOf<Name>> {
    const { accessToken, signal } = options;
    const body = overTheWire(encodeHttpRequest(operation, input));
    const answer = await waitFor(
      () => this.#ask(operation, body, accessToken === undefined ? {} : { accessToken }),
      { clock: this.#host.clock, closing: this.#closing.signal, signal },
    );
    if (answer.ok) return decodeHttpResponse(operation, overTheWire(answer.response));
    const problem = parseProblem(overTheWire(answer.problem));
    throw problem ? problemToError(problem) : new SottoError('invalid-response');
  }

  async open(handlers: TransportHandlers): Promise<TransportConnection> {
    if (this.#closing.signal.aborted) throw new SottoError('offline');
    void this.#stream?.close();
    this.#stream = new LiveStream(copyingDriver(this.#link), handlers, this.#host);
    return this.#stream;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#stream?.close();
  }

  async #ask(operation: HttpOperationName, body: unknown, options: { accessToken?: string }) {
    try {
      return await this.#link.request(operation, body, options);
    } catch (error) {
      throw new SottoError('offline', { cause: error });
    }
  }
}

/** JSON there and back: what JSON cannot carry is lost here as on the way. */
function overTheWire(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

/** Frames hold byte strings, so they are cloned instead; sender and receiver never share a buffer. */
function copyingDriver(link: RelayLink): StreamDriver {
  return {
    connect: (handshake, events) => {
      const session = link.connect(structuredClone(handshake), {
        event: (name, payload) => {
          events.event(name, structuredClone(payload));
        },
        refused: (problem) => {
          events.refused(structuredClone(problem));
        },
        ended: () => {
          events.ended();
        },
      });
      return {
        request: async (operation, payload) =>
          structuredClone(await session.request(operation, structuredClone(payload))),
        close: () => {
          session.close();
        },
      };
    },
  };
}
