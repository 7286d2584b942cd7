/**
 * The live stream of a transport: keeps one connection up through a driver, with backoff and jitter,
 * and says how it stands. Knows no protocol below the driver and no meaning of what it carries.
 */
import type { Host } from '../host.js';
import type { ConnectionState, TransportConnection, TransportHandlers } from '../ports/transport.js';
import type {
  AcknowledgeRequest,
  ResumeRequest,
  ResumeResponse,
  SendRequest,
  SendResponse,
  SocketOperationName,
} from '../wire/index.js';
import { Backoff } from './backoff.js';
import {
  decodeSocketReply,
  encodeSocketRequest,
  type SocketRequestOf,
  type SocketResponseOf,
} from './operation-codec.js';
import { SottoError } from '../errors.js';
import { StreamAttempt, type AttemptEnd } from './stream-attempt.js';
import type { StreamDriver } from './stream-driver.js';
import { streamLimits } from './stream-limits.js';

/** See the header. Begins to connect when made. */
export class LiveStream implements TransportConnection {
  readonly #driver: StreamDriver;
  readonly #handlers: TransportHandlers;
  readonly #host: Host;
  readonly #backoff: Backoff;
  #attempt: StreamAttempt | undefined;
  #cancelRetry: () => void = () => undefined;
  #onlineSince: number | undefined;
  #state: ConnectionState['kind'] | undefined;
  #stopped = false;

  constructor(driver: StreamDriver, handlers: TransportHandlers, host: Host) {
    this.#driver = driver;
    this.#handlers = handlers;
    this.#host = host;
    this.#backoff = new Backoff(host.random);
    // Not from inside `open`: its caller has no connection in hand yet.
    void Promise.resolve().then(() => this.#connect(false));
  }

  resume(request: ResumeRequest): Promise<ResumeResponse> {
    return this.#request('resume', request);
  }

  send(request: SendRequest): Promise<SendResponse> {
    return this.#request('send', request);
  }

  async acknowledge(request: AcknowledgeRequest): Promise<void> {
    await this.#request('acknowledge', request);
  }

  async close(): Promise<void> {
    this.#stop({ kind: 'closed' });
  }

  async #request<Name extends SocketOperationName>(
    operation: Name,
    input: SocketRequestOf<Name>,
  ): Promise<SocketResponseOf<Name>> {
    const payload = encodeSocketRequest(operation, input);
    if (!this.#attempt || this.#state !== 'online') throw new SottoError('offline');
    return decodeSocketReply(operation, await this.#attempt.request(operation, payload));
  }

  /** @param refused - whether the relay refused the last token */
  async #connect(refused: boolean): Promise<void> {
    if (this.#stopped) return;
    this.#setState({ kind: 'connecting' });
    let accessToken: string;
    try {
      accessToken = await this.#handlers.accessToken(refused);
    } catch {
      // Why is its owner's to know and to log; here it is one failed attempt.
      this.#retryLater({ refused });
      return;
    }
    if (this.#stopped) return;
    this.#begin(accessToken, refused);
  }

  #begin(accessToken: string, refused: boolean): void {
    const handlers = this.#handlers;
    const attempt = new StreamAttempt(
      {
        online: (relayTime) => {
          this.#onlineSince = this.#host.clock.monotonicNow();
          this.#setState({ kind: 'online', relayTime });
        },
        ended: (end) => {
          this.#ended(end, refused);
        },
        envelopes: (envelopes) => {
          handlers.envelopes(envelopes);
        },
        caughtUp: () => {
          handlers.caughtUp();
        },
        keysLow: () => {
          handlers.keysLow();
        },
      },
      this.#host,
    );
    this.#attempt = attempt;
    attempt.start(this.#driver, accessToken);
  }

  /** @param refused - whether the attempt's token was fetched because the one before was refused */
  #ended(end: AttemptEnd, refused: boolean): void {
    this.#attempt = undefined;
    const { clock } = this.#host;
    const onlineForMs = this.#onlineSince === undefined ? 0 : clock.monotonicNow() - this.#onlineSince;
    this.#onlineSince = undefined;
    if (onlineForMs >= streamLimits.stableConnectionMs) this.#backoff.reset();
    if (end.kind === 'goodbye' && end.reason === 'replaced') this.#stop({ kind: 'replaced' });
    else if (end.kind === 'goodbye' && end.reason === 'signed-out') this.#stop({ kind: 'closed' });
    else if (end.kind !== 'unauthorized') this.#retryLater({ refused: false, ...end });
    // A token may just have run out: another one is tried at once, but only once in a row.
    else if (refused) this.#retryLater({ refused: true });
    else void this.#connect(true);
  }

  #retryLater({ refused, retryAfterMs }: { refused: boolean; retryAfterMs?: number }): void {
    if (this.#stopped) return;
    const retryInMs = this.#backoff.nextDelayMs(retryAfterMs);
    // Scheduled first: whoever hears the state may advance a clock, or close.
    this.#cancelRetry = this.#host.clock.schedule(retryInMs, () => void this.#connect(refused));
    this.#setState({ kind: 'offline', retryInMs });
  }

  #stop(state: ConnectionState): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelRetry();
    this.#attempt?.close();
    this.#attempt = undefined;
    this.#setState(state);
  }

  #setState(state: ConnectionState): void {
    if (state.kind === 'connecting' && this.#state === 'connecting') return;
    this.#state = state.kind;
    this.#handlers.state(state);
  }
}
