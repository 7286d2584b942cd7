/** An engine that makes few pre-keys at a time: the relay verifies each, and most tests need no hundred. */
import type { ProtocolEngine } from '../../src/ports/index.js';

/**
 * The engine, whatever stock it is asked for.
 * @param count - one-time keys of each kind per round
 */
export function smallStock(engine: ProtocolEngine, count: number): ProtocolEngine {
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
