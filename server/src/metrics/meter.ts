/**
 * What the relay counts of itself, as its duties see it. Nothing here names an account, a device or an
 * address. Knows no format and no server.
 */

/**
 * Why something was turned away to protect the relay: one TCP connection (`sockets`) or device (`connections`) too
 * many, an event loop that lags, a node that is about to end, and a device's connection that was ended because it
 * only asked to be refused (`refusals`) or sent what nobody can read (`invalid-frames`).
 */
export type ShedReason =
  'sockets' | 'connections' | 'event-loop' | 'draining' | 'refusals' | 'invalid-frames';

/** See the file's header. Each call costs next to nothing and none throws. */
export interface Meter {
  /** A request was answered. @param outcome - `ok`, `device-mismatch`, `repeated`, or the problem's code */
  answered(operation: string, outcome: string, durationMs: number): void;
  /** An envelope was handed to its device's connection so long after it was accepted. */
  delivered(delayMs: number): void;
  /** Envelopes were acknowledged. */
  acknowledged(count: number): void;
  /** One transaction carried so many calls. */
  batch(kind: 'accept' | 'acknowledge', size: number): void;
  /** Something was turned away. */
  shed(reason: ShedReason): void;
}

/** Counts nothing. */
export const noMeter: Meter = {
  answered: () => {},
  delivered: () => {},
  acknowledged: () => {},
  batch: () => {},
  shed: () => {},
};
