/** Cases: sealed sender between those who mean well — what is sealed opens, where it should. */
import { concatBytes, equalBytes, utf8 } from '../bytes.js';
import { contentHints, type SealedContent, type SealedKind } from '../ports/index.js';
import { assert, assertEqual, assertRejects } from './assert.js';
import { distribute, distributionId, sendToGroup, takeDistribution } from './engine-conformance-group-kit.js';
import { uuidBytes } from './engine-conformance-handmade.js';
import { type EnginePair, testAddress, TestDevice } from './engine-conformance-kit.js';
import {
  assertOpened,
  forMany,
  makeSealingWorld,
  sealings,
  someContent,
  unseal,
  type SealingWorld,
} from './engine-conformance-sealed-kit.js';
import type { ConformanceRunner } from './runner.js';

/** Declares them. */
export function sealedSenderCases({ describe, it }: ConformanceRunner, pair: EnginePair): void {
  for (const [name, seal] of sealings) {
    describe(`sealed sender, ${name}`, () => {
      it('carries every kind of content, hint and group id', async () => {
        const { alice, bob, authority, certificate } = await makeSealingWorld(pair);
        for (const content of allContents()) {
          const sealed = await seal(alice, bob, certificate, content);
          assertOpened(await unseal(bob, sealed, authority.trust), alice, content, content.kind);
        }
      });
      it('carries messages of sessions and hides who sent them', async () => {
        const { alice, bob, authority, certificate } = await makeSealingWorld(pair);
        for (const text of ['first', 'second']) {
          const inside = await alice.encrypt(bob, text);
          const content = { kind: inside.kind, message: inside.ciphertext, contentHint: 1 } as const;
          const sealed = await seal(alice, bob, certificate, content);
          assertHides(sealed, alice, content);
          const opened = await unseal(bob, sealed, authority.trust);
          assertOpened(opened, alice, content, text);
          await bob.decrypt(alice, { ...inside, ciphertext: opened.content.message });
        }
      });
      it('is different every time', async () => {
        const { alice, bob, certificate } = await makeSealingWorld(pair);
        const content = someContent('the same twice');
        const one = await seal(alice, bob, certificate, content);
        const other = await seal(alice, bob, certificate, content);
        assert(!equalBytes(one.slice(1, 80), other.slice(1, 80)), 'nothing of it is the same');
      });
      it('opens on every device of the account', async () => {
        const { alice, bob, authority, certificate } = await makeSealingWorld(pair);
        const laptop = await TestDevice.create(await pair.recipient(), 2, 2, bob.our.identity);
        const sealed = await seal(alice, bob, certificate, someContent('for both'));
        for (const device of [bob, laptop]) {
          const opened = await unseal(device, sealed, authority.trust);
          assertOpened(opened, alice, someContent('for both'), 'on one of two devices');
        }
      });
      it('from this very device is named so', async () => {
        const { alice, authority, certificate } = await makeSealingWorld(pair);
        const laptop = await TestDevice.create(await pair.recipient(), 1, 2, alice.our.identity);
        await alice.startSession(laptop);
        const sealed = await seal(alice, laptop, certificate, someContent('to myself'));
        await assertRejects(() => unseal(alice, sealed, authority.trust), 'sealed-by-self', 'my own');
        const opened = await unseal(laptop, sealed, authority.trust);
        assertOpened(opened, alice, someContent('to myself'), 'from my other device');
      });
    });
  }
  describe('sealed sender for many', () => {
    it('gives each account what only it opens', () => split(pair));
    it('gives a group its messages', () => toGroup(pair));
    it('tells the relay devices and registration ids', () => layout(pair));
    it('may have no recipients', () => nobody(pair));
  });
}

function allContents(): SealedContent[] {
  const kinds: readonly SealedKind[] = ['prekey', 'message', 'sender-key', 'plaintext'];
  const groupIds = [undefined, utf8('group'), new Uint8Array(), new Uint8Array(300).fill(7)];
  const hints = [...Object.values(contentHints), 3, 0x7fffffff, 0xffffffff];
  const ofKinds = kinds.map((kind): SealedContent => ({ ...someContent(`a ${kind}`), kind }));
  const ofGroups = groupIds.map((groupId): SealedContent => ({
    ...someContent('of a group'),
    ...(groupId && { groupId }),
  }));
  const ofHints = hints.map((contentHint): SealedContent => ({ ...someContent('with a hint'), contentHint }));
  const empty = someContent('');
  const long = { ...empty, message: new Uint8Array(80 * 1024).fill(9) };
  return [...ofKinds, ...ofGroups, ...ofHints, empty, long];
}

function assertHides(sealed: Uint8Array, { our }: TestDevice, { message }: SealedContent): void {
  const hidden = [
    utf8(our.address.accountId),
    uuidBytes(our.address.accountId),
    our.identity.publicKey.slice(1),
    message.slice(0, 24),
  ];
  for (const secret of hidden) assert(!includes(sealed, secret), 'a sealed message shows what it hides');
}

function includes(bytes: Uint8Array, part: Uint8Array): boolean {
  return bytes.some((_, at) => equalBytes(bytes.slice(at, at + part.length), part));
}

