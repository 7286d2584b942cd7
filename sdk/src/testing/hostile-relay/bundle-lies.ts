/** Lies about bundles, statements and manifests while a session is to be started: nothing is encrypted for an impostor. */
import { manifestHash } from '../../verification/index.js';
import { deviceId, type AccountBundle } from '../../wire/index.js';
import { assert, assertEqual, assertRejects, fail } from '../assert.js';
import { carols, onDevice, path, signedBundleLies, type BundleLie, type Props } from './bundle-lie-table.js';
import type { LieCase, LieGroup } from './lie.js';
import { assertUntouched, refusalMarks, type Stage } from './stage.js';

/** What a failed send leaves behind: its own row and status. Neither contact nor session is among it. */
const failedSendMarks = [
  ...refusalMarks,
  /^message\//,
  /^message-id\//,
  /^conversation\//,
  /^outbox-(head|unencrypted\/.*)$/,
  /^receipt\//,
];

const props = new WeakMap<Stage, Props>();

function propsOf(stage: Stage): Props {
  return props.get(stage) ?? fail('the relay has looked at nobody');
}

/** The message under the lie fails, and nothing of the lie stays. */
function failing({ about, lie, sign, tell = (honest) => honest, end }: BundleLie): LieCase {
  return {
    about,
    lie,
    outcome: `the message fails as ${end}, and pin, manifest and sessions are untouched`,
    run: async (stage) => {
      const { alice, bob, relay } = stage;
      await alice.messenger.sessions.reset(bob.id);
      const account = relay.account('bob') ?? fail('bob is unknown');
      const signed = (await sign?.(stage, account)) ?? {};
      stage.answer('keys.bundle', (honest) => tell({ ...honest, ...signed }, propsOf(stage)));
      const sent = stage.sendsOf(alice);
      const before = await alice.dump();
      const pinned = await alice.messenger.contacts.get(bob.id);
      const { seq } = await alice.messenger.messages.send(bob.id, { text: lie });
      await stage.network.pass(5_000);
      const { status, failure } = await alice.messenger.messages.get(bob.id, seq);
      assertEqual([status, failure], ['failed', end], 'the message');
      assertEqual(sent.length, 0, 'what was sent');
      const changed = end === 'identity-changed';
      const contact = await alice.messenger.contacts.get(bob.id);
      assertEqual(contact, changed ? { ...pinned, trust: 'changed' } : pinned, 'the contact');
      const marks = changed ? [new RegExp(`^contact/${bob.id}$`)] : [];
      assertUntouched(before, await alice.dump(), [...failedSendMarks, ...marks]);
      if (changed) await assertBlocked(stage);
      await stage.talkAgain(lie);
      assert(!(await bob.texted(alice)).includes(lie), 'bob never sees it');
    },
  };
}

/** Sending is blocked; the user has the relay asked again, which shows the pinned key. */
async function assertBlocked(stage: Stage): Promise<void> {
  const { alice, bob } = stage;
  await assertRejects(
    () => alice.messenger.messages.send(bob.id, { text: 'no' }),
    'identity-changed',
    'sending while another key is shown',
  );
  stage.tellTheTruth();
  assert(
    (await alice.messenger.contacts.recheckIdentity(bob.id)).trust !== 'changed',
    'the pinned key again',
  );
}

