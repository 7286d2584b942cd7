/** An engine whose sender has lost messages: one of its texts is encrypted as if many had gone before it. */
import type { ProtocolEngine } from '../../src/ports/engine.js';
import type { EngineView } from '../../src/ports/engine-steps.js';
import { contentOf } from '../../src/testing/simulation/stored.js';

/** @param count - how many messages there were before the text which nobody will ever see */
export function withLostBefore(engine: ProtocolEngine, text: string, count: number): ProtocolEngine {
  return {
    ...engine,
    encrypt: async (view, input) => {
      const before = contentOf(input.plaintext)?.text === text ? count : 0;
      const changes = new Map<string, Uint8Array | undefined>();
      for (let made = 0; ; made += 1) {
        const step = await engine.encrypt(over(view, changes), input);
        for (const { key, value } of step.changes) changes.set(key, value);
        if (made === before)
          return { ...step, changes: [...changes].map(([key, value]) => ({ key, value })) };
      }
    },
  };
}

function over(view: EngineView, changes: ReadonlyMap<string, Uint8Array | undefined>): EngineView {
  return {
    get: async (keys) => {
      const stored = await view.get(keys);
      return keys.map((key, index) => (changes.has(key) ? changes.get(key) : stored[index]));
    },
  };
}
