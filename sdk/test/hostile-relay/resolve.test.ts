/** Lies about who is behind a contact code, and about who a stranger is. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SottoErrorCode } from '../../src/errors.js';
import type { UndecryptableReason } from '../../src/journal-event.js';
import type { IdentityKeyPair } from '../../src/ports/index.js';
import { makeProblem, type AccountId, type ResponseOf } from '../../src/wire/index.js';
import { identityOf, makeIdentity, signManifest, signStatement } from '../support/identities.js';
import { Party } from '../support/party.js';
import { expectUntouched, makeCast, quiet, refusalMarks, talk, type Cast } from './cast.js';

type Resolved = ResponseOf<'contacts.resolve'>;

let cast: Cast;
/** Nobody knows dave yet. */
let dave: Party;
let mallory: IdentityKeyPair;
let daveIdentity: IdentityKeyPair;
let honest: Resolved;
let ofCarol: Resolved;

const otherAccount = '99999999-9999-4999-8999-999999999999' as AccountId;

interface ResolveLie {
  readonly name: string;
  readonly tell: () => Resolved | Promise<Resolved>;
  /** What adding the contact throws. */
  readonly refusal: SottoErrorCode;
  /** What becomes of a first message whose sender is looked up so. */
  readonly stranger: UndecryptableReason;
}

const turned = (bytes: Uint8Array<ArrayBuffer>) => {
  const copy = bytes.slice();
  copy[5]! ^= 1;
  return copy;
};

const lies: readonly ResolveLie[] = [
  {
    name: 'the statement of another account',
    tell: () => ofCarol,
    refusal: 'statement-mismatch',
    stranger: 'statement-mismatch',
  },
  {
    name: 'another account under the name asked for, badly signed',
    tell: () => ({
      ...ofCarol,
      statement: { ...ofCarol.statement, username: honest.statement.username },
    }),
    refusal: 'invalid-signature',
    stranger: 'statement-mismatch',
  },
  {
    name: 'another account under the name asked for, well signed',
    tell: async () => ({
      ...honest,
      statement: await signStatement(mallory, { ...honest.statement, accountId: otherAccount }),
      manifest: await signManifest(mallory, { ...honest.manifest, accountId: otherAccount }),
    }),
    refusal: 'statement-mismatch',
    stranger: 'statement-mismatch',
  },
  {
    name: 'another key under the account asked for',
    tell: async () => ({
      ...honest,
      statement: await signStatement(mallory, honest.statement),
      manifest: await signManifest(mallory, honest.manifest),
    }),
    refusal: 'statement-mismatch',
    stranger: 'statement-mismatch',
  },
  {
    name: 'a signature that does not verify',
    tell: () => ({
      ...honest,
      statement: { ...honest.statement, signature: turned(honest.statement.signature) },
    }),
    refusal: 'invalid-signature',
    stranger: 'statement-mismatch',
  },
  {
    name: 'another account id under the same key',
    tell: () => ({ ...honest, statement: { ...honest.statement, accountId: otherAccount } }),
    refusal: 'invalid-signature',
    stranger: 'statement-mismatch',
  },
  {
    name: 'the manifest of another account',
    tell: () => ({ ...honest, manifest: ofCarol.manifest }),
    refusal: 'invalid-signature',
    stranger: 'statement-mismatch',
  },
  {
    name: 'a manifest by another key',
    tell: async () => ({ ...honest, manifest: await signManifest(mallory, honest.manifest) }),
    refusal: 'invalid-signature',
    stranger: 'statement-mismatch',
  },
  {
    name: 'a manifest by the right key for another account',
    tell: async () => ({
      ...honest,
      manifest: await signManifest(daveIdentity, { ...honest.manifest, accountId: otherAccount }),
    }),
    refusal: 'statement-mismatch',
    stranger: 'statement-mismatch',
  },
  {
    name: 'a first manifest that says it has a predecessor',
    tell: async () => ({
      ...honest,
      manifest: await signManifest(daveIdentity, { ...honest.manifest, previousHash: new Uint8Array(32) }),
    }),
    refusal: 'invalid-manifest',
    stranger: 'statement-mismatch',
  },
];

beforeAll(async () => {
  cast = await makeCast('resolve');
  const { world, alice, carol } = cast;
  dave = await Party.register(world, 'dave', { stock: 40 });
  mallory = await makeIdentity();
  daveIdentity = await identityOf(dave);
  honest = { ...world.relay.account('dave')!, introductionToken: 'a token of no use' };
  ofCarol = { ...world.relay.account('carol')!, introductionToken: 'a token of no use' };
  // Dave knows bob; bob does not know dave.
  await dave.messenger.contacts.add(await cast.bob.code());
  expect(await alice.messenger.contacts.get(await carol.id())).toBeUndefined();
});

beforeEach(() => {
  cast.world.relay.tamper = {};
});

