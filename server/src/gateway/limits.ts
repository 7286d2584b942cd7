/** The bounds of the gateway, each with its reason. */
import { wireLimits } from '@sotto/sdk/wire';

/** See the file's header. Every one can be overridden where a gateway is made. */
export const gatewayLimits = {
  /** One process keeps this many open; each idle connection costs about 20 KiB. */
  maxConnections: 20_000,
  /** Connections beyond those that are told why they cannot stay, at a time; more are refused before the websocket, without a word. */
  maxRefusalsUnderWay: 256,
  /** What they are told to wait: until others have left. */
  fullRetryAfterMs: 5_000,
  /** Between the websocket and the token lies one frame. */
  connectTimeoutMs: 10_000,
  /** How long a token and its limits may take to be looked up: a node that is cut off says so, and another is tried. */
  handshakeTimeoutMs: 5_000,
  /** How often a silent connection is asked for a sign of life; below the idle time-outs of common proxies. */
  pingIntervalMs: 25_000,
  /** How long the answer may take. A dead connection is noticed after both together. */
  pingTimeoutMs: 20_000,
  /** A frame with all its attachments; one send of full size fits. */
  maxFrameBytes: wireLimits.maxSocketFrameBytes,
  /** A send has a ciphertext per device and the attempt id. */
  maxAttachmentsPerFrame: wireLimits.maxBodiesPerSend + 1,
  /** Envelopes a device was given and has not acknowledged. */
  maxEnvelopesInFlight: wireLimits.maxEnvelopesInFlight,
  /** Their bytes: what a connection that does not read may hold of the relay's memory. */
  maxBytesInFlight: 2 * 1024 * 1024,
  /** Envelopes in one push. */
  maxEnvelopesPerPush: wireLimits.maxEnvelopesPerPage,
  /** Envelopes in one read of the mailbox; several pushes. */
  maxEnvelopesPerRead: 64,
  /** Sends of one connection that were not answered yet; as many as the rate limit lets through at once. */
  maxSendsInFlight: 64,
  /** Their bytes; one send of full size fits. */
  maxSendBytesInFlight: 8 * 1024 * 1024,
  /** Acknowledgements of one connection that were not answered yet; a client needs one. */
  maxAcknowledgementsInFlight: 16,
  /** Frames of one connection that make no sense before it is ended: a few may be a newer client's. */
  maxInvalidFrames: 32,
  /**
   * Requests of one connection that are refused within a minute before it is ended: each is read, judged and answered.
   * A client with a full outbox, of messages to as many recipients, may be refused so often.
   */
  maxRefusalsPerMinute: 10_000,
  /** How long a drain waits for sends under way. */
  drainTimeoutMs: 10_000,
  /** How long a connection that was told goodbye may take to read it. */
  goodbyeTimeoutMs: 2_000,
  /** What senders are told to wait while the relay drains. */
  drainRetryAfterMs: 1_000,
  /** What a connection with too much under way is told to wait. */
  busyRetryAfterMs: 1_000,
} as const;

/** See {@link gatewayLimits}. */
export type GatewayLimits = { readonly [Name in keyof typeof gatewayLimits]: number };
