/** The suite every protocol engine must pass. Knows the port, no engine and no test runner. */
import type { ProtocolEngine } from '../ports/index.js';
import { identityCases } from './engine-conformance-identity.js';
import type { EnginePair } from './engine-conformance-kit.js';
import { pairCases } from './engine-conformance-pairs.js';
import { recordCases } from './engine-conformance-records.js';
import type { ConformanceRunner } from './runner.js';

/** What to test. */
export interface EngineConformanceOptions {
  /** Shown in the names of the cases. */
  readonly name: string;
  /** A new engine; called by every case. */
  readonly create: () => ProtocolEngine | Promise<ProtocolEngine>;
  /**
   * Another engine to talk to. With it every case that has two sides runs in both directions across the
   * two engines as well: they must agree on every byte of the wire.
   */
  readonly peer?: () => ProtocolEngine | Promise<ProtocolEngine>;
  /** Seeds the random schedules and mutations; shown in the names of those cases. 1 by default. */
  readonly seed?: number;
}

/**
 * Declares the cases that prove an engine, under any runner with `describe` and `it`.
 * @example
 * ```ts
 * import { describe, it } from 'node:test';
 * import { runEngineConformance } from '@sotto/sdk/testing';
 * import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
 *
 * runEngineConformance({ describe, it }, { name: 'libsignal', create: libsignalEngine });
 * ```
 */
export function runEngineConformance(runner: ConformanceRunner, options: EngineConformanceOptions): void {
  const seed = options.seed ?? 1;
  runner.describe(`engine conformance: ${options.name}`, () => {
    identityCases(runner, options.create);
    for (const pair of pairsOf(options)) pairCases(runner, pair, seed);
    recordCases(runner, options.create, seed);
  });
}

function pairsOf({ name, create, peer }: EngineConformanceOptions): readonly EnginePair[] {
  const own = { name: `${name} with itself`, initiator: create, recipient: create };
  if (!peer) return [own];
  return [
    own,
    { name: `${name} to its peer`, initiator: create, recipient: peer },
    { name: `the peer to ${name}`, initiator: peer, recipient: create },
  ];
}
