/** Lies about envelopes on their way: every one is refused in the open, and leaves the ratchets as they were. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ContactTrust } from '../../src/contacts/index.js';
import type { UndecryptableReason } from '../../src/journal-event.js';
import type { AccountId, DeviceId, Envelope, EnvelopeId } from '../../src/wire/index.js';
import { fieldsOf, prekeyFields } from '../support/ciphertext-fields.js';
import type { Party } from '../support/party.js';
import { expectUntouched, makeCast, quiet, refusalMarks, talk, type Cast } from './cast.js';

let cast: Cast;
let freshIds = 0;

/** An envelope id the relay has not used. */
function freshId(): EnvelopeId {
  freshIds += 1;
  return `00000000-0000-4000-8000-${String(freshIds).padStart(12, '0')}` as EnvelopeId;
}

const nobody = '99999999-9999-4999-8999-999999999999' as AccountId;
const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

function flipped(ciphertext: Uint8Array, index: number): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(ciphertext);
  copy[index] = copy[index]! ^ 0x01;
  return copy;
}

interface EnvelopeLie {
  readonly name: string;
  /** What becomes of alice's envelope to bob. */
  readonly tell: (envelope: Envelope, cast: Cast) => Envelope | Promise<Envelope>;
  /** What bob is told, by what alice's message was. */
  readonly refusal: { readonly prekey: UndecryptableReason; readonly message: UndecryptableReason };
  /** Where the lie is about carol: what bob then thinks of her, if the message began a session. */
  readonly carolAfterPrekey?: ContactTrust;
}

const same = (reason: UndecryptableReason) => ({ prekey: reason, message: reason });

const lies: readonly EnvelopeLie[] = [
  {
    name: 'comes from another contact',
    tell: async (envelope, { carol }) => ({ ...envelope, sender: await carol.address() }),
    refusal: { prekey: 'identity-changed', message: 'invalid-message' },
    carolAfterPrekey: 'changed',
  },
  {
    name: 'comes from an account nobody knows',
    tell: (envelope) => ({ ...envelope, sender: { ...envelope.sender, accountId: nobody } }),
    refusal: { prekey: 'invalid-message', message: 'no-session' },
  },
  {
    name: 'comes from the recipient itself',
    tell: async (envelope, { bob }) => ({ ...envelope, sender: await bob.address() }),
    refusal: same('sender-mismatch'),
  },
  {
    name: 'comes from another device of its sender',
    tell: (envelope) => ({ ...envelope, sender: { ...envelope.sender, deviceId: 2 as DeviceId } }),
    refusal: { prekey: 'invalid-message', message: 'no-session' },
  },
  {
    name: 'is of the other kind',
    tell: (envelope) => ({ ...envelope, kind: envelope.kind === 'prekey' ? 'message' : 'prekey' }),
    refusal: same('invalid-message'),
  },
  {
    name: 'was accepted in an hour',
    tell: (envelope) => ({ ...envelope, acceptedAt: envelope.acceptedAt + hourMs }),
    refusal: same('envelope-time-out-of-range'),
  },
  {
    name: 'was accepted before any mailbox reaches back',
    tell: (envelope) => ({ ...envelope, acceptedAt: envelope.acceptedAt - 31 * dayMs }),
    refusal: same('envelope-time-out-of-range'),
  },
  {
    name: 'was accepted at the beginning of time',
    tell: (envelope) => ({ ...envelope, acceptedAt: 0 }),
    refusal: same('envelope-time-out-of-range'),
  },
  {
    name: 'has lost its last byte',
    tell: (envelope) => ({
      ...envelope,
      ciphertext: envelope.ciphertext.slice(0, -1),
    }),
    refusal: same('invalid-message'),
  },
  {
    name: 'is a single byte',
    tell: (envelope) => ({ ...envelope, ciphertext: Uint8Array.of(0x44) }),
    refusal: same('invalid-message'),
  },
  {
    name: 'is as large as envelopes get, and noise',
    tell: (envelope) => ({ ...envelope, ciphertext: new Uint8Array(96 * 1024).fill(0x44) }),
    refusal: same('invalid-message'),
  },
];

beforeAll(async () => {
  cast = await makeCast('envelopes');
});

beforeEach(() => {
  cast.world.relay.tamper = {};
});

