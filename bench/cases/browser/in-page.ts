/** The page's half of the bench: prepares scripts when Node asks, and does their work on its own clock. */
import type { Side } from '../../harness.js';
import { prepareScript, type Makers, type ScriptName } from '../engine/scripts.js';

/** What Node calls. */
export interface PageBench {
  /** Prepares a script for a side. @returns what to call it by */
  prepare(script: string, side: string): Promise<number>;
  /** Gets ready to do the work so often, unmeasured. */
  getReady(script: number, count: number): Promise<void>;
  /** Does it. @returns milliseconds */
  work(script: number): Promise<number>;
}

const collect = (globalThis as { gc?: (options: { type: 'minor' }) => void }).gc;

/** Offers the sides of this page to Node, as `bench`. */
export function offerSides(sides: Readonly<Record<string, Makers>>): void {
  const prepared: Side[] = [];
  const ready = new Map<number, () => Promise<unknown>>();
  const bench: PageBench = {
    async prepare(script, side) {
      const makers = sides[side];
      if (!makers) throw new Error(`this page has no ${side}`);
      return prepared.push(await prepareScript(script as ScriptName, makers)) - 1;
    },
    async getReady(script, count) {
      ready.set(script, await (prepared[script] as Side)(count));
    },
    async work(script) {
      const work = ready.get(script) as () => Promise<unknown>;
      // As in Node: no slice pays for the one before.
      collect?.({ type: 'minor' });
      const start = performance.now();
      await work();
      return performance.now() - start;
    },
  };
  Object.assign(globalThis, { bench });
}
