/** Lies about envelopes on their way: every one is refused in the open, and leaves the ratchets as they were. */
import type { UndecryptableReason } from '../../journal-event.js';
import { accountId, deviceId, wireLimits, type Envelope } from '../../wire/index.js';
import { assertEqual, fail } from '../assert.js';
import { bitLies } from './bit-lies.js';
import { interceptKind, kinds, path, spendRenewals, type Kind } from './envelope-kit.js';
import { turned } from './forger.js';
import type { LieCase, LieGroup } from './lie.js';
import { assertUntouched, refusalMarks, workMarks, type Stage } from './stage.js';

const nobody = accountId.parse('99999999-9999-4999-8999-999999999999');
const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

interface EnvelopeLie {
  readonly about: readonly string[];
  readonly lie: string;
  /** What becomes of alice's envelope to bob. */
  readonly tell: (envelope: Envelope, stage: Stage) => Envelope | Promise<Envelope>;
  /** What bob is told, by what alice's message was. */
  readonly reason: Readonly<Record<Kind, UndecryptableReason>>;
}

const both = (reason: UndecryptableReason) => ({ prekey: reason, message: reason });

const lies: readonly EnvelopeLie[] = [
  {
    about: [path('sender/accountId')],
    lie: 'comes from another contact',
    tell: (envelope, { carol }) => ({ ...envelope, sender: carol.address }),
    reason: { prekey: 'identity-changed', message: 'invalid-message' },
  },
  {
    about: [path('sender/accountId')],
    lie: 'comes from an account nobody knows',
    tell: (envelope) => ({ ...envelope, sender: { ...envelope.sender, accountId: nobody } }),
    reason: { prekey: 'invalid-message', message: 'no-session' },
  },
  {
    about: [path('sender/accountId')],
    lie: 'comes from the recipient itself',
    tell: (envelope, { bob }) => ({ ...envelope, sender: bob.address }),
    reason: both('sender-mismatch'),
  },
  {
    about: [path('sender/deviceId')],
    lie: 'comes from another device of its sender',
    tell: (envelope) => ({ ...envelope, sender: { ...envelope.sender, deviceId: deviceId.parse(2) } }),
    reason: { prekey: 'invalid-message', message: 'no-session' },
  },
  {
    about: [path('kind')],
    lie: 'is of the other kind',
    tell: (envelope) => ({ ...envelope, kind: envelope.kind === 'prekey' ? 'message' : 'prekey' }),
    reason: both('invalid-message'),
  },
  ...(
    [
      ['in an hour', (at: number) => at + hourMs],
      ['before any mailbox reaches back', (at: number) => at - 31 * dayMs],
      ['at the beginning of time', () => 0],
    ] as const
  ).map(([when, move]): EnvelopeLie => ({
    about: [path('acceptedAt')],
    lie: `was accepted ${when}`,
    tell: (envelope) => ({ ...envelope, acceptedAt: move(envelope.acceptedAt) }),
    reason: both('envelope-time-out-of-range'),
  })),
  ...(
    [
      ['has lost its last byte', (bytes: Uint8Array) => bytes.slice(0, -1)],
      ['is a single byte', () => Uint8Array.of(0x44)],
      [
        'is as large as envelopes get, and noise',
        () => new Uint8Array(wireLimits.maxCiphertextBytes).fill(0x44),
      ],
    ] as const
  ).map(([what, make]): EnvelopeLie => ({
    about: [path('ciphertext')],
    lie: what,
    tell: (envelope) => ({ ...envelope, ciphertext: Uint8Array.from(make(envelope.ciphertext)) }),
    reason: both('invalid-message'),
  })),
  {
    about: [path('ciphertext')],
    lie: 'holds what its sender wrote to another recipient',
    tell: async (envelope, stage) => {
      const { kind, ciphertext } = await toCarol(stage, envelope.kind);
      return { ...envelope, kind, ciphertext };
    },
    reason: { prekey: 'pre-key-missing', message: 'invalid-message' },
  },
];

/** What alice writes to carol, which never arrives there. */
async function toCarol(stage: Stage, kind: Kind): Promise<Pick<Envelope, 'kind' | 'ciphertext'>> {
  const { alice, carol } = stage;
  if (kind === 'prekey') await alice.messenger.sessions.reset(carol.id);
  const caught: Envelope[] = [];
  stage.relay.tamper.envelopes = (page, to) => {
    if (to.accountId !== carol.id) return [];
    caught.push(...page);
    return [];
  };
  await alice.messenger.messages.send(carol.id, { text: 'for carol alone' });
  await stage.until(() => caught.length > 0, 'a message to carol');
  const [envelope] = caught;
  if (envelope?.kind !== kind) return fail(`a message to carol of kind ${kind}`);
  return envelope;
}

