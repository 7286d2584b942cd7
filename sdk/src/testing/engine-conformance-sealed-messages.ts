/** Cases: sealed messages that are hostile, and sealing what cannot be sealed. */
import { concatBytes, utf8 } from '../bytes.js';
import { isSottoError } from '../errors.js';
import { Secret } from '../secret.js';
import { assert, assertEqual, assertRejects, assertTypeError } from './assert.js';
import {
  assertShowsViewFailure,
  type EnginePair,
  flipBit,
  RecordSnapshot,
  TestDevice,
} from './engine-conformance-kit.js';
import { assertSpoilt, spoiled } from './engine-conformance-records.js';
import {
  assertOpened,
  assertSameContent,
  certificateEnd,
  forMany,
  makeSealingWorld,
  type Sealing,
  sealings,
  someContent,
  unseal,
  type SealingWorld,
} from './engine-conformance-sealed-kit.js';
import { assertKeepsSecrets, spellings } from './engine-conformance-secrets.js';
import type { ConformanceRunner } from './runner.js';
import { seededRandom } from './seeded-random.js';

/** Declares them. */
export function sealedMessageCases(
  { describe, it }: ConformanceRunner,
  pair: EnginePair,
  seed: number,
): void {
  for (const [name, seal] of sealings) {
    describe(`hostile sealed messages, ${name}`, () => {
      it('with any byte flipped are refused', () => flips(pair, seal));
      it(`cut, lengthened or invented are refused (seed ${seed})`, () => shapes(pair, seal, seed));
      it('to somebody else are refused', () => otherRecipient(pair, seal));
      it('under another’s certificate are refused', () => otherCertificate(pair, seal));
      it('under a certificate nobody believes, or a late one, are refused', () => untrusted(pair, seal));
      it('show no secret in their errors', () => errorsAreClean(pair, seal));
      it('are not made with what is no certificate or key', () => unsealable(pair, seal));
    });
  }
  describe('hostile sealed messages for many', () => {
    it(`are refused when cut or invented (seed ${seed})`, () => sentForms(pair, seed));
    it('are not made without a session with every device', () => withoutSession(pair));
    it('are not made for registration ids of more than 14 bits', () => registrationIds(pair));
    it(`are not made from damaged sessions (seed ${seed})`, () => damagedSessions(pair, seed));
  });
}

async function assertRefused(
  { bob, authority }: SealingWorld,
  sealed: Uint8Array,
  what: string,
): Promise<void> {
  await assertRejects(() => unseal(bob, sealed, authority.trust), 'invalid-message', what);
}

async function flips(pair: EnginePair, seal: Sealing): Promise<void> {
  const world = await makeSealingWorld(pair);
  const { alice, bob, certificate, authority } = world;
  const content = someContent('sealed');
  const sealed = await seal(alice, bob, certificate, content);
  const original = sealed.slice();
  for (let index = 1; index < original.length; index += 1) {
    await assertRefused(world, flipBit(original, index, index % 8), `byte ${index} flipped`);
  }
  await otherVersions(world, original);
  assertEqual(sealed, original, 'the sealed message itself');
  assertOpened(await unseal(bob, sealed, authority.trust), alice, content, 'the message itself');
}

/** The lower half of the first byte means nothing; the upper one is the version. */
async function otherVersions({ bob, authority }: SealingWorld, sealed: Uint8Array): Promise<void> {
  for (let version = 0; version < 256; version += 1) {
    const changed = concatBytes(Uint8Array.of(version), sealed.slice(1));
    try {
      const { content } = await unseal(bob, changed, authority.trust);
      assert(version >> 4 <= 2, `version byte ${version} was accepted`);
      assertSameContent(content, someContent('sealed'), `version byte ${version}`);
    } catch (error) {
      if (!isSottoError(error, 'invalid-message')) throw error;
      assert(version >> 4 !== (sealed[0] as number) >> 4, `version byte ${version} was refused`);
    }
  }
}

async function shapes(pair: EnginePair, seal: Sealing, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const world = await makeSealingWorld(pair);
  const sealed = await seal(world.alice, world.bob, world.certificate, someContent('some length'));
  const cuts = Array.from(sealed, (_, length) => sealed.slice(0, length));
  const head = sealed.slice(0, 1);
  const invented = Array.from({ length: 150 }, () => concatBytes(head, random.bytes(random.integer(300))));
  for (const bytes of [...cuts, ...invented, concatBytes(sealed, Uint8Array.of(0))]) {
    await assertRefused(world, bytes, `${bytes.length} bytes`);
  }
}

