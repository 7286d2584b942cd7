/** The suite of a hostile relay: every lie it can tell, told to whole messengers. Knows no test runner. */
import { assert, assertEqual } from '../assert.js';
import type { TestEngine } from '../network/test-engines.js';
import type { ConformanceRunner } from '../runner.js';
import { answerLies } from './answer-lies.js';
import { bundleLies } from './bundle-lies.js';
import { envelopeLies } from './envelope-lies.js';
import { frameLies } from './frame-lies.js';
import type { HostileRelayLie, LieCase, LieGroup } from './lie.js';
import { recoveryLies } from './recovery-lies.js';
import { resolveLies } from './resolve-lies.js';
import { resumeLies } from './resume-lies.js';
import { Stage } from './stage.js';
import { tokenLies } from './token-lies.js';
import { untoldFields } from './untold-fields.js';
import { relayFilledFields } from './wire-fields.js';

/** What to test. */
export interface HostileRelayOptions {
  /** Shown in the names of the cases; the engine's name fits. */
  readonly name: string;
  /** What the messengers run on. */
  readonly engine: TestEngine;
  /** Repeats everything that is not the engine's own randomness. `hostile relay` by default. */
  readonly seed?: string;
}

const groups: readonly LieGroup[] = [
  resolveLies,
  bundleLies,
  envelopeLies,
  answerLies,
  frameLies,
  tokenLies,
  resumeLies,
  recoveryLies,
];

/** Every lie of the suite, as a table to read. */
export function hostileRelayLies(): readonly HostileRelayLie[] {
  return groups.flatMap(({ cases }) => cases.map(({ about, lie, outcome }) => ({ about, lie, outcome })));
}

/**
 * Declares the cases that prove what a hostile relay cannot do, under any runner with `describe` and `it`: every
 * lie ends in a typed refusal or is shown to the user, and the state it was told about is untouched. Cases of a
 * group share messengers and run in their order. One case compares the lies with the wire itself: a field that is
 * added there without a lie about it, or a reason why there is none, fails. Takes about half a minute; give each
 * case a minute where the runner has a limit.
 * @example
 * ```ts
 * import { describe, it } from 'node:test';
 * import { portableEngine } from '@sotto/sdk/engines/portable';
 * import { runHostileRelaySuite } from '@sotto/sdk/testing';
 *
 * runHostileRelaySuite({ describe, it }, { name: 'portable', engine: portableEngine() });
 * ```
 */
export function runHostileRelaySuite(runner: ConformanceRunner, options: HostileRelayOptions): void {
  const { name, engine, seed = 'hostile relay' } = options;
  runner.describe(`hostile relay: ${name}`, () => {
    runner.it('has a lie about every field of the wire, or a reason why there is none', () =>
      Promise.resolve(assertComplete()),
    );
    const stages = new Map<string, Promise<Stage>>();
    const openOnce = (stage: string) => {
      const opening = stages.get(stage) ?? Stage.open({ engine, seed: `${seed}/${stage}` });
      stages.set(stage, opening);
      return opening;
    };
    for (const group of groups) {
      runner.describe(group.name, () => {
        declareGroup(runner, group, () => openOnce(group.stage));
      });
    }
  });
}

function declareGroup(
  runner: ConformanceRunner,
  { cases, prepare }: LieGroup,
  open: () => Promise<Stage>,
): void {
  let preparing: Promise<Stage> | undefined;
  const prepared = async () => {
    const stage = await open();
    await prepare?.(stage);
    return stage;
  };
  for (const lieCase of cases) {
    runner.it(`${lieCase.lie}: ${lieCase.outcome}`, async () =>
      tell(await (preparing ??= prepared()), lieCase),
    );
  }
}

async function tell(stage: Stage, { about, run }: LieCase): Promise<void> {
  stage.takeRewritten();
  try {
    await run(stage);
  } finally {
    stage.tellTheTruth();
  }
  const rewritten = stage.takeRewritten();
  const missed = about.filter((field) => !rewritten.has(field));
  assertEqual(missed, [], 'fields that the lie says it rewrites and did not');
}

/** @throws Error naming the fields that nobody has thought of, and those that are not on the wire */
function assertComplete(): void {
  const fields = relayFilledFields();
  const told = new Set(hostileRelayLies().flatMap(({ about }) => about));
  const reasons = new Map(Object.entries(untoldFields));
  const forgotten = fields.filter((field) => !told.has(field) && !reasons.has(field));
  assertEqual(forgotten, [], 'fields without a lie about them and without a reason');
  const unknown = [...told, ...reasons.keys()].filter((field) => !fields.includes(field));
  assertEqual(unknown, [], 'fields that are not on the wire');
  for (const [field, reason] of reasons) {
    assert(!told.has(field), `there is a lie about ${field}, and a reason why there is none`);
    assert(reason.length > 20, `the reason for ${field} says something`);
  }
}
