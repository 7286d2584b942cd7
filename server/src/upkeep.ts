/** Removes now and then what has expired. Knows no table: each duty brings its sweep. */
import { describeUnexpected, type RelayLog } from './logging/relay-log.js';
import type { Now } from './ports.js';

/** One kind of thing that expires. */
export interface Sweep {
  /** The name in the log. */
  readonly part: string;
  /** @returns how many it removed */
  run(now: number): Promise<number>;
}

/** Runs work that one node at a time is enough for. @returns false when another node is at it */
export type AsOnlyNode = (work: () => Promise<void>) => Promise<boolean>;

/** For a relay of one node. */
export const onlyNode: AsOnlyNode = async (work) => {
  await work();
  return true;
};

/** Options of {@link startUpkeep}. */
export interface UpkeepOptions {
  readonly sweeps: readonly Sweep[];
  readonly intervalMs: number;
  /** Runs a round unless another node is at one. */
  readonly asOnlyNode: AsOnlyNode;
  readonly now: Now;
  readonly log: RelayLog;
}

/** The running upkeep. */
export interface Upkeep {
  /** One round at once. */
  runNow(): Promise<void>;
  /** Ends it, after the round under way. */
  stop(): Promise<void>;
}

async function runSweep(sweep: Sweep, { now, log }: UpkeepOptions): Promise<void> {
  const { part } = sweep;
  try {
    const count = await sweep.run(now());
    if (count > 0) log.log('debug', 'swept', { part, count });
  } catch (error) {
    // It is tried again at the next round; nothing depends on it meanwhile.
    log.log('warn', 'sweep-failed', { part, ...describeUnexpected(error) });
  }
}

async function runRound(options: UpkeepOptions): Promise<void> {
  try {
    await options.asOnlyNode(async () => {
      for (const sweep of options.sweeps) await runSweep(sweep, options);
    });
  } catch (error) {
    options.log.log('warn', 'sweep-failed', { part: 'turn', ...describeUnexpected(error) });
  }
}

/** Starts with a first round after one interval. */
export function startUpkeep(options: UpkeepOptions): Upkeep {
  let round = Promise.resolve();
  const runNow = () => {
    round = round.then(() => runRound(options));
    return round;
  };
  const timer = setInterval(() => void runNow(), options.intervalMs).unref();
  return {
    runNow,
    stop() {
      clearInterval(timer);
      return round;
    },
  };
}
