/** Lies to whoever brings an account back on another device, and to whoever begins it anew by its password. */
import type { SottoErrorCode } from '../../errors.js';
import { accountId, type ResponseOf, type TokenPair } from '../../wire/index.js';
import { assert, assertEqual, assertRejects } from '../assert.js';
import { engineOf } from '../network/test-engines.js';
import { backUpMedium, recoverFrom, type TestBackup } from '../network/recovery.js';
import { deviceHostOf } from '../network/test-network.js';
import { memoryStorage } from '../../storage/memory/index.js';
import { Actor } from './actor.js';
import { turned } from './forger.js';
import type { LieCase, LieGroup } from './lie.js';
import { assertUntouched, type Stage } from './stage.js';

type State = Pick<ResponseOf<'accounts.state'>, 'statement' | 'manifest'>;

const nobody = accountId.parse('99999999-9999-4999-8999-999999999999');
const dayMs = 24 * 60 * 60 * 1000;
/** Nothing but the count of commits: there is no account, and no part of one. */
const emptyMarks = [/^store-/];

/** A device that is gone, and its backup. */
interface Lost {
  readonly actor: Actor;
  readonly backup: TestBackup;
}

interface Scene {
  readonly dave: Lost;
  /** How many others have lost their devices by now. */
  losses: number;
}

const scenes = new WeakMap<Stage, Scene>();

/** Dave has talked with bob. */
async function openScene(stage: Stage): Promise<void> {
  const actor = await Actor.register(deviceHostOf(stage.network), 'dave');
  await stage.introduce(actor, stage.bob);
  scenes.set(stage, { dave: { actor, backup: await lose(stage, actor) }, losses: 0 });
}

function sceneOf(stage: Stage): Scene {
  const scene = scenes.get(stage);
  if (!scene) throw new Error('the scene was not opened');
  return scene;
}

/** The device ends. @returns its backup */
async function lose({ network }: Stage, actor: Actor): Promise<TestBackup> {
  const backup = await backUpMedium(actor.medium, network.clock.now());
  actor.kill();
  return backup;
}

/** Somebody whose device is gone. */
async function newLost(stage: Stage): Promise<Lost> {
  const scene = sceneOf(stage);
  scene.losses += 1;
  const actor = await Actor.register(deviceHostOf(stage.network), `lost_${scene.losses}`);
  return { actor, backup: await lose(stage, actor) };
}

/** A device for that account: nothing is in its storage, and it does not run. */
function heirOf({ network }: Stage, { actor }: Lost): Actor {
  return Actor.make(deviceHostOf(network), actor.username);
}

/** Brings an account back into the storage of a device. */
async function bringBack({ network }: Stage, heir: Actor, backup: TestBackup): Promise<void> {
  const host = deviceHostOf(network);
  const random = host.nextRandom(heir.username);
  const { clock } = network;
  const storage = memoryStorage({ medium: heir.medium });
  const engine = await engineOf(host.engine, { username: heir.username, random: random.fork('engine') });
  await recoverFrom(backup, { storage, transport: network.transport(), engine, clock, random });
}

function stateOf({ relay }: Stage, username: string): State {
  const account = relay.account(username);
  if (!account) throw new Error(`nobody is called ${username}`);
  return { statement: account.statement, manifest: account.manifest };
}

const path = (field: string) => `accounts.state/${field}`;

interface StateLie {
  readonly about: readonly string[];
  readonly lie: string;
  /** @param honest - what an honest relay shows of dave */
  readonly tell: (honest: State, stage: Stage) => State | Promise<State>;
  readonly refusal: SottoErrorCode;
}

/** A list as dave would sign it, whose key the relay got hold of. */
const byDave =
  (change: Partial<State['manifest']>): StateLie['tell'] =>
  async (honest, stage) => {
    const identity = await stage.forger.stealIdentity(sceneOf(stage).dave.actor.medium);
    const manifest = await stage.forger.manifest(identity, { ...honest.manifest, ...change });
    return { ...honest, manifest };
  };

const deviceLies = [
  ['deviceId', { deviceId: 99 }],
  ['registrationId', { registrationId: 999 }],
  ['authKey', { authKey: new Uint8Array(32).fill(9) }],
  ['addedDay', { addedDay: 9 }],
] as const;

