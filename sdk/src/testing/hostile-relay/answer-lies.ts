/** Lies in the answers to sends, acknowledgements and key uploads, and in refusals. */
import { limits } from '../../limits.js';
import {
  deviceId,
  makeProblem,
  problemCatalogue,
  toBase64Url,
  type EnvelopeId,
  type PreKeyStatus,
  type ProblemCode,
  type SendResponse,
} from '../../wire/index.js';
import { assert, assertEqual, thrownBy } from '../assert.js';
import { isSottoError } from '../../errors.js';
import { spelled } from './actor.js';
import type { LieCase, LieGroup } from './lie.js';
import { assertUntouched, refusalMarks } from './stage.js';

type Mismatch = Omit<Extract<SendResponse, { kind: 'device-mismatch' }>, 'kind'>;

const devices = (...ids: number[]) => ids.map((id) => deviceId.parse(id));
const none: Mismatch = { missing: [], extra: [], stale: [] };

const mismatches: readonly (readonly [string, Mismatch, readonly string[]])[] = [
  ['is wrong, and not how', none, []],
  ['has a stale device', { ...none, stale: devices(1) }, ['send/stale']],
  ['lacks the device it has', { ...none, missing: devices(1) }, ['send/missing']],
  ['lacks a device that does not exist', { ...none, missing: devices(7) }, ['send/missing']],
  ['has a device too many', { ...none, extra: devices(1) }, ['send/extra']],
  [
    'is wrong in every way',
    { missing: devices(7, 9), extra: devices(1), stale: devices(3) },
    ['send/missing', 'send/extra', 'send/stale'],
  ],
];

/** Whatever the relay answers, the other side has the message: how it ends is what the relay says. */
function endlessMismatch([name, mismatch, fields]: (typeof mismatches)[number]): LieCase {
  return {
    about: ['send/kind', ...fields],
    lie: `again and again that the list of devices ${name}`,
    outcome: 'three repairs, then the message fails as device-mismatch; each attempt has an id of its own',
    run: async (stage) => {
      const { alice, bob } = stage;
      const sent = stage.sendsOf(alice);
      stage.answerRaw((encoded, { operation, device }) =>
        operation === 'send' && device?.accountId === alice.id
          ? { kind: 'device-mismatch', ...mismatch }
          : encoded,
      );
      const heard = alice.statuses.length;
      await alice.messenger.messages.send(bob.id, { text: name });
      await stage.until(() => alice.statuses.slice(heard).includes('device-mismatch'), 'it fails');
      await stage.quiet();
      assertEqual(sent.length, 1 + limits.maxDeviceRepairs, 'attempts');
      assertEqual(
        new Set(sent.map(({ attemptId }) => toBase64Url(attemptId))).size,
        sent.length,
        'attempt ids',
      );
      // It had taken them all the same: they are one message, and its receipt says so.
      assertEqual(
        (await bob.texted(alice)).filter((text) => text === name).length,
        1,
        'how often it arrived',
      );
      assertEqual(alice.statuses.slice(heard), ['device-mismatch', 'delivered'], 'what alice saw');
      await stage.talkAgain(name);
    },
  };
}

const sendNonsense: readonly unknown[] = [
  null,
  7,
  'accepted',
  [],
  {},
  { kind: 'accepted' },
  { kind: 'accepted', acceptedAt: -1, deliveryToken: 'x' },
  { kind: 'accepted', acceptedAt: 1.5, deliveryToken: 'x' },
  { kind: 'accepted', acceptedAt: 1, deliveryToken: '' },
  { kind: 'device-mismatch', missing: [0], extra: [], stale: [] },
  { kind: 'refused' },
];