const only = ({ statement, manifest, introductionToken }: Resolved) => ({
  statement,
  manifest,
  introductionToken,
});

describe('a code for which the relay shows', () => {
  it.each(lies)('$name is refused, and nothing is stored', async (lie) => {
    const { world, alice } = cast;
    const told = only(await lie.tell());
    world.relay.tamper.responses = { 'contacts.resolve': () => told };
    const before = await alice.dump();
    await expect(alice.messenger.contacts.add(await dave.code())).rejects.toMatchObject({
      code: lie.refusal,
    });
    expectUntouched(before, await alice.dump(), []);
  });

  it.each([null, [], {}, { statement: null }, { statement: 1, manifest: 2, introductionToken: 3 }])(
    'nonsense (%j) is an invalid response',
    async (nonsense) => {
      const { world, alice } = cast;
      world.relay.tamper.rawResponse = () => nonsense;
      const before = await alice.dump();
      await expect(alice.messenger.contacts.add(await dave.code())).rejects.toMatchObject({
        code: 'invalid-response',
      });
      expectUntouched(before, await alice.dump(), []);
    },
  );
});

describe('a stranger for whom the relay shows', () => {
  const strangerLies = [
    ...lies,
    { name: 'nobody', tell: () => undefined, stranger: 'sender-mismatch' as const },
  ];

  it.each(strangerLies)('$name is refused in the open', async ({ name, tell, stranger }) => {
    const { world, bob, bobId } = cast;
    const told = await tell();
    if (told) world.relay.tamper.responses = { 'contacts.resolve': () => only(told) };
    else {
      world.relay.tamper.refuse = ({ operation }) =>
        operation === 'contacts.resolve' ? makeProblem('not-found') : undefined;
    }
    const before = await bob.dump();
    const heard = bob.undecryptable.length;
    await dave.messenger.messages.send(bobId, { text: name });
    await world.until(() => bob.undecryptable.length > heard);
    await quiet(world);
    expect(bob.undecryptable.slice(heard)).toEqual([stranger]);
    expect(await bob.messenger.contacts.get(await dave.id())).toBeUndefined();
    expectUntouched(before, await bob.dump(), refusalMarks);
  });

  it('who it is becomes a message request, after all that', async () => {
    const { world, bob, bobId } = cast;
    await dave.messenger.messages.send(bobId, { text: 'it is me' });
    await world.until(async () => (await bob.texted(dave)).includes('it is me'));
    expect(await bob.messenger.contacts.get(await dave.id())).toMatchObject({
      relation: 'request',
      trust: 'unverified',
    });
    expect(await bob.texted(dave)).toEqual(['it is me']);
    await bob.messenger.contacts.accept(await dave.id());
    await talk(bob, dave, 'hello dave');
  });
});

describe('a name that is pinned', () => {
  it('is never another account’s, even if its own key says so', async () => {
    const { world, alice, bob } = cast;
    const bobIdentity = await identityOf(bob);
    const ofBob = world.relay.account('bob')!;
    const told: Resolved = {
      statement: await signStatement(bobIdentity, { ...ofBob.statement, accountId: otherAccount }),
      manifest: await signManifest(bobIdentity, { ...ofBob.manifest, accountId: otherAccount }),
      introductionToken: 'a token of no use',
    };
    world.relay.tamper.responses = { 'contacts.resolve': () => told };
    const before = await alice.dump();
    await expect(alice.messenger.contacts.add(await bob.code())).rejects.toMatchObject({
      code: 'statement-mismatch',
    });
    expectUntouched(before, await alice.dump(), []);
  });
});

describe('a contact whose introduction is renewed', () => {
  it('is blocked as changed when the relay shows another key', async () => {
    const { world, alice, bob, bobId } = cast;
    const ofBob = world.relay.account('bob')!;
    const told: Resolved = {
      statement: await signStatement(mallory, ofBob.statement),
      manifest: await signManifest(mallory, ofBob.manifest),
      introductionToken: 'a token of no use',
    };
    world.relay.tamper.responses = { 'contacts.resolve': () => told };
    world.relay.tamper.refuse = ({ operation }) =>
      operation === 'send' ? makeProblem('introduction-required') : undefined;
    const { seq } = await alice.messenger.messages.send(bobId, { text: 'who are you?' });
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'failed');
    expect(await alice.messenger.messages.get(bobId, seq)).toMatchObject({ failure: 'identity-changed' });
    expect((await alice.messenger.contacts.get(bobId))?.trust).toBe('changed');
    world.relay.tamper = {};
    await alice.messenger.contacts.remove(bobId);
    await alice.messenger.contacts.add(await bob.code());
    await alice.messenger.messages.retry(bobId, seq);
    await world.until(async () => (await bob.texted(alice)).includes('who are you?'));
  });
});