async function otherRecipient(pair: EnginePair, seal: Sealing): Promise<void> {
  const { alice, bob, certificate, authority } = await makeSealingWorld(pair);
  const sealed = await seal(alice, bob, certificate, someContent('for bob'));
  const carol = await TestDevice.create(await pair.recipient(), 3);
  await assertRejects(() => unseal(carol, sealed, authority.trust), 'invalid-message', 'for somebody else');
}

async function otherCertificate(pair: EnginePair, seal: Sealing): Promise<void> {
  const world = await makeSealingWorld(pair);
  const { bob, certificate } = world;
  const mallory = await TestDevice.create(await pair.initiator(), 4);
  await mallory.startSession(bob);
  const sealed = await seal(mallory, bob, certificate, someContent('as if from alice'));
  await assertRefused(world, sealed, 'sealed by another than the certificate names');
}

async function untrusted(pair: EnginePair, seal: Sealing): Promise<void> {
  const { alice, bob, authority, certificate } = await makeSealingWorld(pair);
  const content = someContent('x');
  const sealed = await seal(alice, bob, certificate, content);
  const { trust } = authority;
  const other = (await bob.engine.generateIdentity()).publicKey;
  const open = (change: Partial<typeof trust>) => unseal(bob, sealed, { ...trust, ...change });
  for (const trustRoots of [[], [other], [authority.server.publicKey]]) {
    await assertRejects(() => open({ trustRoots }), 'invalid-certificate', 'under other roots');
  }
  const late = { now: certificateEnd + 1 };
  await assertRejects(() => open(late), 'certificate-expired', 'after the certificate’s end');
  const both = { ...late, trustRoots: [other] };
  await assertRejects(() => open(both), 'invalid-certificate', 'after the end of a false certificate');
  const roots = [other, authority.root.publicKey];
  assertOpened(await open({ now: certificateEnd, trustRoots: roots }), alice, content, 'in the last moment');
  const mine = { ...authority.trust, ...late };
  const laptop = await TestDevice.create(await pair.recipient(), 1, 2, alice.our.identity);
  await alice.startSession(laptop);
  const toSelf = await seal(alice, laptop, certificate, content);
  await assertRejects(() => unseal(alice, toSelf, mine), 'certificate-expired', 'late, and from oneself');
}

async function errorsAreClean(pair: EnginePair, seal: Sealing): Promise<void> {
  const { alice, bob, authority, certificate } = await makeSealingWorld(pair);
  const sealed = await seal(alice, bob, certificate, someContent('the secret content'));
  const secrets = [
    'the secret content',
    alice.address.accountId,
    ...spellings(bob.our.identity.privateKey.expose()),
    ...spellings(alice.our.identity.publicKey),
  ];
  const actions = [
    () => unseal(bob, flipBit(sealed, sealed.length - 1), authority.trust),
    () => unseal(bob, sealed.slice(0, 90), authority.trust),
    () => unseal(bob, sealed, { ...authority.trust, trustRoots: [authority.server.publicKey] }),
    () => unseal(bob, sealed, { ...authority.trust, now: certificateEnd + 1 }),
  ];
  for (const action of actions) await assertKeepsSecrets(action, secrets, 'a sealed message');
}

async function unsealable(pair: EnginePair, seal: Sealing): Promise<void> {
  const { alice, bob, certificate, authority } = await makeSealingWorld(pair);
  const content = someContent('x');
  for (const bad of [new Uint8Array(), utf8('no certificate'), certificate.slice(0, -1)]) {
    const action = () => seal(alice, bob, bad, content);
    await assertRejects(action, 'invalid-certificate', `a certificate of ${bad.length} bytes`);
  }
  const key = bob.our.identity.publicKey;
  const zero = concatBytes(Uint8Array.of(5), new Uint8Array(32));
  const keys = [
    new Uint8Array(),
    key.slice(0, 32),
    concatBytes(key, Uint8Array.of(0)),
    flipBit(key, 0),
    zero,
  ];
  for (const publicKey of keys) {
    const broken = withIdentity(bob, { ...bob.our.identity, publicKey });
    const action = () => seal(alice, broken, certificate, content);
    await assertRejects(action, 'invalid-key', `a recipient’s key of ${publicKey.length} bytes`);
  }
  const noKey = { ...alice.our.identity, privateKey: new Secret(new Uint8Array(31)) };
  const action = () => seal(withIdentity(alice, noKey), bob, certificate, content);
  await assertRejects(action, 'invalid-key', 'a private key of 31 bytes');
  for (const contentHint of [-1, 1.5, 2 ** 32, Number.NaN]) {
    const sealing = () => seal(alice, bob, certificate, { ...content, contentHint });
    await assertTypeError(sealing, `the content hint ${contentHint}`);
  }
  const sealed = await seal(alice, bob, certificate, content);
  assertOpened(await unseal(bob, sealed, authority.trust), alice, content, 'with a certificate and a key');
}

