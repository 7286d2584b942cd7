/** Lies while an account is registered, logged in and kept open: tokens, nonces, and what the relay says of itself. */
import type { SottoErrorCode } from '../../errors.js';
import type { TokenPair } from '../../wire/index.js';
import { assert, assertEqual, assertRejects, fail } from '../assert.js';
import { deviceHostOf } from '../network/test-network.js';
import { Actor } from './actor.js';
import { turned } from './forger.js';
import type { LieCase, LieGroup } from './lie.js';
import { assertUntouched, refusalMarks, type Stage } from './stage.js';

const worthless = { accessToken: 'opens nothing', refreshToken: 'opens nothing either' };
const credentials = /^account\/credentials$/;
let newcomers = 0;

/** Somebody who has not registered yet. */
function newcomer({ network }: Stage): Promise<Actor> {
  newcomers += 1;
  return Actor.open(deviceHostOf(network), `newcomer_${newcomers}`);
}

const infoLies: readonly (readonly [field: string, value: unknown])[] = [
  ['protocol', 2],
  ['authScheme', 'plain-password'],
  ['relayId', 'not a relay id'],
];

function falseInfo([field, value]: (typeof infoLies)[number]): LieCase {
  return {
    about: [`relay.info/${field}`],
    lie: `to who registers: ${field} is ${String(value)}`,
    outcome: 'refused as invalid-response, nothing of the password leaves the device, and nothing is stored',
    run: async (stage) => {
      const actor = await newcomer(stage);
      const calls: string[] = [];
      stage.relay.tamper.delay = ({ operation }) => void calls.push(operation);
      stage.answerRaw((encoded) => ({ ...(encoded as object), [field]: value }));
      await assertRejects(() => actor.register(), 'invalid-response', field);
      assertEqual(calls, ['relay.info'], 'what the relay was asked');
      assertUntouched(new Map(), await actor.dump(), [/^store-seq$/]);
    },
  };
}

const tokenFields = (operation: string, ...names: readonly (keyof TokenPair)[]) =>
  names.map((name) => `${operation}/${name}`);

const registerCases: readonly LieCase[] = [
  {
    about: tokenFields('accounts.register', 'accessToken', 'refreshToken'),
    lie: 'to who registers: tokens that open nothing',
    outcome: 'the user is asked for the password, and the account is there',
    run: async (stage) => {
      const actor = await newcomer(stage);
      stage.answer('accounts.register', (honest) => ({ ...honest, ...worthless }));
      await actor.register();
      stage.tellTheTruth();
      await actor.messenger.connect();
      await stage.until(() => actor.loginsRequired > 0, 'the password is asked for');
      await actor.messenger.account.login(actor.password);
      await actor.goOnline();
      await assertReachable(stage, actor);
    },
  },
  {
    about: tokenFields('accounts.register', 'accessExpiresInMs', 'refreshExpiresInMs'),
    lie: 'to who registers: tokens that are good for a millisecond, or for ever',
    outcome: 'the account works; at worst the user is asked for the password',
    run: async (stage) => {
      for (const ms of [1, Number.MAX_SAFE_INTEGER]) {
        const actor = await newcomer(stage);
        stage.answer('accounts.register', (honest) => ({
          ...honest,
          accessExpiresInMs: ms,
          refreshExpiresInMs: ms,
        }));
        await actor.register();
        stage.tellTheTruth();
        await actor.goOnline();
        stage.relay.expireAccessTokens();
        await assertReachable(stage, actor);
      }
    },
  },
];

async function assertReachable(stage: Stage, actor: Actor): Promise<void> {
  await stage.quiet();
  await stage.introduce(stage.alice, actor);
}

/** Alice has to refresh, and the answer is a lie. */
function refreshCase(parts: {
  readonly fields: readonly (keyof TokenPair)[];
  readonly lie: string;
  readonly told: Partial<TokenPair>;
  readonly ends: readonly SottoErrorCode[];
}): LieCase {
  const { fields, lie, told, ends } = parts;
  return {
    about: tokenFields('auth.refresh', ...fields),
    lie: `to who refreshes: ${lie}`,
    outcome: `${ends.length === 0 ? 'the account works' : `refused as ${ends.join(' or ')}`}; with the password it works again, and nothing but the tokens has changed`,
    run: async (stage) => {
      const { alice } = stage;
      const before = await alice.dump();
      stage.relay.expireAccessTokens();
      stage.answer('auth.refresh', (honest) => ({ ...honest, ...told }));
      const asking = () => alice.messenger.preKeys.status();
      if (ends.length === 0) await asking();
      else await assertRejects(asking, ends, lie);
      stage.tellTheTruth();
      await alice.messenger.account.login(alice.password);
      assertUntouched(before, await alice.dump(), [...refusalMarks, credentials]);
      await stage.quiet();
      await stage.talkAgain(lie);
    },
  };
}