/** Alice knows carol, too. */
async function prepare(stage: Stage): Promise<void> {
  const { alice, carol } = stage;
  await stage.introduce(alice, carol);
  await stage.talk(alice, carol, 'we have met');
}

/** Two kinds of everything: within a session, and what begins one. */
function refused({ about, lie, tell, reason: reasons }: EnvelopeLie, kind: Kind): LieCase {
  const reason = reasons[kind];
  return {
    about,
    lie: `an envelope of kind ${kind} that ${lie}`,
    outcome: `ends in ${reason}, ratchets untouched; the honest copy takes effect`,
    run: async (stage) => {
      const { alice, bob, carol } = stage;
      await spendRenewals(stage);
      const text = `not like this: ${kind} ${lie}`;
      const honest = await interceptKind(stage, kind, text);
      const told = await tell({ ...honest, id: stage.freshId() }, stage);
      stage.note(about.filter((field) => differs(honest, told, field)));
      const before = await bob.dump();
      const heard = bob.undecryptable.length;
      const trusted = await bob.messenger.contacts.get(carol.id);
      const known = await bob.messenger.contacts.get(alice.id);
      await stage.deliver([told]);
      assertEqual(bob.undecryptable.slice(heard), [reason], 'what bob was told');
      const changed = reason === 'identity-changed';
      const contact = await bob.messenger.contacts.get(carol.id);
      assertEqual(contact, changed ? { ...trusted, trust: 'changed' } : trusted, 'what bob thinks of carol');
      assertEqual(await bob.messenger.contacts.get(alice.id), known, 'what bob thinks of alice');
      const marks = changed ? [new RegExp(`^quarantine/${carol.id}`)] : [];
      assertUntouched(before, await bob.dump(), [...refusalMarks, ...workMarks(alice, carol), ...marks]);
      await stage.drain();
      assertEqual((await bob.texted(alice)).at(-1), text, 'the honest copy');
      if (changed) await bob.messenger.contacts.recheckIdentity(carol.id);
      await stage.talkAgain(`${kind} ${lie}`);
    },
  };
}

function differs(honest: Envelope, told: Envelope, field: string): boolean {
  const of = (envelope: Envelope) => {
    const { sender, kind, acceptedAt, ciphertext } = envelope;
    if (field === path('sender/accountId')) return sender.accountId;
    if (field === path('sender/deviceId')) return sender.deviceId;
    if (field === path('kind')) return kind;
    return field === path('acceptedAt') ? acceptedAt : String(ciphertext);
  };
  return of(honest) !== of(told);
}

const swapped: LieCase = {
  about: [path('ciphertext')],
  lie: 'two conversations swapped: what carol wrote comes as alice’s, and the other way round',
  outcome:
    'both end in invalid-message, and neither conversation shows the other’s text; the honest copies take effect',
  run: async (stage) => {
    const { alice, bob, carol } = stage;
    await spendRenewals(stage);
    const ofAlice = await stage.intercept('by alice');
    const ofCarol = await stage.intercept('by carol', carol);
    const known = await bob.messenger.contacts.list();
    const before = await bob.dump();
    const heard = bob.undecryptable.length;
    stage.note([path('ciphertext')]);
    await stage.deliver([
      { ...ofAlice, id: stage.freshId(), ciphertext: ofCarol.ciphertext },
      { ...ofCarol, id: stage.freshId(), ciphertext: ofAlice.ciphertext },
    ]);
    assertEqual(bob.undecryptable.slice(heard), ['invalid-message', 'invalid-message'], 'what bob was told');
    assertUntouched(before, await bob.dump(), [...refusalMarks, ...workMarks(alice, carol)]);
    assertEqual(await bob.messenger.contacts.list(), known, 'what bob thinks of them');
    await stage.drain();
    assertEqual((await bob.texted(alice)).at(-1), 'by alice', 'alice’s conversation');
    assertEqual((await bob.texted(carol)).at(-1), 'by carol', 'carol’s conversation');
    await stage.talkAgain('swapped');
  },
};