/** The same device under another identity. */
function withIdentity(device: TestDevice, identity: TestDevice['our']['identity']): TestDevice {
  return Object.create(device, { our: { value: { ...device.our, identity } } }) as TestDevice;
}

async function sentForms(pair: EnginePair, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const { alice, bob, certificate } = await makeSealingWorld(pair);
  const input = forMany(alice, certificate, someContent('x'), [bob]);
  const sent = await alice.engine.sealForMany(alice.view, input);
  // Up to the end of the ephemeral key: from there on a shorter form is one with a shorter ciphertext.
  const headLength = 2 + 17 + 3 + 48 + 32;
  const cuts = Array.from({ length: headLength }, (_, length) => sent.slice(0, length));
  const invented = Array.from({ length: 200 }, () =>
    concatBytes(Uint8Array.of(0x23, random.integer(4)), random.bytes(random.integer(300))),
  );
  const versions = [0x00, 0x11, 0x20, 0x24, 0x33, 0xff].map((version) =>
    concatBytes(Uint8Array.of(version), sent.slice(1)),
  );
  const many = concatBytes(Uint8Array.of(0x23, 0xff, 0xff, 0xff, 0xff, 0x0f), sent.slice(2));
  for (const form of [...cuts, ...invented, ...versions, many]) {
    const action = () => bob.engine.splitSealed(form, bob.address.accountId);
    await assertRejects(action, 'invalid-message', `a sent form of ${form.length} bytes`);
  }
}

async function withoutSession(pair: EnginePair): Promise<void> {
  const { alice, bob, certificate } = await makeSealingWorld(pair);
  const laptop = await TestDevice.create(await pair.recipient(), 2, 2, bob.our.identity);
  const input = forMany(alice, certificate, someContent('x'), [bob, laptop]);
  const seal = () => alice.engine.sealForMany(alice.view, input);
  await assertRejects(seal, 'no-session', 'a device without a session');
  await alice.startSession(laptop);
  await seal();
  alice.apply(await alice.engine.archiveSession(alice.view, laptop.address));
  const snapshot = new RecordSnapshot(alice.records);
  await assertRejects(seal, 'no-session', 'a device with an archived session');
  snapshot.assertUntouched('refused sealing');
}

async function registrationIds(pair: EnginePair): Promise<void> {
  const { alice, bob, certificate } = await makeSealingWorld(pair);
  const input = forMany(alice, certificate, someContent('x'), [bob]);
  const seal = () => alice.engine.sealForMany(alice.view, input);
  const start = async (registrationId: number) => {
    const bundle = { ...bob.bundle(), registrationId };
    const step = await alice.engine.startSession(alice.view, { ...alice.input(bob.address), bundle });
    alice.apply(step);
  };
  await start(0x4000);
  await assertRejects(seal, 'invalid-registration-id', 'a registration id of 15 bits');
  await start(0x3fff);
  const sent = await seal();
  assertEqual(sent.slice(20, 22), Uint8Array.of(0x3f, 0xff), 'the largest registration id');
}

async function damagedSessions(pair: EnginePair, seed: number): Promise<void> {
  const { alice, bob, certificate } = await makeSealingWorld(pair);
  const fresh = await TestDevice.create(await pair.initiator(), 1);
  const key = [...alice.records.keys()].find((name) => !fresh.records.has(name));
  assert(key !== undefined, 'a session has a record');
  const input = forMany(alice, certificate, someContent('x'), [bob]);
  const seal = () => alice.engine.sealForMany(alice.view, input);
  const good = alice.records.get(key) as Uint8Array;
  for (const bad of spoiled(good, new Uint8Array(1), seededRandom(seed))) {
    await assertSpoilt(alice, key, bad, seal);
  }
  await seal();
  await assertShowsViewFailure((view) => alice.engine.sealForMany(view, input), 'sealing');
}