/** Takes what is on its way to bob and puts something else in its place. */
function tamperOnTheWayToBob(rewrite: (page: readonly Envelope[]) => readonly Envelope[]): void {
  cast.world.relay.tamper.envelopes = (page, { accountId }) =>
    accountId === cast.bobId ? rewrite(page) : page;
}

/** Catches alice's next message: it comes to nobody until the test delivers it. */
async function intercept(text: string): Promise<Envelope> {
  const { world, alice, bobId } = cast;
  let caught: Envelope | undefined;
  tamperOnTheWayToBob((page) => {
    caught = page[0];
    return [];
  });
  await alice.messenger.messages.send(bobId, { text });
  await world.until(() => caught !== undefined);
  await quiet(world);
  return caught!;
}

/** Lets the relay push envelopes of a test's making to bob, when the next real one is due. */
async function deliver(...pages: readonly (readonly Envelope[])[]): Promise<void> {
  const { world, bob } = cast;
  const rest = [...pages];
  world.relay.tamper = {};
  world.relay.tamper.push = (push, { accountId }) => {
    if (accountId !== cast.bobId || push.name !== 'caught-up') return [push];
    return [...rest.splice(0).map((envelopes) => ({ name: 'envelopes', payload: { envelopes } })), push];
  };
  tamperOnTheWayToBob(() => []);
  world.relay.cut(await bob.address());
  await world.until(() => rest.length === 0);
  await world.until(() => bob.messenger.connection.kind === 'online');
  await quiet(world);
  world.relay.tamper = {};
}

async function drainMailbox(): Promise<void> {
  const { world, bob } = cast;
  world.relay.tamper = {};
  world.relay.cut(await bob.address());
  await world.until(async () => world.relay.waiting(await bob.address()).length === 0);
  await quiet(world);
}

/**
 * Lets forged envelopes of his contacts come to bob, who begins their sessions anew, and no more within
 * the hour: what is lied about then leaves them as they are.
 */
async function spendRenewals(): Promise<void> {
  const { world, bob, alice, carol } = cast;
  const forged = async (contact: Party): Promise<Envelope> => ({
    id: freshId(),
    sender: await contact.address(),
    kind: 'message',
    ciphertext: Uint8Array.of(0x44),
    acceptedAt: world.clock.now(),
  });
  await deliver([await forged(alice), await forged(carol)]);
  for (const contact of [alice, carol]) {
    await talk(bob, contact, 'anew');
    await talk(contact, bob, 'anew');
  }
}

async function forgetAndMeetAgain(other: Party): Promise<void> {
  const { bob } = cast;
  await bob.messenger.contacts.remove(await other.id());
  await bob.messenger.contacts.add(await other.code());
  await other.messenger.sessions.reset(cast.bobId);
  await talk(bob, other, 'we meet again');
}

describe.each(['message', 'prekey'] as const)('an envelope of kind %s that', (kind) => {
  beforeEach(async () => {
    await spendRenewals();
    if (kind === 'prekey') await cast.alice.messenger.sessions.reset(cast.bobId);
  });

  it.each(lies)('$name is refused', async (lie) => {
    const { alice, bob, carol } = cast;
    const honest = await intercept(`not like this: ${lie.name}`);
    expect(honest.kind).toBe(kind);
    const before = await bob.dump();
    const heard = bob.undecryptable.length;
    const carolId = await carol.id();
    const trustInCarol = async () => (await bob.messenger.contacts.get(carolId))?.trust;
    const trustBefore = await trustInCarol();
    await deliver([await lie.tell({ ...honest, id: freshId() }, cast)]);

    const reason = lie.refusal[kind];
    expect(bob.undecryptable.slice(heard)).toEqual([reason]);
    const changed = reason === 'identity-changed';
    expect(await trustInCarol()).toBe(changed ? lie.carolAfterPrekey : trustBefore);
    const marks = changed ? [new RegExp(`^(contact|quarantine)/${carolId}`)] : [];
    expectUntouched(before, await bob.dump(), [...refusalMarks, ...marks]);

    // The honest copy takes effect all the same, and what comes after it too.
    await drainMailbox();
    expect((await bob.texted(alice)).at(-1)).toBe(`not like this: ${lie.name}`);
    if (changed) await forgetAndMeetAgain(carol);
    await talk(alice, bob, `after: ${lie.name}`);
    await talk(bob, alice, `and back: ${lie.name}`);
  });
});

