/** What two engines must show each other over the wire. Knows the port, no engine and no test runner. */
import type { ProtocolEngine } from '../ports/index.js';
import { pairCases } from './engine-conformance-pairs.js';
import type { ConformanceRunner } from './runner.js';

/** Which two engines. */
export interface EngineInteropOptions {
  /** A new engine; called by every case. */
  readonly left: () => ProtocolEngine | Promise<ProtocolEngine>;
  /** The other one. Its records stay its own: engines meet on the wire alone. */
  readonly right: () => ProtocolEngine | Promise<ProtocolEngine>;
  /** Seeds the random schedules and mutations; shown in the names of those cases. 1 by default. */
  readonly seed?: number;
}

/**
 * Declares the cases that prove two engines against each other, each of them in both directions: sessions
 * from the first message through loss, disorder and renewal, groups, both versions of sealed sender with
 * certificates, decryption errors and safety numbers, and every refusal. `runEngineConformance` with a
 * `peer` declares these too, beside what one engine shows alone.
 * @example
 * ```ts
 * import { describe, it } from 'vitest';
 * import { runEngineInterop } from '@sotto/sdk/testing';
 *
 * runEngineInterop({ describe, it }, { left: portableEngine, right: libsignalEngine });
 * ```
 */
export function runEngineInterop(runner: ConformanceRunner, options: EngineInteropOptions): void {
  const { left, right, seed = 1 } = options;
  runner.describe('engine interop', () => {
    pairCases(runner, { name: 'left to right', initiator: left, recipient: right }, seed);
    pairCases(runner, { name: 'right to left', initiator: right, recipient: left }, seed);
  });
}