const sendCases: readonly LieCase[] = [
  ...mismatches.map(endlessMismatch),
  {
    about: ['send/acceptedAt'],
    lie: 'that a message was accepted at the beginning or the end of time',
    outcome: 'the message is sent and delivered, under the device’s own times',
    run: async (stage) => {
      const { alice, bob } = stage;
      for (const acceptedAt of [0, 1, 8_640_000_000_000_000]) {
        stage.answer('send', (honest) => ({ ...honest, acceptedAt }) as SendResponse);
        await stage.talk(alice, bob, `at ${acceptedAt}`);
        const { sentAt } = (await alice.history(bob)).at(-1) ?? {};
        const ageMs = stage.network.clock.now() - (sentAt ?? 0);
        assert(ageMs >= 0 && ageMs < 24 * 60 * 60 * 1000, 'when it was sent');
      }
    },
  },
  {
    about: ['send/deliveryToken'],
    lie: 'a delivery token that opens another door',
    outcome: 'the next message finds its way by another introduction',
    run: async (stage) => {
      const { alice, bob } = stage;
      stage.answer('send', (honest) => ({ ...honest, deliveryToken: 'opens nothing' }) as SendResponse);
      await stage.talk(alice, bob, 'first');
      await stage.talkAgain('second');
    },
  },
  {
    about: ['send/kind'],
    lie: 'an answer to a send that fits no schema',
    outcome: 'the very same bytes go out again until it is answered, and take effect once',
    run: async (stage) => {
      const { alice, bob } = stage;
      const sent = stage.sendsOf(alice);
      let told = 0;
      stage.answerRaw((encoded, { operation, device }) => {
        const ours = operation === 'send' && device?.accountId === alice.id;
        if (!ours || told >= sendNonsense.length) return encoded;
        stage.note(['send/kind']);
        return sendNonsense[told++];
      });
      await alice.messenger.messages.send(bob.id, { text: 'spelled out' });
      await stage.until(() => sent.length > sendNonsense.length, 'it is repeated');
      await stage.quiet();
      assertEqual(await alice.lastStatus(bob), 'delivered', 'the message');
      assertEqual(sent.length, sendNonsense.length + 1, 'how often it was sent');
      assertEqual(new Set(sent.map(spelled)).size, 1, 'different sends');
      assertEqual((await bob.texted(alice)).filter((text) => text === 'spelled out').length, 1, 'effects');
    },
  },
  {
    about: [],
    lie: 'an acknowledgement refused, again and again',
    outcome: 'it is repeated on the same connection, and the message takes effect once',
    run: async (stage) => {
      const { alice, bob } = stage;
      const acknowledged: (readonly EnvelopeId[])[] = [];
      let refusals = 3;
      stage.relay.tamper.delay = (call) => {
        const ofBob = call.operation === 'acknowledge' && call.device?.accountId === bob.id;
        if (ofBob) acknowledged.push(call.request.ids);
        return undefined;
      };
      stage.relay.tamper.refuse = ({ operation, device }) =>
        operation === 'acknowledge' && device?.accountId === bob.id && refusals-- > 0
          ? makeProblem('unavailable')
          : undefined;
      const connections = bob.connections.length;
      await alice.messenger.messages.send(bob.id, { text: 'acknowledge me' });
      await stage.until(() => refusals < 0 && stage.relay.waiting(bob.address).length === 0, 'it is taken');
      assertEqual(acknowledged.length, 4, 'how often it was acknowledged');
      assertEqual(new Set(acknowledged.map(String)).size, 1, 'different acknowledgements');
      assertEqual(bob.connections.length, connections, 'connections');
      assertEqual((await bob.texted(alice)).filter((text) => text === 'acknowledge me').length, 1, 'effects');
      await stage.talkAgain('acknowledged');
    },
  },
];

const uploadFields = ['kind', 'id', 'status'].map((field) => `keys.upload/results/*/${field}`);
const statusFields = ['oneTime', 'kemOneTime', 'signedId', 'kemLastResortId'];
const ownPreKey = /^engine\/(kem-|signed-)?pre-key\//;

