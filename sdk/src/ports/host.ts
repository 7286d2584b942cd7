/** What the SDK takes from the machine it runs on: time, randomness, a place to log. */

/** Time. */
export interface Clock {
  /** Wall-clock time in whole milliseconds since the Unix epoch. May jump. */
  now(): number;
  /** Milliseconds that only ever grow, from an arbitrary start; for measuring delays. */
  monotonicNow(): number;
  /**
   * Calls back once after a delay.
   * @param delayMs - 0 or more
   * @returns cancels the call; harmless afterwards
   */
  schedule(delayMs: number, callback: () => void): () => void;
}

/** Randomness. */
export interface Random {
  /**
   * Cryptographically secure random bytes (a simulation passes seeded ones).
   * @param length - 0 to 65536
   */
  bytes(length: number): Uint8Array;
}

/** How much a log line matters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What a log line may carry besides its event name. Never plaintext, keys, passwords, tokens or contact codes. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where log lines go. The default drops them. */
export interface Logger {
  /**
   * Takes a line. Must not throw.
   * @param event - a fixed kebab-case name, never built from data
   */
  log(level: LogLevel, event: string, fields?: LogFields): void;
}
