/** The suite every transport must pass. Knows the port, no transport and no test runner. */
import type { ConformanceRunner } from './runner.js';
import { connectionCases } from './transport-conformance-connection.js';
import { transportCases, type CreateTransport } from './transport-conformance-kit.js';
import { requestCases } from './transport-conformance-requests.js';
import { streamCases } from './transport-conformance-stream.js';

/** What to test. */
export interface TransportConformanceOptions {
  /** Shown in the names of the cases. */
  readonly name: string;
  /**
   * Puts a transport in front of the relay that it is given: whatever it reaches on its network must ask
   * that relay. The transport must use the clock, randomness and log that it is given.
   */
  readonly create: CreateTransport;
  /** Seeds the jitter; 1 by default. */
  readonly seed?: number;
  /** How long the suite waits in real time for what should happen, before it says that it does not; 10 seconds by default. */
  readonly patienceMs?: number;
}

/**
 * Declares the cases that prove a transport, under any runner with `describe` and `it`.
 * @example
 * ```ts
 * import { describe, it } from 'node:test';
 * import { runTransportConformance } from '@sotto/sdk/testing';
 * import { memoryTransport } from '@sotto/sdk/transport/memory';
 *
 * runTransportConformance(
 *   { describe, it },
 *   { name: 'memory', create: (relay, host) => ({ transport: memoryTransport(relay, host) }) },
 * );
 * ```
 */
export function runTransportConformance(
  runner: ConformanceRunner,
  options: TransportConformanceOptions,
): void {
  const { name, create, seed = 1, patienceMs = 10_000 } = options;
  runner.describe(`transport conformance: ${name}`, () => {
    const it = transportCases(runner, create, { seed, patienceMs });
    requestCases(it);
    streamCases(it);
    connectionCases(it);
  });
}
