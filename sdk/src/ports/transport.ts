/** The transport port: how a messenger reaches its relay. A transport knows nothing of cryptography. */
import type {
  AcknowledgeRequest,
  Envelope,
  HttpOperationName,
  RequestOf,
  ResponseOf,
  ResumeRequest,
  ResumeResponse,
  SendRequest,
  SendResponse,
} from '../wire/index.js';

/**
 * The state of the live stream. `offline` says when the next attempt is; after `replaced` and
 * `closed` the transport stays away until `open` is called again.
 */
export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'online'; readonly relayTime: number }
  | { readonly kind: 'offline'; readonly retryInMs: number }
  | { readonly kind: 'replaced' }
  | { readonly kind: 'closed' };

/** What a transport calls. Handlers do not throw. */
export interface TransportHandlers {
  /**
   * The access token for the handshake, asked for at every connection attempt.
   * @param refused - true when the relay refused the last one as `unauthorized`: fetch another.
   * A rejection counts as a failed attempt.
   */
  accessToken(refused: boolean): Promise<string>;
  /** The state changed. */
  state(state: ConnectionState): void;
  /** Envelopes arrived, oldest first. The same envelope may come again until it is acknowledged. */
  envelopes(envelopes: readonly Envelope[]): void;
  /** Everything that waited when the connection came up has been handed to `envelopes`. */
  caughtUp(): void;
  /** The relay runs low of this device's one-time keys. */
  keysLow(): void;
}

/** The open live stream. */
export interface TransportConnection {
  /**
   * Shows the relay the device's state.
   * @throws SottoError as {@link TransportConnection.send} does
   */
  resume(request: ResumeRequest): Promise<ResumeResponse>;
  /**
   * Sends one attempt.
   * @throws SottoError `offline` or `request-timeout` (whether it was accepted is then unknown;
   * the same request may be repeated), `invalid-response`, or a problem of the relay
   */
  send(request: SendRequest): Promise<SendResponse>;
  /** Acknowledges envelopes. @throws as {@link TransportConnection.send} */
  acknowledge(request: AcknowledgeRequest): Promise<void>;
  /** Ends the stream. Idempotent. */
  close(): Promise<void>;
}

/** Options of {@link Transport.request}. */
export interface TransportRequestOptions {
  /** For operations that need one. */
  readonly accessToken?: string;
  readonly signal?: AbortSignal;
}

/**
 * A way to a relay. It reconnects by itself with backoff and jitter and says so through `state`.
 * Inputs and answers are checked against the wire schemas on this side too.
 * `runTransportConformance` in `@sotto/sdk/testing` proves one.
 */
export interface Transport {
  /**
   * Where the relay is, such as `https://relay.example`: an `http:` or `https:` origin, as the platform spells
   * it. It stands in contact links, and links of another origin are refused: all applications of one relay
   * should reach it under one name.
   */
  readonly relayOrigin: string;

  /**
   * One request/response operation. Not repeated by the transport.
   * @throws SottoError `offline`, `request-timeout`, `invalid-response`, or a problem of the relay
   * under its own code
   */
  request<Name extends HttpOperationName>(
    operation: Name,
    input: RequestOf<Name>,
    options?: TransportRequestOptions,
  ): Promise<ResponseOf<Name>>;

  /** Opens the live stream; at most one at a time. Resolves at once; `state` tells how it goes. */
  open(handlers: TransportHandlers): Promise<TransportConnection>;

  /** Ends everything. Idempotent. */
  close(): Promise<void>;
}
