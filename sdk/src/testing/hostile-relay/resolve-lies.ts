/** Lies about who is behind a contact code, and about who a stranger is. */
import type { SottoErrorCode } from '../../errors.js';
import type { UndecryptableReason } from '../../journal-event.js';
import { accountId, makeProblem, type ResponseOf } from '../../wire/index.js';
import { assert, assertEqual, assertRejects } from '../assert.js';
import { deviceHostOf } from '../network/test-network.js';
import { Actor } from './actor.js';
import { turned } from './forger.js';
import type { LieCase, LieGroup } from './lie.js';
import { assertUntouched, refusalMarks, type Stage } from './stage.js';

type Resolved = ResponseOf<'contacts.resolve'>;

const nobody = accountId.parse('99999999-9999-4999-8999-999999999999');
const uselessToken = 'a token of no use';

interface ResolveLie {
  readonly about: readonly string[];
  readonly lie: string;
  /** @param honest - what an honest relay says of dave */
  readonly tell: (honest: Resolved, scene: Scene) => Resolved | Promise<Resolved>;
  readonly refusal: SottoErrorCode;
}

/** Dave knows bob; nobody knows dave. */
interface Scene {
  readonly stage: Stage;
  readonly dave: Actor;
}

const scenes = new WeakMap<Stage, Scene>();

async function openScene(stage: Stage): Promise<void> {
  const dave = await Actor.register(deviceHostOf(stage.network), 'dave');
  await dave.messenger.contacts.add(stage.bob.code);
  scenes.set(stage, { stage, dave });
}

function sceneOf(stage: Stage): Scene {
  const scene = scenes.get(stage);
  if (!scene) throw new Error('the scene was not opened');
  return scene;
}

function shown({ relay }: Stage, username: string): Resolved {
  const account = relay.account(username);
  if (!account) throw new Error(`nobody is called ${username}`);
  const { statement, manifest } = account;
  return { statement, manifest, introductionToken: uselessToken };
}

const path = (field: string) => `contacts.resolve/${field}`;
const wholeStatement = ['accountId', 'username', 'identityKey', 'signature'].map((field) =>
  path(`statement/${field}`),
);

const statementLies: readonly ResolveLie[] = [
  {
    about: wholeStatement,
    lie: 'the answer of another request: another account under another name',
    tell: (_, { stage }) => shown(stage, 'carol'),
    refusal: 'statement-mismatch',
  },
  {
    about: [path('statement/identityKey'), path('statement/accountId')],
    lie: 'another account under the name asked for, badly signed',
    tell: ({ statement }, { stage }) => {
      const other = shown(stage, 'carol');
      return { ...other, statement: { ...other.statement, username: statement.username } };
    },
    refusal: 'invalid-signature',
  },
  {
    about: [path('statement/accountId'), path('statement/identityKey'), path('manifest/accountId')],
    lie: 'an account of the relay’s own under the name asked for, well signed',
    tell: async ({ statement, manifest, introductionToken }, { stage: { forger, mallory } }) => ({
      statement: await forger.statement(mallory, { ...statement, accountId: nobody }),
      manifest: await forger.manifest(mallory, { ...manifest, accountId: nobody }),
      introductionToken,
    }),
    refusal: 'statement-mismatch',
  },
  {
    about: [path('statement/identityKey'), path('statement/signature'), path('manifest/signature')],
    lie: 'another key under the account asked for, well signed',
    tell: async ({ statement, manifest, introductionToken }, { stage: { forger, mallory } }) => ({
      statement: await forger.statement(mallory, statement),
      manifest: await forger.manifest(mallory, manifest),
      introductionToken,
    }),
    refusal: 'statement-mismatch',
  },
  {
    about: [path('statement/signature')],
    lie: 'a statement whose signature does not verify',
    tell: (honest) => ({
      ...honest,
      statement: { ...honest.statement, signature: turned(honest.statement.signature, 5) },
    }),
    refusal: 'invalid-signature',
  },
  {
    about: [path('statement/accountId')],
    lie: 'another account id under the same key',
    tell: (honest) => ({ ...honest, statement: { ...honest.statement, accountId: nobody } }),
    refusal: 'invalid-signature',
  },
  {
    about: [path('statement/username')],
    lie: 'another name under the same key, well signed',
    tell: async (honest, { stage, dave }) => ({
      ...honest,
      statement: await stage.forger.statement(await stage.forger.stealIdentity(dave.medium), {
        ...honest.statement,
        username: shown(stage, 'carol').statement.username,
      }),
    }),
    refusal: 'statement-mismatch',
  },
];

