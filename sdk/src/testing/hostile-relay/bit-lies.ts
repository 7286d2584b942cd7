/** Lies about the bytes of a ciphertext: one bit turned, wherever it stands. */
import { wireLimits, type Envelope } from '../../wire/index.js';
import { assert, assertEqual, assertRejects, fail } from '../assert.js';
import { fieldsOfCiphertext, prekeyFields } from './ciphertext-fields.js';
import { interceptKind, kinds, path, spendRenewals, type Kind } from './envelope-kit.js';
import { turned } from './forger.js';
import type { LieCase } from './lie.js';
import { assertUntouched, refusalMarks, workMarks } from './stage.js';

/** Bytes between those that are turned, by what a message is: all of its head, of its bulk a sample. */
const strideInBulk: Readonly<Record<Kind, number>> = { message: 4, prekey: 16 };
const headBytes = 48;

function bitsTurned(kind: Kind): LieCase {
  const allowed = kind === 'prekey' ? ['invalid-message', 'pre-key-missing'] : ['invalid-message'];
  return {
    about: [path('ciphertext')],
    lie: `a ciphertext of kind ${kind} with one bit turned, at one place after another`,
    outcome: `each ends in ${allowed.join(' or ')}, ratchets untouched; the intact one takes effect`,
    run: async (stage) => {
      const { alice, bob } = stage;
      await spendRenewals(stage);
      const honest = await interceptKind(stage, kind, `intact ${kind}`);
      const positions = positionsIn(honest);
      const before = await bob.dump();
      const known = await bob.messenger.contacts.get(alice.id);
      const heard = bob.undecryptable.length;
      stage.note([path('ciphertext')]);
      const copies = positions.map((index) => ({
        ...honest,
        id: stage.freshId(),
        ciphertext: turned(honest.ciphertext, index),
      }));
      for (const part of inParts(copies, wireLimits.maxEnvelopesInFlight)) {
        await stage.deliver(...inParts(part, wireLimits.maxEnvelopesPerPage));
      }
      // What the refused ones cost is counted there; nothing else of it may change.
      assertUntouched(before, await bob.dump(), [...refusalMarks, ...workMarks(alice)]);
      assertEqual(await bob.messenger.contacts.get(alice.id), known, 'what bob thinks of alice');
      const reasons = bob.undecryptable.slice(heard);
      // A counter that was used before makes a duplicate, about which there is nothing to say.
      assert(positions.length - reasons.length <= 2, 'all but duplicates are told');
      assertEqual(
        reasons.filter((reason) => !allowed.includes(reason)),
        [],
        'other reasons',
      );
      await stage.drain();
      assertEqual((await bob.texted(alice)).at(-1), `intact ${kind}`, 'the intact one');
      await stage.talkAgain(`intact ${kind}`);
    },
  };
}

function inParts<Item>(items: readonly Item[], size: number): Item[][] {
  const parts: Item[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}

/** Of what begins a session all but what the relay could as well invent: nothing trusts it before the message inside verifies. */
function positionsIn({ kind, ciphertext }: Envelope): number[] {
  const stride = strideInBulk[kind];
  const sampled = [...ciphertext.keys()].filter((index) => index < headBytes || index % stride === 0);
  if (kind === 'message') return sampled;
  const invented: readonly number[] = [prekeyFields.identityKey, prekeyFields.registrationId];
  const fields = fieldsOfCiphertext(ciphertext);
  return sampled.filter((index) => {
    const field = fields.find(({ start, end }) => index >= start && index < end);
    return field !== undefined && !invented.includes(field.number);
  });
}

const registrationIdTurned: LieCase = {
  about: [path('ciphertext')],
  lie: 'a registration id of the relay’s making in a message that begins a session',
  outcome: 'the message takes effect, and the conversation goes on',
  run: async (stage) => {
    const { alice, bob } = stage;
    const honest = await interceptKind(stage, 'prekey', 'registered elsewhere');
    stage.note([path('ciphertext')]);
    await stage.deliver([
      { ...honest, ciphertext: turned(honest.ciphertext, lastByteOf(honest, 'registrationId')) },
    ]);
    await stage.drain();
    assertEqual((await bob.texted(alice)).at(-1), 'registered elsewhere', 'the message');
    await stage.talk(bob, alice, 'and answered');
    await stage.talk(alice, bob, 'and so on');
  },
};

const identityKeyTurned: LieCase = {
  about: [path('ciphertext')],
  lie: 'another identity key in a message that begins a session',
  outcome:
    'identity-changed: shown to the user, sending blocked, the message kept apart; the pin is untouched',
  run: async (stage) => {
    const { alice, bob } = stage;
    const honest = await interceptKind(stage, 'prekey', 'who am I?');
    const heard = bob.undecryptable.length;
    const trusted = await bob.messenger.contacts.get(alice.id);
    const before = await bob.dump();
    const index = lastByteOf(honest, 'identityKey') - 4;
    stage.note([path('ciphertext')]);
    await stage.deliver([{ ...honest, id: stage.freshId(), ciphertext: turned(honest.ciphertext, index) }]);
    assertEqual(bob.undecryptable.slice(heard), ['identity-changed'], 'what bob was told');
    assertEqual(await bob.messenger.contacts.get(alice.id), { ...trusted, trust: 'changed' }, 'the contact');
    assertUntouched(before, await bob.dump(), [
      ...refusalMarks,
      new RegExp(`^(contact|quarantine)/${alice.id}`),
    ]);
    await assertRejects(
      () => bob.messenger.messages.send(alice.id, { text: 'x' }),
      'identity-changed',
      'sending meanwhile',
    );
    // What comes under the pinned key is still alice's, and the relay shows that key when it is asked.
    await stage.drain();
    assertEqual((await bob.texted(alice)).at(-1), 'who am I?', 'the honest copy');
    assertEqual(await bob.messenger.contacts.recheckIdentity(alice.id), trusted, 'the contact again');
    await bob.restart();
    await stage.quiet();
    assertEqual(await bob.messenger.contacts.get(alice.id), trusted, 'the contact after a restart');
    await stage.talkAgain('it was me');
  },
};

function lastByteOf({ ciphertext }: Envelope, name: 'identityKey' | 'registrationId'): number {
  const field = fieldsOfCiphertext(ciphertext).find(({ number }) => number === prekeyFields[name]);
  return (field ?? fail(`there is no ${name}`)).end - 1;
}

/** See the header. */
export const bitLies: readonly LieCase[] = [
  ...kinds.map(bitsTurned),
  registrationIdTurned,
  identityKeyTurned,
];
