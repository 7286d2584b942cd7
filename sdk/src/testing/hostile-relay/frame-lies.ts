/** Lies in what a relay says by itself: its clock, its farewells, its hints, and what is no event at all. */
import { limits } from '../../limits.js';
import type { SocketGoodbye } from '../../wire/index.js';
import { assert, assertEqual } from '../assert.js';
import type { LieCase, LieGroup } from './lie.js';
import { assertUntouched, refusalMarks } from './stage.js';

const yearMs = 365 * 24 * 60 * 60 * 1000;

function falseClock(name: string, move: (relayTime: number) => number): LieCase {
  return {
    about: ['frame:ready/relayTime'],
    lie: `that its clock is ${name}`,
    outcome:
      'what it then delivers takes effect, or ends in envelope-time-out-of-range; times of messages are the device’s',
    run: async (stage) => {
      const { alice, bob } = stage;
      stage.push(bob, (push) => {
        if (push.name !== 'ready') return [push];
        const { relayTime } = push.payload as { relayTime: number };
        return [{ name: 'ready', payload: { relayTime: move(relayTime) } }];
      });
      await stage.reconnectBob();
      const heard = bob.undecryptable.length;
      await alice.messenger.messages.send(bob.id, { text: `under a clock ${name}` });
      await stage.quiet();
      const last = (await bob.history(alice)).at(-1);
      const arrived = last?.body.kind === 'text' && last.body.text === `under a clock ${name}`;
      const expected = arrived ? [] : ['envelope-time-out-of-range'];
      assertEqual(bob.undecryptable.slice(heard), expected, 'what bob was told');
      assert(Math.abs((last?.receivedAt ?? 0) - stage.network.clock.now()) < yearMs, 'when it was received');
      stage.tellTheTruth();
      await stage.reconnectBob();
      await stage.talkAgain(`a clock ${name}`);
    },
  };
}

/** @param marks - what else such a farewell may touch */
function falseGoodbye(
  reason: SocketGoodbye['reason'],
  state: string,
  marks: readonly RegExp[] = [],
): LieCase {
  return {
    about: ['frame:goodbye/reason'],
    lie: `a farewell that was not due: ${reason}`,
    outcome: `the connection is ${state}, the account untouched; once connected, everything that was sent meanwhile arrives`,
    run: async (stage) => {
      const { alice, bob } = stage;
      const before = await bob.dump();
      const announced = bob.connections.length;
      stage.note(['frame:goodbye/reason']);
      stage.relay.dismiss(bob.address, reason);
      await stage.network.settle();
      assertEqual(bob.connections.slice(announced).at(-1), state, 'the connection');
      assertUntouched(before, await bob.dump(), [...refusalMarks, ...marks]);
      await alice.messenger.messages.send(bob.id, { text: `sent while ${reason}` });
      if (state !== 'offline') {
        await stage.quiet();
        assertEqual(bob.messenger.connection.kind, state, 'the connection after a while');
        await bob.messenger.disconnect();
        await bob.goOnline();
      }
      await stage.until(async () => (await bob.texted(alice)).includes(`sent while ${reason}`), 'it arrives');
      await stage.quiet();
      await stage.talkAgain(reason);
    },
  };
}

const nonsense: readonly unknown[] = [
  null,
  7,
  'text',
  [],
  {},
  { envelopes: 1 },
  { envelopes: [null, {}, { id: 'x' }] },
  { relayTime: -1 },
  { reason: 'because' },
];
const frameNames = ['envelopes', 'ready', 'goodbye', 'no-such-event', '__proto__', ''];

const cases: readonly LieCase[] = [
  falseClock('a century behind', (relayTime) => Math.max(0, relayTime - 100 * yearMs)),
  falseClock('ten years ahead', (relayTime) => relayTime + 10 * yearMs),
  falseClock('at the end of time', () => 8_640_000_000_000_000),
  falseGoodbye('replaced', 'replaced'),
  // Whether that is so the device finds out by asking for new tokens, and gets them.
  falseGoodbye('signed-out', 'closed', [/^account\/credentials$/]),
  falseGoodbye('draining', 'offline'),
  {
    about: ['frame:caught-up'],
    lie: 'that everything has been delivered: never, or a hundred times',
    outcome: 'every message takes effect, once',
    run: async (stage) => {
      for (const times of [0, 100]) {
        stage.push(stage.bob, (push) =>
          push.name === 'caught-up' ? Array.from({ length: times }, () => push) : [push],
        );
        await stage.reconnectBob();
        await stage.talk(stage.alice, stage.bob, `caught up ${times} times`);
      }
      await stage.reconnectBob();
      await stage.talkAgain('caught up');
    },
  },
  {
    about: ['frame:keys-low'],
    lie: 'a hundred times that keys run low, which do not',
    outcome: 'the relay is asked once, later, and no key is made',
    run: async (stage) => {
      const { alice, bob } = stage;
      let [asked, uploads] = [0, 0];
      stage.relay.tamper.delay = ({ operation }) => {
        if (operation === 'keys.status') asked += 1;
        if (operation === 'keys.upload') uploads += 1;
        return undefined;
      };
      stage.push(bob, (push) => [
        push,
        ...Array.from({ length: limits.preKeyStock }, () => ({ name: 'keys-low', payload: {} })),
      ]);
      await stage.talk(alice, bob, 'while keys run low');
      const before = await bob.dump();
      await stage.network.pass(limits.preKeyRefillJitterMs);
      assertEqual(asked, 1, 'how often the relay is asked');
      assertEqual(uploads, 0, 'uploads');
      assertUntouched(before, await bob.dump(), refusalMarks);
      await stage.talkAgain('keys are there');
    },
  },
  {
    about: [],
    lie: 'what fits no schema, under every name of a frame and under others',
    outcome: 'it is dropped, and what is among it takes effect',
    run: async (stage) => {
      const { alice, bob } = stage;
      const noise = frameNames.flatMap((name) => nonsense.map((payload) => ({ name, payload })));
      stage.relay.tamper.push = (push) => [...noise, push, ...noise];
      await stage.talk(alice, bob, 'through the noise');
      await stage.reconnectBob();
      await stage.talk(alice, bob, 'and from the first word on');
      await stage.talkAgain('silence');
    },
  },
];

/** See the header. */
export const frameLies: LieGroup = { name: 'what the relay says by itself', stage: 'words', cases };
