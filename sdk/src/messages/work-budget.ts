/**
 * What messages may cost that turn out to be none: a forged one can lead a device along a chain for thousands of
 * steps before it shows. Each contact, and all strangers together, have so much an hour; then what is far
 * ahead waits, and what is near is taken as always. Counts steps, not time. Knows no message.
 */
import { refusedWork, type RefusedWork } from '../contacts/index.js';
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import type { DecryptionWork } from '../ports/engine.js';
import { defineRecord, type Unit } from '../unit/index.js';

const strangersKey = 'refused-work';
const strangersRecord = defineRecord(1, refusedWork);

/** What one message may cost. */
export class WorkBudget implements DecryptionWork {
  #spent = 0;
  #room = 0;
  #isWhole = false;

  /** What was spent on it. */
  get spent(): number {
    return this.#spent;
  }

  /** @param refused - what its sender's refused messages have cost */
  open(refused: RefusedWork | undefined, now: number): void {
    const steps = stepsNow(refused, now);
    this.#isWhole = steps === 0;
    this.#room = Math.max(limits.maxRefusedSteps - steps, limits.freeDecryptionSteps);
  }

  spend(steps: number): void {
    // What costs more than all there ever is would wait for nothing.
    if (this.#spent + steps > this.#room)
      throw new SottoError(this.#isWhole ? 'invalid-message' : 'decryption-deferred');
    this.#spent += steps;
  }
}

/** What strangers' refused messages have cost. */
export function strangersWork(unit: Unit): Promise<RefusedWork | undefined> {
  return unit.read(strangersKey, strangersRecord);
}

/** Stages that a stranger's refused message has cost so many steps. */
export async function chargeStrangers(unit: Unit, steps: number, now: number): Promise<void> {
  unit.write(strangersKey, strangersRecord, charged(await strangersWork(unit), steps, now));
}

/** The cost with another refused message in it. */
export function charged(refused: RefusedWork | undefined, steps: number, now: number): RefusedWork {
  const before = stepsNow(refused, now);
  return { since: before > 0 && refused ? refused.since : now, steps: before + steps };
}

/** A time of the future is a clock's that was wrong: it must not keep anything waiting. */
function stepsNow(refused: RefusedWork | undefined, now: number): number {
  if (!refused || refused.since > now || now - refused.since >= limits.refusedStepsWindowMs) return 0;
  return refused.steps;
}