/** A manifest as dave would sign it, whose key the relay got hold of. */
const byDave =
  (change: (manifest: Resolved['manifest']) => Partial<Resolved['manifest']>): ResolveLie['tell'] =>
  async (honest, { stage, dave }) => {
    const identity = await stage.forger.stealIdentity(dave.medium);
    const manifest = { ...honest.manifest, ...change(honest.manifest) };
    return { ...honest, manifest: await stage.forger.manifest(identity, manifest) };
  };

const manifestLies: readonly ResolveLie[] = [
  {
    about: [path('manifest/signature'), path('manifest/accountId'), path('manifest/devices/*/authKey')],
    lie: 'the manifest of another account',
    tell: (honest, { stage }) => ({ ...honest, manifest: shown(stage, 'carol').manifest }),
    refusal: 'invalid-signature',
  },
  {
    about: [path('manifest/signature')],
    lie: 'a manifest by another key',
    tell: async (honest, { stage: { forger, mallory } }) => ({
      ...honest,
      manifest: await forger.manifest(mallory, honest.manifest),
    }),
    refusal: 'invalid-signature',
  },
  {
    about: [path('manifest/accountId')],
    lie: 'a manifest by the right key for another account',
    tell: byDave(() => ({ accountId: nobody })),
    refusal: 'statement-mismatch',
  },
  {
    about: [path('manifest/previousHash')],
    lie: 'a first manifest that says it has a predecessor',
    tell: byDave(() => ({ previousHash: new Uint8Array(32) })),
    refusal: 'invalid-manifest',
  },
  {
    about: [path('manifest/version')],
    lie: 'a later manifest that says it has no predecessor',
    tell: byDave(() => ({ version: 2 })),
    refusal: 'invalid-manifest',
  },
  ...(['deviceId', 'registrationId', 'authKey', 'addedDay'] as const).map((field): ResolveLie => ({
    about: [path(`manifest/devices/*/${field}`)],
    lie: `a device in the manifest with another ${field}`,
    tell: (honest) => ({
      ...honest,
      manifest: {
        ...honest.manifest,
        devices: honest.manifest.devices.map((device) => ({
          ...device,
          [field]: field === 'authKey' ? turned(device.authKey, 3) : device[field] + 1,
        })),
      },
    }),
    refusal: 'invalid-signature',
  })),
];

const lies = [...statementLies, ...manifestLies];

/** Told to somebody who adds a contact by its code. */
function toWhoAdds({ about, lie, tell, refusal }: ResolveLie): LieCase {
  return {
    about,
    lie: `to who adds a contact: ${lie}`,
    outcome: `refused as ${refusal}, and nothing is stored`,
    run: async (stage) => {
      const { alice } = stage;
      const scene = sceneOf(stage);
      const told = await tell(shown(stage, 'dave'), scene);
      stage.answer('contacts.resolve', () => told);
      const before = await alice.dump();
      await assertRejects(() => alice.messenger.contacts.add(scene.dave.code), refusal, lie);
      assertUntouched(before, await alice.dump(), []);
    },
  };
}

/** Told to somebody who has a stranger's first message. */
function toWhoIsWrittenTo({ about, lie, tell }: Pick<ResolveLie, 'about' | 'lie' | 'tell'>): LieCase {
  return strangerCase({ about, lie, reason: 'statement-mismatch' }, async (stage, scene) => {
    const told = await tell(shown(stage, 'dave'), scene);
    stage.answer('contacts.resolve', () => told);
  });
}

function strangerCase(
  { about, lie, reason }: { about: readonly string[]; lie: string; reason: UndecryptableReason },
  arrange: (stage: Stage, scene: Scene) => Promise<void>,
): LieCase {
  return {
    about,
    lie: `to who has a stranger’s first message: ${lie}`,
    outcome: `the message ends in ${reason}, nobody is introduced, and nothing else is stored`,
    run: async (stage) => {
      const { bob } = stage;
      const scene = sceneOf(stage);
      await arrange(stage, scene);
      const before = await bob.dump();
      const heard = bob.undecryptable.length;
      await scene.dave.messenger.messages.send(bob.id, { text: lie });
      await stage.until(() => bob.undecryptable.length > heard, 'the message is refused');
      await stage.quiet();
      assertEqual(bob.undecryptable.slice(heard), [reason], 'why it had no effect');
      assertEqual(await bob.messenger.contacts.get(scene.dave.id), undefined, 'who is known');
      assertUntouched(before, await bob.dump(), refusalMarks);
    },
  };
}

const nonsense: readonly unknown[] = [
  null,
  [],
  {},
  'text',
  { statement: null },
  { statement: 1, manifest: 2, introductionToken: 3 },
];