const stateLies: readonly StateLie[] = [
  {
    about: ['accountId', 'username', 'identityKey', 'signature'].map((field) => path(`statement/${field}`)),
    lie: 'the answer of another request: another account under another name',
    tell: (_, stage) => stateOf(stage, 'carol'),
    refusal: 'statement-mismatch',
  },
  {
    about: [path('statement/identityKey'), path('statement/signature')],
    lie: 'another key under the own account, well signed',
    tell: async ({ statement, manifest }, { forger, mallory }) => ({
      statement: await forger.statement(mallory, statement),
      manifest: await forger.manifest(mallory, manifest),
    }),
    refusal: 'statement-mismatch',
  },
  {
    about: [path('statement/signature')],
    lie: 'a statement whose signature does not verify',
    tell: ({ statement, manifest }) => ({
      statement: { ...statement, signature: turned(statement.signature, 5) },
      manifest,
    }),
    refusal: 'invalid-signature',
  },
  {
    about: [path('manifest/signature'), path('manifest/accountId'), path('manifest/devices/*/authKey')],
    lie: 'the list of another account',
    tell: (honest, stage) => ({ ...honest, manifest: stateOf(stage, 'carol').manifest }),
    refusal: 'invalid-signature',
  },
  {
    about: [path('manifest/accountId')],
    lie: 'a list by the own key for another account',
    tell: byDave({ accountId: nobody }),
    refusal: 'statement-mismatch',
  },
  {
    about: [path('manifest/version'), path('manifest/previousHash')],
    lie: 'a next list that does not follow the one of the backup',
    tell: byDave({ version: 2, previousHash: new Uint8Array(32).fill(7) }),
    refusal: 'manifest-rollback',
  },
  ...deviceLies.map(([field, change]): StateLie => ({
    about: [path(`manifest/devices/*/${field}`)],
    lie: `a list with another ${field}, which nobody signed`,
    tell: ({ statement, manifest }) => ({
      statement,
      manifest: {
        ...manifest,
        devices: manifest.devices.map((device) => ({ ...device, ...change })) as typeof manifest.devices,
      },
    }),
    refusal: 'invalid-signature',
  })),
];

function falseState({ about, lie, tell, refusal }: StateLie): LieCase {
  return {
    about,
    lie: `to who brings an account back: ${lie}`,
    outcome: `refused as ${refusal}, nothing is stored, and no device is put in another's place`,
    run: async (stage) => {
      const { dave } = sceneOf(stage);
      const before = stateOf(stage, 'dave');
      const told = await tell(before, stage);
      const heir = heirOf(stage, dave);
      const calls: string[] = [];
      stage.relay.tamper.delay = ({ operation }) => void calls.push(operation);
      stage.answer('accounts.state', (honest) => ({ ...honest, ...told }));
      await assertRejects(() => bringBack(stage, heir, dave.backup), refusal, lie);
      assertUntouched(new Map(), await heir.dump(), emptyMarks);
      assert(!calls.includes('accounts.replace-device'), 'no device is exchanged');
      assertEqual(stateOf(stage, 'dave'), before, 'what the relay has');
    },
  };
}

const falseTime: LieCase = {
  about: [path('relayTime')],
  lie: 'to who brings an account back: the end of time, and its beginning',
  outcome: 'all that was backed up is there, and the account goes on',
  run: async (stage) => {
    for (const relayTime of [8_640_000_000_000_000, 0]) {
      const { dave } = sceneOf(stage);
      const heir = heirOf(stage, dave);
      stage.answer('accounts.state', (honest) => ({ ...honest, relayTime }));
      await bringBack(stage, heir, dave.backup);
      stage.tellTheTruth();
      await heir.start();
      assertEqual(await heir.texted(stage.bob), ['hello bob', 'I see you'], 'what is restored');
      heir.kill();
    }
  },
};

const worthless = { accessToken: 'opens nothing', refreshToken: 'opens nothing either' };
const tokenFields = (operation: string, ...names: readonly (keyof TokenPair)[]) =>
  names.map((name) => `${operation}/${name}`);

/** How somebody comes to an account again, and the operation that gives tokens for it. */
const ways = [
  {
    operation: 'accounts.replace-device',
    who: 'to who brings an account back',
    begin: async (stage: Stage): Promise<Actor> => {
      const lost = await newLost(stage);
      const heir = heirOf(stage, lost);
      await bringBack(stage, heir, lost.backup);
      await heir.start();
      return heir;
    },
  },
  {
    operation: 'reset.complete',
    who: 'to who begins an account anew',
    begin: async (stage: Stage): Promise<Actor> => {
      const heir = await askedForReset(stage);
      await stage.network.pass(dayMs);
      assertEqual((await reset(heir)).state, 'done', 'the reset');
      return heir;
    },
  },
] as const;