/** Lies that nothing in the bundle itself gives away. */
const unsignedLies: readonly LieCase[] = [
  {
    about: [path('devices/*/deviceId')],
    lie: 'a device more than the manifest lists',
    outcome: 'the message goes to the devices of the manifest alone',
    run: async (stage) => {
      const { alice, bob } = stage;
      await alice.messenger.sessions.reset(bob.id);
      stage.answer('keys.bundle', (honest) => ({
        ...honest,
        devices: honest.devices.flatMap((device) => [device, { ...device, deviceId: deviceId.parse(2) }]),
      }));
      const sent = stage.sendsOf(alice);
      await stage.talk(alice, bob, 'to whom it concerns');
      assertEqual(
        sent.map(({ bodies }) => bodies.map((body) => body.deviceId)),
        [[1]],
        'the devices it went to',
      );
    },
  },
  {
    about: [path('devices/*/deviceId')],
    lie: 'no device, or another than was asked for',
    outcome: 'the message waits and is tried again; nothing is encrypted meanwhile',
    run: async (stage) => {
      const { alice, bob } = stage;
      for (const other of [[], [deviceId.parse(5)]]) {
        await alice.messenger.sessions.reset(bob.id);
        stage.answer('keys.bundle', (honest) => ({
          ...honest,
          devices: honest.devices.flatMap((device) => other.map((id) => ({ ...device, deviceId: id }))),
        }));
        const sent = stage.sendsOf(alice);
        await alice.messenger.messages.send(bob.id, { text: 'is anybody there?' });
        await stage.network.pass(5_000);
        assertEqual([await alice.lastStatus(bob), sent.length], ['pending', 0], 'the message');
        await stage.talkAgain('somebody is there');
      }
    },
  },
  oneTimeKeyCase({
    about: [path('devices/*/oneTimePreKey/publicKey')],
    lie: 'another account’s one-time pre-key under the right id, which nothing signs',
    reason: 'invalid-message',
    tell: onDevice(({ oneTimePreKey }, others) => ({
      oneTimePreKey: {
        id: oneTimePreKey?.id ?? 1,
        publicKey: (carols(others).oneTimePreKey ?? fail('none')).publicKey,
      },
    })),
  }),
  oneTimeKeyCase({
    about: [path('devices/*/oneTimePreKey/id')],
    lie: 'a one-time pre-key under an id that the device never had',
    reason: 'pre-key-missing',
    tell: onDevice(({ oneTimePreKey }) => ({
      oneTimePreKey: { id: 0xfffffff, publicKey: (oneTimePreKey ?? fail('none')).publicKey },
    })),
  }),
  oneTimeKeyCase({
    about: [path('devices/*/kemPreKey/id')],
    lie: 'a KEM pre-key under an id that the device never had',
    reason: 'pre-key-missing',
    tell: onDevice(({ kemPreKey }) => ({ kemPreKey: { ...kemPreKey, id: 0xfffffff } })),
  }),
  oneTimeKeyCase({
    about: [path('devices/*/signedPreKey/id')],
    lie: 'a signed pre-key under an id that the device never had',
    reason: 'pre-key-missing',
    tell: onDevice(({ signedPreKey }) => ({ signedPreKey: { ...signedPreKey, id: 0xfffffff } })),
  }),
  oneTimeKeyCase({
    about: [path('devices/*/oneTimePreKey/id'), path('devices/*/kemPreKey/id')],
    lie: 'an old answer once more: one-time pre-keys for the second time',
    reason: 'pre-key-missing',
    tell: (_, { usedOfBob }) => usedOfBob,
  }),
  {
    about: [],
    lie: 'what fits no schema',
    outcome: 'the message waits, and goes out once the relay answers',
    run: async (stage) => {
      const { alice, bob } = stage;
      const nonsense = [null, 7, [], {}, { statement: {} }, 'text'];
      let told = 0;
      await alice.messenger.sessions.reset(bob.id);
      stage.answerRaw((encoded, { operation }) =>
        operation === 'keys.bundle' && told < nonsense.length ? nonsense[told++] : encoded,
      );
      await stage.talk(alice, bob, 'at last');
      assertEqual(told, nonsense.length, 'how often it was asked');
    },
  },
];

/** A session begun with keys the other side does not have: it says so in the open, and another one works. */
function oneTimeKeyCase(parts: {
  readonly about: readonly string[];
  readonly lie: string;
  readonly reason: string;
  readonly tell: (honest: AccountBundle, props: Props) => AccountBundle;
}): LieCase {
  const { about, lie, reason, tell } = parts;
  return {
    about,
    lie,
    outcome: `the other side tells its user ${reason}, and another session works`,
    run: async (stage) => {
      const { alice, bob } = stage;
      const heard = bob.undecryptable.length;
      await alice.messenger.sessions.reset(bob.id);
      let told = false;
      stage.answer('keys.bundle', (honest) => {
        // Once: what begins a session in the place of the lost one is told the truth.
        if (told) return honest;
        told = true;
        return tell(honest, propsOf(stage));
      });
      await alice.messenger.messages.send(bob.id, { text: lie });
      await stage.quiet();
      assertEqual(bob.undecryptable.slice(heard), [reason], 'what bob was told');
      await alice.messenger.sessions.reset(bob.id);
      await stage.talkAgain(lie);
    },
  };
}

async function prepare(stage: Stage): Promise<void> {
  const { alice, bob, carol, forger, relay } = stage;
  // Alice has seen a second version, so that there is one to roll back to.
  const { manifest } = relay.account('bob') ?? fail('bob is unknown');
  const identity = await forger.stealIdentity(bob.medium);
  const previousHash = manifestHash(manifest) as Uint8Array<ArrayBuffer>;
  relay.replaceManifest(await forger.manifest(identity, { ...manifest, version: 2, previousHash }));
  const seen: AccountBundle[] = [];
  stage.answer('keys.bundle', (honest) => {
    seen.push(honest);
    return honest;
  });
  await alice.messenger.sessions.reset(bob.id);
  await stage.talk(alice, bob, 'I see version 2');
  await alice.messenger.contacts.add(carol.code);
  await alice.messenger.messages.send(carol.id, { text: 'hello carol' });
  await stage.quiet();
  const of = (name: string) =>
    seen.findLast(({ statement, devices }) => statement.username === name && devices.length > 0);
  props.set(stage, {
    ofCarol: of('carol') ?? fail('carol was not looked at'),
    usedOfBob: of('bob') ?? fail('bob was not looked at'),
  });
  stage.tellTheTruth();
}

/** See the header. */
export const bundleLies: LieGroup = {
  name: 'whom a session is begun with',
  prepare,
  stage: 'bundles',
  cases: [...signedBundleLies.map(failing), ...unsignedLies],
};