describe('an envelope id', () => {
  it('under which other bytes come is refused the second time', async () => {
    const { bob, alice } = cast;
    const honest = await intercept('the id is mine');
    const heard = bob.undecryptable.length;
    const forged = { ...honest, ciphertext: flipped(honest.ciphertext, 20) };
    await deliver([honest, forged]);
    expect(bob.undecryptable.slice(heard)).toEqual(['envelope-id-reused']);
    expect((await bob.texted(alice)).at(-1)).toBe('the id is mine');
    await drainMailbox();
    await talk(alice, bob, 'other ids are fine');
  });

  it('is no way to let a message take effect twice', async () => {
    const { world, alice, bob } = cast;
    const honest = await intercept('once');
    const heard = bob.undecryptable.length;
    const copies = Array.from({ length: 5 }, () => ({ ...honest, id: freshId() }));
    await deliver([honest, ...copies, honest], [...copies, honest]);
    await drainMailbox();
    const before = await bob.dump();
    // Acknowledged and forgotten by the relay, after a restart as well.
    await deliver([{ ...honest, id: freshId() }, honest]);
    await bob.restart();
    await world.until(() => bob.messenger.connection.kind === 'online');
    await deliver([{ ...honest, id: freshId() }, honest]);
    expectUntouched(before, await bob.dump(), [...refusalMarks, /^account\/credentials$/]);
    expect((await bob.texted(alice)).filter((text) => text === 'once')).toHaveLength(1);
    expect(bob.undecryptable.slice(heard)).toEqual([]);
    await talk(alice, bob, 'twice is another message');
  });
});

describe('the order of envelopes', () => {
  it('may be turned round and repeated by the relay, and every message takes effect once', async () => {
    const { world, alice, bob, bobId } = cast;
    const texts = Array.from({ length: 25 }, (_, n) => `shuffled ${n}`);
    tamperOnTheWayToBob((page) => [...page].reverse().flatMap((envelope) => [envelope, envelope]));
    world.relay.tamper.push = (push) => {
      if (push.name !== 'envelopes') return [push];
      const { envelopes } = push.payload as { envelopes: Envelope[] };
      const half = Math.ceil(envelopes.length / 2);
      return [envelopes.slice(half), envelopes.slice(0, half)]
        .filter((part) => part.length > 0)
        .map((part) => ({ name: 'envelopes', payload: { envelopes: part } }));
    };
    for (const text of texts) await alice.messenger.messages.send(bobId, { text });
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
    const received = (await bob.texted(alice)).filter((text) => text.startsWith('shuffled'));
    expect(received.toSorted()).toEqual(texts.toSorted());
    world.relay.tamper = {};
    await talk(alice, bob, 'in order again');
  });

  it('suffers nothing from pages of nonsense in between', async () => {
    const { world, alice, bob, bobId } = cast;
    const nonsense: unknown[] = [
      null,
      7,
      'text',
      [],
      {},
      { envelopes: 1 },
      { envelopes: [null, {}, { id: 'x' }] },
    ];
    world.relay.tamper.push = (push) => [
      ...nonsense.map((payload) => ({ name: 'envelopes', payload })),
      { name: 'no-such-event', payload: nonsense },
      push,
    ];
    await alice.messenger.messages.send(bobId, { text: 'through the noise' });
    await world.until(async () => (await bob.texted(alice)).at(-1) === 'through the noise');
  });
});

