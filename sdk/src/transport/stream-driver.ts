/**
 * What a live stream needs of the network below it: one connection at a time, events as they come.
 * A driver knows no state, no backoff and no schema.
 */
import type { SocketHandshake, SocketOperationName } from '../wire/index.js';

/** What a driver reports about one connection. Called from later turns, not from inside `connect`. */
export interface StreamEvents {
  /**
   * The relay pushed an event.
   * @param payload - as it came, unchecked; byte strings are `Uint8Array`
   */
  event(name: string, payload: unknown): void;
  /**
   * The relay refused the handshake.
   * @param problem - as it came, unchecked; a problem document if the relay is what it should be
   */
  refused(problem: unknown): void;
  /** The connection was lost, or never came about. */
  ended(): void;
}

/** One connection. */
export interface StreamSession {
  /**
   * Asks and waits for the reply.
   * @param payload - checked; byte strings are `Uint8Array`
   * @returns the reply as it came, unchecked
   * @throws anything when the reply can no longer come; it may also stay pending, the stream has its own timeout
   */
  request(operation: SocketOperationName, payload: unknown): Promise<unknown>;
  /** Ends the connection; nothing is reported afterwards. Idempotent. */
  close(): void;
}

/** Makes connections. */
export interface StreamDriver {
  /** Begins to connect. It does not throw: what goes wrong is reported through `events`. */
  connect(handshake: SocketHandshake, events: StreamEvents): StreamSession;
}