const loginCases: readonly LieCase[] = [
  {
    about: tokenFields('auth.login', 'accessToken', 'refreshToken'),
    lie: 'to who logs in: tokens that open nothing',
    outcome: 'the user is asked for the password again, and nothing but the tokens has changed',
    run: async (stage) => {
      const { alice } = stage;
      const before = await alice.dump();
      const asked = alice.loginsRequired;
      stage.answer('auth.login', (honest) => ({ ...honest, ...worthless }));
      await alice.messenger.account.login(alice.password);
      await assertRejects(
        () => alice.messenger.preKeys.status(),
        ['login-required', 'refresh-refused'],
        'asking',
      );
      await stage.until(() => alice.loginsRequired > asked, 'the password is asked for');
      stage.tellTheTruth();
      await alice.messenger.account.login(alice.password);
      assertUntouched(before, await alice.dump(), [...refusalMarks, credentials]);
      await stage.quiet();
      await stage.talkAgain('logged in');
    },
  },
  {
    about: tokenFields('auth.login', 'accessExpiresInMs', 'refreshExpiresInMs'),
    lie: 'to who logs in: tokens that are good for a millisecond, or for ever',
    outcome: 'the account works; at worst the user is asked for the password',
    run: async (stage) => {
      const { alice } = stage;
      for (const ms of [1, Number.MAX_SAFE_INTEGER]) {
        stage.answer('auth.login', (honest) => ({
          ...honest,
          accessExpiresInMs: ms,
          refreshExpiresInMs: ms,
        }));
        await alice.messenger.account.login(alice.password);
        stage.relay.expireAccessTokens();
        await stage.quiet();
        await alice.messenger.preKeys.status();
        await stage.talkAgain(`good for ${ms}`);
      }
    },
  },
  {
    about: ['auth.nonce/nonce'],
    lie: 'a nonce that it gave to nobody',
    outcome: 'the proof is of no use: refused as proof-refused, and nothing has changed',
    run: async (stage) => {
      const { alice } = stage;
      const before = await alice.dump();
      stage.answer('auth.nonce', ({ nonce }) => ({ nonce: turned(nonce, 0) }));
      await assertRejects(
        () => alice.messenger.account.login(alice.password),
        'proof-refused',
        'a false nonce',
      );
      assertUntouched(before, await alice.dump(), []);
      await stage.talkAgain('a nonce of its own');
    },
  },
  {
    about: ['auth.nonce/nonce'],
    lie: 'one nonce for two requests',
    outcome: 'two signatures that differ: a proof of one operation is none of another',
    run: async (stage) => {
      const { alice } = stage;
      const nonce = new Uint8Array(32).fill(7);
      const signatures: string[] = [];
      stage.answer('auth.nonce', () => ({ nonce }));
      stage.relay.tamper.delay = (call) => {
        if (call.operation === 'auth.login' || call.operation === 'accounts.delete') {
          assertEqual(call.request.proof.nonce, nonce, 'the nonce that was signed');
          signatures.push(String(call.request.proof.signature));
        }
        return undefined;
      };
      const attempt = (work: () => Promise<unknown>) => assertRejects(work, 'proof-refused', 'a false nonce');
      await attempt(() => alice.messenger.account.login(alice.password));
      await attempt(() => alice.messenger.account.signOut({ deleteAccount: true }));
      assert(signatures.length === 2 && signatures[0] !== signatures[1], 'the signatures differ');
      stage.tellTheTruth();
      const profile = await alice.messenger.account.profile();
      assertEqual(profile?.accountId ?? fail('no account'), alice.id, 'the account');
      await stage.talkAgain('nothing was deleted');
    },
  },
];

/** See the header. */
export const tokenLies: LieGroup = {
  name: 'accounts and tokens',
  stage: 'words',
  cases: [
    ...infoLies.map(falseInfo),
    ...registerCases,
    refreshCase({
      fields: ['accessToken', 'refreshToken'],
      lie: 'tokens that open nothing',
      told: worthless,
      ends: ['login-required', 'refresh-refused', 'unauthorized'],
    }),
    refreshCase({
      fields: ['accessExpiresInMs', 'refreshExpiresInMs'],
      lie: 'tokens that are good for a millisecond',
      told: { accessExpiresInMs: 1, refreshExpiresInMs: 1 },
      ends: [],
    }),
    ...loginCases,
  ],
};
