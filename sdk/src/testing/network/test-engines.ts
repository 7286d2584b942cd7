/** Which engine a device of a test network runs on. */
import { portableEngine } from '../../engines/portable/index.js';
import type { ProtocolEngine } from '../../ports/engine.js';
import type { Random } from '../../ports/host.js';

/** For whom an engine is made. */
export interface TestEngineInput {
  readonly username: string;
  /** Seeded, a stream of its own for every process: engines that can be given randomness repeat with the seed. */
  readonly random: Random;
}

/**
 * The engine of test devices: one for all of them, or one made for every process, which is what repeats
 * with the seed: `({ random }) => portableEngine({ random })`.
 */
export type TestEngine =
  ProtocolEngine | ((input: TestEngineInput) => ProtocolEngine | Promise<ProtocolEngine>);

/** The engine for a process. Without a choice it is the portable one, seeded. */
export async function engineOf(
  chosen: TestEngine | undefined,
  input: TestEngineInput,
): Promise<ProtocolEngine> {
  if (typeof chosen === 'function') return chosen(input);
  if (chosen) return chosen;
  return portableEngine({ random: input.random });
}

/**
 * The engine, whatever number of pre-keys it is asked for: the relay verifies each, and few tests need a hundred.
 * @param count - one-time keys of each kind per round
 */
export function withSmallStock(engine: ProtocolEngine, count: number): ProtocolEngine {
  return {
    ...engine,
    generatePreKeys: (input) =>
      engine.generatePreKeys({
        ...input,
        oneTimeIds: input.oneTimeIds.slice(0, count),
        kemOneTimeIds: input.kemOneTimeIds.slice(0, count),
      }),
  };
}