/** The world with a second device of bob's and with carol, to whom alice has sessions. */
async function makeMany(
  pair: EnginePair,
): Promise<SealingWorld & { readonly laptop: TestDevice; readonly carol: TestDevice }> {
  const world = await makeSealingWorld(pair);
  const laptop = await TestDevice.create(await pair.recipient(), 2, 2, world.bob.our.identity);
  const carol = await TestDevice.create(await pair.initiator(), 3);
  for (const device of [laptop, carol]) await world.alice.startSession(device);
  return { ...world, laptop, carol };
}

async function split(pair: EnginePair): Promise<void> {
  const { alice, bob, laptop, carol, authority, certificate } = await makeMany(pair);
  const content = { ...someContent('for many'), groupId: utf8('group') };
  const excluded = testAddress(4, 1).accountId;
  const sent = await alice.engine.sealForMany(alice.view, {
    ...forMany(alice, certificate, content, [bob, laptop, carol]),
    excluded: [excluded],
  });
  for (const device of [bob, laptop, carol]) {
    const mine = await device.engine.splitSealed(sent, device.address.accountId);
    assertEqual(await alice.engine.splitSealed(sent, device.address.accountId), mine, 'split by each engine');
    assertOpened(await unseal(device, mine, authority.trust), alice, content, 'its own part');
  }
  const forCarol = await bob.engine.splitSealed(sent, carol.address.accountId);
  await assertRejects(() => unseal(bob, forCarol, authority.trust), 'invalid-message', 'carol’s part');
  for (const engine of [alice.engine, bob.engine]) {
    for (const accountId of [excluded, testAddress(5, 1).accountId, alice.address.accountId]) {
      const cut = () => engine.splitSealed(sent, accountId);
      await assertRejects(cut, 'invalid-message', 'an account that receives nothing');
    }
  }
}

async function toGroup(pair: EnginePair): Promise<void> {
  const { alice, bob, carol, authority, certificate } = await makeMany(pair);
  await distribute(alice, [bob]);
  const distribution = await distribute(alice, []);
  await takeDistribution(carol, alice.address, distribution);
  const { ciphertext, plaintext } = await sendToGroup(alice, 'to all of you');
  const content: SealedContent = { kind: 'sender-key', message: ciphertext, contentHint: 2 };
  const sent = await alice.engine.sealForMany(alice.view, forMany(alice, certificate, content, [bob, carol]));
  for (const device of [bob, carol]) {
    const mine = await device.engine.splitSealed(sent, device.address.accountId);
    const opened = await unseal(device, mine, authority.trust);
    const step = await device.engine.decryptFromGroup(device.view, {
      sender: opened.sender.sender,
      ciphertext: opened.content.message,
    });
    const result = device.apply(step);
    assertEqual(result.plaintext, plaintext, 'plaintext of a sealed group message');
    assertEqual(result.distributionId, distributionId, 'its distribution id');
  }
}

const openerLength = 48;
const hasMore = 0x8000;

/** The head of a sent form, byte by byte (spec: sealed-sender 6.5), with each account's 48 bytes left out. */
async function layout(pair: EnginePair): Promise<void> {
  const { alice, bob, laptop, carol, certificate } = await makeMany(pair);
  const excluded = testAddress(4, 1).accountId;
  const sent = await alice.engine.sealForMany(alice.view, {
    ...forMany(alice, certificate, someContent('x'), [bob, laptop, carol]),
    excluded: [excluded],
  });
  const id = (accountId: string) => concatBytes(Uint8Array.of(0), uuidBytes(accountId));
  const device = ({ our }: TestDevice, more = 0) => {
    const bits = our.registrationId | more;
    return Uint8Array.of(our.address.deviceId, bits >> 8, bits & 0xff);
  };
  const parts = [
    concatBytes(Uint8Array.of(0x23, 3), id(bob.address.accountId), device(bob, hasMore), device(laptop)),
    concatBytes(id(carol.address.accountId), device(carol)),
    concatBytes(id(excluded), Uint8Array.of(0)),
  ];
  let offset = 0;
  for (const part of parts) {
    assertEqual(sent.slice(offset, offset + part.length), part, `the sent form at ${offset}`);
    offset += part.length + openerLength;
  }
  const received = await bob.engine.splitSealed(sent, bob.address.accountId);
  assertEqual(received[0], 0x22, 'first byte of the received form');
  const shared = sent.slice(offset - openerLength);
  assertEqual(received.slice(1 + openerLength), shared, 'what all receive');
}

async function nobody(pair: EnginePair): Promise<void> {
  const { alice, bob, certificate } = await makeSealingWorld(pair);
  const sent = await alice.engine.sealForMany(alice.view, forMany(alice, certificate, someContent('x'), []));
  assertEqual(sent.slice(0, 2), Uint8Array.of(0x23, 0), 'head of a sent form for nobody');
  const cut = () => bob.engine.splitSealed(sent, bob.address.accountId);
  await assertRejects(cut, 'invalid-message', 'a sent form for nobody');
}
