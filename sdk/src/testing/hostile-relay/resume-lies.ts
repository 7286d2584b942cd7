/** Lies about whether a device's state goes on from what the relay knew of it. */
import type { ResumeResponse } from '../../wire/index.js';
import { assertEqual } from '../assert.js';
import type { LieCase, LieGroup } from './lie.js';
import { assertUntouched, refusalMarks, type Stage } from './stage.js';

/** Tells it once, at bob's next connection. */
function answerOnce(stage: Stage, lie: (honest: ResumeResponse) => Partial<ResumeResponse>): void {
  let told = false;
  stage.answer('resume', (honest) => {
    if (told) return honest;
    told = true;
    return { ...honest, ...lie(honest) };
  });
}

function falseVerdict(verdict: 'rolled-back' | 'cloned'): LieCase {
  return {
    about: ['resume/verdict'],
    lie: `that the device was ${verdict}`,
    outcome: `the user is told ${verdict}; sessions and pre-keys are renewed, pins are not, and nothing is lost`,
    run: async (stage) => {
      const { alice, bob } = stage;
      const heard = bob.breaks.length;
      const trusted = await bob.messenger.contacts.get(alice.id);
      await alice.messenger.messages.send(bob.id, { text: `before he was ${verdict}` });
      answerOnce(stage, () => ({ verdict }));
      await stage.reconnectBob();
      assertEqual(bob.breaks.slice(heard), [verdict], 'what bob was told');
      assertEqual(await bob.messenger.contacts.get(alice.id), trusted, 'what bob thinks of alice');
      assertEqual(
        (await bob.texted(alice)).includes(`before he was ${verdict}`),
        true,
        'what was on its way',
      );
      await stage.talkAgain(verdict);
    },
  };
}

/** More than a device follows. */
const farAhead = {
  generation: ({ generation }: ResumeResponse) => ({ generation: generation + 10_001 }),
  storeSeq: ({ storeSeq }: ResumeResponse) => ({ storeSeq: storeSeq + 2 ** 32 + 1 }),
};

function tooFarAhead(field: keyof typeof farAhead): LieCase {
  return {
    about: ['resume/verdict', `resume/${field}`],
    lie: `that the device was rolled back, from a ${field} further than any goes`,
    outcome: 'not believed: the device stays away and asks again; nothing has changed, and nobody is told',
    run: async (stage) => {
      const { bob } = stage;
      const heard = bob.breaks.length;
      const before = await bob.dump();
      answerOnce(stage, (honest) => ({ verdict: 'rolled-back', ...farAhead[field](honest) }));
      await stage.reconnectBob();
      assertEqual(bob.breaks.slice(heard), [], 'what bob was told');
      assertUntouched(before, await bob.dump(), refusalMarks);
      await stage.talkAgain(`${field} as it is`);
    },
  };
}

const cases: readonly LieCase[] = [
  falseVerdict('rolled-back'),
  falseVerdict('cloned'),
  tooFarAhead('generation'),
  tooFarAhead('storeSeq'),
  {
    about: ['resume/generation', 'resume/storeSeq'],
    lie: 'other numbers beside the verdict that the state goes on',
    outcome: 'they are of no use: nothing has changed',
    run: async (stage) => {
      const { bob } = stage;
      const before = await bob.dump();
      answerOnce(stage, ({ generation, storeSeq }) => ({
        generation: generation + 5,
        storeSeq: storeSeq + 500,
      }));
      await stage.reconnectBob();
      assertUntouched(before, await bob.dump(), refusalMarks);
      await stage.reconnectBob();
      assertUntouched(before, await bob.dump(), refusalMarks);
      await stage.talkAgain('no other numbers');
    },
  },
  {
    about: ['resume/continuation'],
    lie: 'another continuation than it keeps',
    outcome:
      'at the next connection the user is told cloned and the device begins anew; the conversation goes on',
    run: async (stage) => {
      const { bob } = stage;
      const heard = bob.breaks.length;
      answerOnce(stage, () => ({ continuation: new Uint8Array(16).fill(7) }));
      await stage.reconnectBob();
      await stage.talk(stage.alice, bob, 'in between');
      await stage.reconnectBob();
      assertEqual(bob.breaks.slice(heard), ['cloned'], 'what bob was told');
      await stage.talkAgain('a continuation of its own');
    },
  },
];

/** See the header. */
export const resumeLies: LieGroup = {
  name: 'whether a state goes on',
  stage: 'words',
  cases,
};
