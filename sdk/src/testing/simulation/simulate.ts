/**
 * Plays a whole world from a seed: accounts that write to each other while everything goes wrong that can, and
 * in moments of quiet the check that nothing was lost, nothing happened twice and no key was used twice.
 */
import type { TestEngine } from '../network/test-engines.js';
import { seededRandom } from '../seeded-random.js';
import { actorNames, type FaultWeights, type SimulationAction } from './actions.js';
import { heal } from './heal.js';
import { Checks } from './invariants.js';
import { makeSchedule } from './schedule.js';
import { Stage } from './stage.js';

const defaultSteps = 100;

/** Options of {@link simulate}. */
export interface SimulationOptions {
  /** Repeats the schedule, and on the portable engine every byte. */
  readonly seed: string | number;
  /** 2 to 8; 3 by default. */
  readonly accounts?: number;
  /** Things that happen; 100 by default. */
  readonly steps?: number;
  /** How often what goes wrong; what is not named has its default weight, and 0 is never. */
  readonly faults?: FaultWeights;
  /** The devices' engine; the portable one, seeded, by default. */
  readonly engine?: TestEngine;
  /** Plays this instead of what the seed would draw: a failure's schedule, or a part of it. */
  readonly schedule?: readonly SimulationAction[];
}

/** What a simulation was. */
export interface SimulationReport {
  readonly seed: string;
  /** Actions played, moments of quiet not counted. */
  readonly steps: number;
  /** Messages written down, and those whose delivery their sender knows. */
  readonly written: number;
  readonly delivered: number;
  /** Messages that ended at their sender, by the code they ended in. */
  readonly failed: Readonly<Record<string, number>>;
  /** Envelopes that had no effect, by the reason they ended in. */
  readonly undecryptable: Readonly<Record<string, number>>;
  /** Message keys seen in use, each for one message. */
  readonly messageKeys: number;
  /** The most exchanges that two sides took to agree on a session; at most ten. */
  readonly exchanges: number;
}

/** A simulation that broke: what broke, where, and how to play it again. */
export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure';
  constructor(
    readonly seed: string,
    /** The action it broke at, by its place in the schedule; -1 before the first. */
    readonly step: number,
    /** What was played. `simulate({ seed, accounts, schedule })` plays it again. */
    readonly schedule: readonly SimulationAction[],
    /** What happened before it broke and around what broke, oldest first. */
    readonly around: readonly string[],
    cause: unknown,
  ) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      `seed ${seed} broke at step ${step} (${JSON.stringify(schedule[step] ?? 'setting the stage')}): ${why}`,
      {
        cause,
      },
    );
  }
}

/**
 * Plays a seed, in virtual time.
 *
 * @example
 * ```ts
 * const report = await simulate({ seed: 'ada', steps: 500, faults: { reorder: 0 } });
 * ```
 * @throws SimulationFailure with the seed, the step, what happened around it, and the schedule to play again
 * @throws RangeError for a number of accounts or steps that is none
 */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const { accounts = 3, steps = defaultSteps, faults = {} } = options;
  const seed = String(options.seed);
  if (!Number.isInteger(accounts) || accounts < 2 || accounts > actorNames.length) {
    throw new RangeError(`accounts is a whole number from 2 to ${actorNames.length}`);
  }
  if (!Number.isInteger(steps) || steps < 1) throw new RangeError('steps is a whole number from 1');
  const random = seededRandom(seed).fork('schedule');
  const schedule = options.schedule ?? makeSchedule({ random, accounts, steps, faults });
  const stage = await Stage.set(seed, accounts, options.engine).catch((error: unknown) => {
    throw new SimulationFailure(seed, -1, schedule, [], error);
  });
  return new Play(seed, stage, schedule).run();
}

class Play {
  readonly #seed: string;
  readonly #stage: Stage;
  readonly #schedule: readonly SimulationAction[];
  readonly #checks: Checks;
  #step = -1;

  constructor(seed: string, stage: Stage, schedule: readonly SimulationAction[]) {
    this.#seed = seed;
    this.#stage = stage;
    this.#schedule = schedule;
    this.#checks = new Checks(stage);
  }

  async run(): Promise<SimulationReport> {
    const { trace } = this.#stage;
    try {
      for (const [step, action] of this.#schedule.entries()) {
        this.#step = step;
        trace.begin(step, JSON.stringify(action));
        await this.#play(action, step === this.#schedule.length - 1);
        trace.assertInnocent();
      }
    } catch (error) {
      const around = trace.around(error);
      throw new SimulationFailure(this.#seed, this.#step, this.#schedule, around, error);
    }
    return this.#report();
  }

  async #play(action: SimulationAction, last: boolean): Promise<void> {
    if (action.kind !== 'quiet') return this.#stage.play(action);
    await heal(this.#stage);
    await this.#checks.check(action.orderly);
    await this.#checks.checkSessions(last);
    this.#stage.untouch();
  }

  #report(): SimulationReport {
    const { written, delivered, failed, exchanges } = this.#checks.tally;
    return {
      seed: this.#seed,
      steps: this.#schedule.filter(({ kind }) => kind !== 'quiet').length,
      written,
      delivered,
      failed: Object.fromEntries(failed),
      undecryptable: Object.fromEntries(this.#stage.reasons),
      messageKeys: this.#stage.wire.keyCount,
      exchanges,
    };
  }
}