describe('a ciphertext with one bit turned', () => {
  it.each(['message', 'prekey'] as const)('is refused at every byte of a %s', async (kind) => {
    const { alice, bob } = cast;
    await spendRenewals();
    if (kind === 'prekey') await alice.messenger.sessions.reset(cast.bobId);
    const honest = await intercept(`intact ${kind}`);
    expect(honest.kind).toBe(kind);
    const positions = positionsIn(honest);
    const before = await bob.dump();
    const heard = bob.undecryptable.length;
    const pages: Envelope[][] = [];
    for (let start = 0; start < positions.length; start += 10) {
      const part = positions.slice(start, start + 10);
      pages.push(
        part.map((index) => ({ ...honest, id: freshId(), ciphertext: flipped(honest.ciphertext, index) })),
      );
    }
    // A few pages at a time: more than a relay may have in flight are dropped.
    for (let start = 0; start < pages.length; start += 50) await deliver(...pages.slice(start, start + 50));
    expectUntouched(before, await bob.dump(), refusalMarks);
    const reasons = bob.undecryptable.slice(heard);
    // A counter that was used before makes a duplicate, about which there is nothing to say.
    expect(positions.length - reasons.length).toBeLessThanOrEqual(2);
    const expected = kind === 'prekey' ? ['invalid-message', 'pre-key-missing'] : ['invalid-message'];
    expect(new Set(reasons)).toEqual(new Set(expected));
    await drainMailbox();
    expect((await bob.texted(alice)).at(-1)).toBe(`intact ${kind}`);
    await talk(bob, alice, `still here after ${kind}`);
  });
});

describe('what is outside of the authenticated part of a first message', () => {
  it('a registration id of the relay’s making changes nothing that matters', async () => {
    const { alice, bob } = cast;
    await alice.messenger.sessions.reset(cast.bobId);
    const honest = await intercept('registered elsewhere');
    const { end } = fieldsOf(honest.ciphertext).find(({ number }) => number === prekeyFields.registrationId)!;
    await deliver([{ ...honest, ciphertext: flipped(honest.ciphertext, end - 1) }]);
    await drainMailbox();
    expect((await bob.texted(alice)).at(-1)).toBe('registered elsewhere');
    await talk(bob, alice, 'and answered');
    await talk(alice, bob, 'and so on');
  });

  it('another identity key is shown to the user, and blocks sending', async () => {
    const { alice, bob, aliceId } = cast;
    await alice.messenger.sessions.reset(cast.bobId);
    const honest = await intercept('who am I?');
    const { end } = fieldsOf(honest.ciphertext).find(({ number }) => number === prekeyFields.identityKey)!;
    const heard = bob.undecryptable.length;
    const trusted = await bob.messenger.contacts.get(aliceId);
    const before = await bob.dump();
    await deliver([{ ...honest, id: freshId(), ciphertext: flipped(honest.ciphertext, end - 5) }]);
    expect(bob.undecryptable.slice(heard)).toEqual(['identity-changed']);
    expect((await bob.messenger.contacts.get(aliceId))?.trust).toBe('changed');
    const marks = [...refusalMarks, new RegExp(`^(contact|quarantine)/${aliceId}`)];
    expectUntouched(before, await bob.dump(), marks);
    await expect(bob.messenger.messages.send(aliceId, { text: 'x' })).rejects.toMatchObject({
      code: 'identity-changed',
    });
    // What comes under the pinned key is still alice's.
    await drainMailbox();
    expect((await bob.texted(alice)).at(-1)).toBe('who am I?');
    // The user has the relay asked: it shows the pinned key, and what it made up waits for nobody.
    const contact = await bob.messenger.contacts.recheckIdentity(aliceId);
    expect(contact).toEqual(trusted);
    await bob.restart();
    await quiet(cast.world);
    expect(await bob.messenger.contacts.get(aliceId)).toEqual(trusted);
    expect([...(await bob.dump()).keys()].filter((key) => key.startsWith('quarantine/'))).toHaveLength(1);
    await talk(bob, alice, 'it was you');
    await talk(alice, bob, 'it was me');
  });
});

/**
 * The bytes to turn: all of a message; of one that begins a session all but what the relay could as well
 * invent (the low half of the version byte, the identity key and the registration id, which nothing trusts
 * before the message inside verifies), and of its KEM ciphertext one in sixteen.
 */
function positionsIn({ kind, ciphertext }: Envelope): number[] {
  const positions = [...ciphertext.keys()];
  if (kind === 'message') return positions;
  const fields = fieldsOf(ciphertext);
  const fieldAt = (index: number) => fields.find(({ start, end }) => index >= start && index < end)?.number;
  return positions.filter((index) => {
    const field = fieldAt(index);
    if (field === prekeyFields.kemCiphertext) return index % 16 === 0;
    return field !== undefined && field !== prekeyFields.identityKey && field !== prekeyFields.registrationId;
  });
}