const idReused: LieCase = {
  about: [path('id')],
  lie: 'an envelope id under which other bytes come',
  outcome: 'refused as envelope-id-reused the second time; the first took effect',
  run: async (stage) => {
    const { alice, bob } = stage;
    const honest = await stage.intercept('the id is mine');
    const heard = bob.undecryptable.length;
    stage.note([path('id')]);
    await stage.deliver([honest, { ...honest, ciphertext: turned(honest.ciphertext, 20) }]);
    assertEqual(bob.undecryptable.slice(heard), ['envelope-id-reused'], 'what bob was told');
    assertEqual((await bob.texted(alice)).at(-1), 'the id is mine', 'the first');
    await stage.drain();
    await stage.talkAgain('other ids are fine');
  },
};

const replayed: LieCase = {
  about: [path('id')],
  lie: 'one message under many ids, again and again, after its acknowledgement and after a restart',
  outcome: 'takes effect once; the copies change nothing and say nothing',
  run: async (stage) => {
    const { alice, bob } = stage;
    const honest = await stage.intercept('once');
    const heard = bob.undecryptable.length;
    const again = () => ({ ...honest, id: stage.freshId() });
    const copies = Array.from({ length: 5 }, again);
    stage.note([path('id')]);
    await stage.deliver([honest, ...copies, honest], [...copies, honest]);
    await stage.drain();
    const before = await bob.dump();
    await stage.deliver([again(), honest]);
    await bob.restart();
    await stage.quiet();
    await stage.deliver([again(), honest]);
    assertUntouched(before, await bob.dump(), [...refusalMarks, /^account\/credentials$/]);
    assertEqual((await bob.texted(alice)).filter((text) => text === 'once').length, 1, 'how often');
    assertEqual(bob.undecryptable.slice(heard), [], 'what bob was told');
    await stage.talkAgain('twice is another message');
  },
};

const shuffled: LieCase = {
  about: [],
  lie: 'envelopes in another order, and each twice',
  outcome: 'every message takes effect once',
  run: async (stage) => {
    const { alice, bob } = stage;
    const texts = Array.from({ length: 25 }, (_, n) => `shuffled ${n}`);
    stage.envelopesToBob((page) => [...page].reverse().flatMap((envelope) => [envelope, envelope]));
    stage.push(bob, (push) => {
      if (push.name !== 'envelopes') return [push];
      const { envelopes } = push.payload as { envelopes: Envelope[] };
      const half = Math.ceil(envelopes.length / 2);
      return [envelopes.slice(half), envelopes.slice(0, half)]
        .filter((part) => part.length > 0)
        .map((part) => ({ name: 'envelopes', payload: { envelopes: part } }));
    });
    for (const text of texts) await alice.messenger.messages.send(bob.id, { text });
    await stage.until(async () => (await alice.lastStatus(bob)) === 'delivered', 'the last is delivered');
    const received = (await bob.texted(alice)).filter((text) => text.startsWith('shuffled'));
    assertEqual([...received].sort(), [...texts].sort(), 'what took effect');
    await stage.quiet();
    await stage.talkAgain('in order again');
  },
};

const withheld: LieCase = {
  about: [],
  lie: 'envelopes withheld, some for days',
  outcome: 'their sender sees them as sent and not as delivered; they take effect when they come',
  run: async (stage) => {
    const { alice, bob } = stage;
    const texts = ['withheld 1', 'withheld 2', 'not withheld', 'withheld 3'];
    let seen = 0;
    stage.envelopesToBob((page) => page.filter(() => (seen += 1) === 3));
    for (const text of texts) await alice.messenger.messages.send(bob.id, { text });
    await stage.network.pass(2 * dayMs);
    const statuses = (await alice.history(bob)).slice(-4).map(({ status }) => status);
    assertEqual(statuses, ['sent', 'sent', 'delivered', 'sent'], 'what alice sees');
    assertEqual((await bob.texted(alice)).at(-1), 'not withheld', 'what bob sees');
    await stage.drain();
    await stage.until(async () => (await alice.lastStatus(bob)) === 'delivered', 'all are delivered');
    const late = (await bob.texted(alice)).slice(-4);
    assertEqual([...late].sort(), [...texts].sort(), 'what took effect in the end');
    await stage.talkAgain('nothing is withheld');
  },
};

/** See the header. */
export const envelopeLies: LieGroup = {
  name: 'envelopes',
  prepare,
  stage: 'envelopes',
  cases: [
    ...kinds.flatMap((kind) => lies.map((lie) => refused(lie, kind))),
    swapped,
    idReused,
    replayed,
    shuffled,
    withheld,
    ...bitLies,
  ],
};