/** What says what of its keys the relay has been told is there. */
const keyMarks = [...refusalMarks, /^engine\/(kem-)?pre-key\//, /^prekeys\//];

const keyCases: readonly LieCase[] = [
  {
    about: [...uploadFields, 'keys.status/oneTime', 'keys.status/kemOneTime'],
    lie: 'that keys were refused which were not in the upload',
    outcome: 'no key is given up that was there before, and a session with one of them works',
    run: async (stage) => {
      const { alice, bob } = stage;
      const before = await bob.dump();
      const held = [...before.keys()].filter((key) => /^engine\/(kem-)?pre-key\//.test(key));
      stage.answer('keys.status', (honest) => ({ ...honest, oneTime: 0, kemOneTime: 29 }));
      stage.answer('keys.upload', (honest) => ({
        ...honest,
        results: held.slice(0, 200).map((key) => ({
          kind: key.includes('kem') ? ('kem-one-time' as const) : ('one-time' as const),
          id: Number(key.split('/').at(-1)),
          status: 'invalid' as const,
        })),
      }));
      await bob.messenger.preKeys.replenish();
      const after = await bob.dump();
      assertEqual(
        [...before.keys()].filter((key) => ownPreKey.test(key) && !after.has(key)),
        [],
        'keys gone',
      );
      assertUntouched(before, after, keyMarks);
      stage.tellTheTruth();
      await alice.messenger.sessions.reset(bob.id);
      await stage.talkAgain('with a key that is still there');
    },
  },
  {
    about: ['keys.status/signedId', 'keys.status/kemLastResortId'],
    lie: 'that it lacks the lasting keys',
    outcome: 'the very same keys go there again, and none is made or given up',
    run: async (stage) => {
      const { alice, bob } = stage;
      const before = await bob.dump();
      stage.answer('keys.status', (honest) => ({ ...honest, signedId: null, kemLastResortId: null }));
      await bob.messenger.preKeys.replenish();
      assertUntouched(before, await bob.dump(), [...refusalMarks, /^prekeys\//]);
      stage.tellTheTruth();
      await alice.messenger.sessions.reset(bob.id);
      await stage.talkAgain('with the lasting keys');
    },
  },
  {
    about: ['keys.status/signedId', 'keys.status/kemLastResortId'],
    lie: 'that it has lasting keys which are not this device’s',
    outcome: 'one-time keys are made anew, eight times a day and no more; the lasting ones stay',
    run: async (stage) => {
      const { alice, bob } = stage;
      const before = await bob.dump();
      let stocks = 0;
      stage.answer('keys.status', (honest) => ({ ...honest, signedId: 7, kemLastResortId: 7 }));
      stage.answer('keys.upload', (honest, { keys }) => {
        if (keys.oneTime?.length) stocks += 1;
        return honest;
      });
      for (let round = 0; round < limits.maxContinuityRepairs + 3; round += 1) {
        await bob.messenger.preKeys.replenish();
      }
      assertEqual(stocks, limits.maxContinuityRepairs, 'stocks uploaded');
      assertUntouched(before, await bob.dump(), keyMarks);
      stage.tellTheTruth();
      await alice.messenger.sessions.reset(bob.id);
      await stage.talkAgain('with a key of the last stock');
    },
  },
  {
    about: statusFields.map((field) => `keys.upload/status/${field}`),
    lie: 'after an upload, that nothing of it is there',
    outcome: 'one upload and no more: the relay does not set the pace',
    run: async (stage) => {
      const { bob } = stage;
      const nothing: PreKeyStatus = { oneTime: 0, kemOneTime: 0, signedId: null, kemLastResortId: null };
      let uploads = 0;
      stage.answer('keys.status', (honest) => ({ ...honest, oneTime: 0 }));
      stage.answer('keys.upload', (honest) => {
        uploads += 1;
        return { ...honest, status: nothing };
      });
      await bob.messenger.preKeys.replenish();
      await stage.quiet();
      assertEqual(uploads, 1, 'uploads');
      await stage.talkAgain('with the keys that are there');
    },
  },
];

const finalForSends: readonly ProblemCode[] = [
  'idempotency-conflict',
  'invalid-request',
  'payload-too-large',
];
const allCodes = Object.keys(problemCatalogue) as ProblemCode[];

const refusalCases: readonly LieCase[] = [
  {
    about: ['problem/code'],
    lie: 'a send refused, under every code there is',
    outcome: `it fails for good under ${finalForSends.join(', ')}; otherwise it waits and goes out, or fails under the code`,
    run: async (stage) => {
      const { alice, bob } = stage;
      for (const code of allCodes) {
        stage.refuse('send', makeProblem(code));
        const { seq } = await alice.messenger.messages.send(bob.id, { text: `refused as ${code}` });
        await stage.network.pass(5_000);
        stage.tellTheTruth();
        await stage.quiet();
        const { status, failure } = await alice.messenger.messages.get(bob.id, seq);
        if (finalForSends.includes(code)) assertEqual([status, failure], ['failed', code], code);
        else assert(status === 'delivered' || failure === code, `${code}: ${status}, ${failure}`);
      }
      await stage.talkAgain('refused no more');
    },
  },
  {
    about: ['problem/type', 'problem/title', 'problem/status', 'problem/fields', 'problem/requestId'],
    lie: 'words, numbers and names of its own in a refusal',
    outcome: 'the code alone counts, and no word of the relay’s gets into an error',
    run: async (stage) => {
      const { alice, carol } = stage;
      const words = 'call this number';
      const extra = { fields: [words], requestId: words };
      stage.refuse('contacts.resolve', {
        ...makeProblem('not-found', extra),
        type: `urn:${words}`,
        title: words,
        status: 599,
      });
      const before = await alice.dump();
      const error = await thrownBy(() => alice.messenger.contacts.add(carol.code));
      assert(isSottoError(error, 'not-found'), 'the code');
      assert(
        !`${error.message} ${error.stack} ${JSON.stringify(error)}`.includes(words),
        'no word of the relay’s',
      );
      assertUntouched(before, await alice.dump(), []);
    },
  },
  {
    about: ['problem/retryAfterMs'],
    lie: 'that a limit is used up for the longest time that can be said',
    outcome: 'the message waits that day and not longer, and goes out then',
    run: async (stage) => {
      const { alice, bob } = stage;
      const dayMs = 24 * 60 * 60 * 1000;
      stage.refuse('send', makeProblem('rate-limited', { retryAfterMs: dayMs }));
      const startedAt = stage.network.clock.now();
      const { seq } = await alice.messenger.messages.send(bob.id, { text: 'in a while' });
      await stage.network.pass(60_000);
      stage.tellTheTruth();
      const status = async () => (await alice.messenger.messages.get(bob.id, seq)).status;
      assertEqual(await status(), 'pending', 'meanwhile');
      await stage.until(async () => (await status()) === 'delivered', 'it is delivered');
      assert(stage.network.clock.now() - startedAt < dayMs * 1.2 + 60_000, 'within that time');
      await stage.quiet();
      await stage.talkAgain('no limit');
    },
  },
];

/** See the header. */
export const answerLies: LieGroup = {
  name: 'answers and refusals',
  stage: 'words',
  cases: [...sendCases, ...keyCases, ...refusalCases],
};