const otherCases: readonly LieCase[] = [
  strangerCase({ about: ['problem/code'], lie: 'nobody', reason: 'sender-mismatch' }, async (stage) => {
    stage.relay.tamper.refuse = ({ operation }) => {
      if (operation !== 'contacts.resolve') return undefined;
      stage.note(['problem/code']);
      return makeProblem('not-found');
    };
  }),
  {
    about: [],
    lie: 'to who adds a contact: what fits no schema',
    outcome: 'refused as invalid-response, and nothing is stored',
    run: async (stage) => {
      const { alice } = stage;
      const before = await alice.dump();
      for (const answer of nonsense) {
        stage.answerRaw(() => answer);
        await assertRejects(
          () => alice.messenger.contacts.add(sceneOf(stage).dave.code),
          'invalid-response',
          'nonsense',
        );
      }
      assertUntouched(before, await alice.dump(), []);
    },
  },
  {
    about: [path('introductionToken')],
    lie: 'a token that opens another door',
    outcome: 'the message waits, and goes out once the relay gives a good one',
    run: async (stage) => {
      const { alice, bob } = stage;
      stage.answer('contacts.resolve', (honest) => ({ ...honest, introductionToken: uselessToken }));
      await alice.messenger.contacts.add(bob.code);
      await alice.messenger.messages.send(bob.id, { text: 'knock knock' });
      await stage.network.pass(5_000);
      assertEqual(await alice.lastStatus(bob), 'pending', 'the message meanwhile');
      await stage.talkAgain('the right door');
    },
  },
  {
    about: [path('statement/accountId')],
    lie: 'a pinned name under another account, signed by its own key',
    outcome: 'refused as statement-mismatch: a name never moves',
    run: async (stage) => {
      const { alice, bob, forger } = stage;
      const identity = await forger.stealIdentity(bob.medium);
      const { statement, manifest } = shown(stage, 'bob');
      const told = {
        statement: await forger.statement(identity, { ...statement, accountId: nobody }),
        manifest: await forger.manifest(identity, { ...manifest, accountId: nobody }),
        introductionToken: uselessToken,
      };
      stage.answer('contacts.resolve', () => told);
      const before = await alice.dump();
      await assertRejects(() => alice.messenger.contacts.add(bob.code), 'statement-mismatch', 'a moved name');
      assertUntouched(before, await alice.dump(), []);
    },
  },
  {
    about: [path('statement/identityKey')],
    lie: 'another key for a contact whose introduction is renewed',
    outcome: 'the message fails as identity-changed and the contact is shown as changed, its pin untouched',
    run: async (stage) => {
      const { alice, bob, forger, mallory } = stage;
      const { statement, manifest } = shown(stage, 'bob');
      const pinned = await alice.messenger.contacts.get(bob.id);
      const told = {
        statement: await forger.statement(mallory, statement),
        manifest: await forger.manifest(mallory, manifest),
        introductionToken: uselessToken,
      };
      stage.answer('contacts.resolve', () => told);
      stage.relay.tamper.refuse = ({ operation }) =>
        operation === 'send' ? makeProblem('introduction-required') : undefined;
      const { seq } = await alice.messenger.messages.send(bob.id, { text: 'who are you?' });
      await stage.until(async () => (await alice.lastStatus(bob)) === 'failed', 'the message fails');
      assertEqual((await alice.messenger.messages.get(bob.id, seq)).failure, 'identity-changed', 'why');
      const contact = await alice.messenger.contacts.get(bob.id);
      assertEqual(contact?.trust, 'changed', 'the trust');
      assertEqual(contact?.identityKey, pinned?.identityKey, 'the pin');
      stage.tellTheTruth();
      assertEqual(await alice.messenger.contacts.recheckIdentity(bob.id), pinned, 'the contact again');
      await alice.messenger.messages.retry(bob.id, seq);
      await stage.until(async () => (await bob.texted(alice)).includes('who are you?'), 'it goes out');
      await stage.quiet();
    },
  },
  {
    about: [],
    lie: 'the truth about a stranger, after all that',
    outcome: 'a message request, and nothing of what was refused',
    run: async (stage) => {
      const { bob } = stage;
      const { dave } = sceneOf(stage);
      await dave.messenger.messages.send(bob.id, { text: 'it is me' });
      await stage.until(async () => (await bob.texted(dave)).includes('it is me'), 'it takes effect');
      assertEqual(await bob.texted(dave), ['it is me'], 'what took effect');
      const contact = await bob.messenger.contacts.get(dave.id);
      assertEqual([contact?.relation, contact?.trust], ['request', 'unverified'], 'who dave is');
      assert((await dave.lastStatus(bob)) === 'sent', 'a stranger gets no receipt');
    },
  },
];

/** See the header. */
export const resolveLies: LieGroup = {
  name: 'who is behind a code',
  prepare: openScene,
  stage: 'words',
  cases: [...lies.map(toWhoAdds), ...lies.map(toWhoIsWrittenTo), ...otherCases],
};