const reset = ({ messenger, username, password }: Actor) => messenger.account.reset({ username, password });

/** An empty device of somebody whose device was in use lately, and who has asked for a reset. */
async function askedForReset(stage: Stage): Promise<Actor> {
  const heir = heirOf(stage, await newLost(stage));
  await heir.start();
  assertEqual((await reset(heir)).state, 'waiting', 'the reset');
  return heir;
}

async function assertWorks(stage: Stage, heir: Actor): Promise<void> {
  await heir.takeProfile();
  await heir.goOnline();
  await stage.quiet();
  await stage.introduce(stage.alice, heir);
  heir.kill();
}

const falseTokens = ways.flatMap(({ operation, who, begin }): LieCase[] => [
  {
    about: tokenFields(operation, 'accessToken', 'refreshToken'),
    lie: `${who}: tokens that open nothing`,
    outcome: 'the user is asked for the password, and the account is there',
    run: async (stage) => {
      stage.answer(operation, (honest) => ({ ...honest, ...worthless }));
      const heir = await begin(stage);
      stage.tellTheTruth();
      await heir.messenger.connect();
      await stage.until(() => heir.loginsRequired > 0, 'the password is asked for');
      await heir.messenger.account.login(heir.password);
      await assertWorks(stage, heir);
    },
  },
  {
    about: tokenFields(operation, 'accessExpiresInMs', 'refreshExpiresInMs'),
    lie: `${who}: tokens that are good for a millisecond, or for ever`,
    outcome: 'the account works; at worst the user is asked for the password',
    run: async (stage) => {
      for (const ms of [1, Number.MAX_SAFE_INTEGER]) {
        stage.answer(operation, (honest) => ({ ...honest, accessExpiresInMs: ms, refreshExpiresInMs: ms }));
        const heir = await begin(stage);
        stage.tellTheTruth();
        await assertWorks(stage, heir);
      }
    },
  },
]);

const resetCases: readonly LieCase[] = [
  {
    about: ['reset.request/waitMs'],
    lie: 'to who begins an account anew: that nobody may object any more, or that they may for ever',
    outcome: 'refused as reset-waiting, or the user is told to wait: the identity is the old one',
    run: async (stage) => {
      const heir = await askedForReset(stage);
      const before = stateOf(stage, heir.username);
      for (const waitMs of [0, Number.MAX_SAFE_INTEGER]) {
        stage.answer('reset.request', (honest) => ({ ...honest, waitMs }));
        if (waitMs === 0) await assertRejects(() => reset(heir), 'reset-waiting', 'too early');
        else assertEqual(await reset(heir), { state: 'waiting', retryAfterMs: waitMs }, 'how long to wait');
        assertEqual(await heir.messenger.account.profile(), undefined, 'the account');
        assertEqual(stateOf(stage, heir.username), before, 'what the relay has');
      }
      stage.tellTheTruth();
      await stage.network.pass(dayMs);
      assertEqual((await reset(heir)).state, 'done', 'once it is honest');
    },
  },
  {
    about: ['reset.request/accountId'],
    lie: 'to who begins an account anew: the id of another account',
    outcome: 'refused as signature-refused by whoever keeps to the rules, and neither account changes',
    run: async (stage) => {
      const heir = await askedForReset(stage);
      await stage.network.pass(dayMs);
      const names = [heir.username, 'bob'];
      const before = names.map((name) => stateOf(stage, name));
      stage.answer('reset.request', (honest) => ({ ...honest, accountId: stage.bob.id }));
      await assertRejects(() => reset(heir), 'signature-refused', 'another account');
      assertEqual(await heir.messenger.account.profile(), undefined, 'the account');
      assertEqual(
        names.map((name) => stateOf(stage, name)),
        before,
        'what the relay has',
      );
      await stage.talkAgain('after a reset that was none');
    },
  },
];

/** See the header. */
export const recoveryLies: LieGroup = {
  name: 'an account that is brought back',
  stage: 'recovery',
  prepare: openScene,
  cases: [...stateLies.map(falseState), falseTime, ...falseTokens, ...resetCases],
};
