/** Cases: certificates of sealed sender — whom to believe, and until when. */
import { concatBytes, equalBytes, utf8 } from '../bytes.js';
import { Secret } from '../secret.js';
import { assert, assertEqual, assertRejects, assertTypeError } from './assert.js';
import { type HandmadeValue, uuidBytes } from './engine-conformance-handmade.js';
import { type EnginePair, flipBit, startTime, testAddress, TestDevice } from './engine-conformance-kit.js';
import { Authority, certificateEnd, someContent, unseal } from './engine-conformance-sealed-kit.js';
import type { ConformanceRunner } from './runner.js';

/** A server id whose key everybody knows (spec: sealed-sender 6.1). */
const revokedServerId = 0xdeadc357;

/** Declares them. */
export function certificateCases({ describe, it }: ConformanceRunner, pair: EnginePair): void {
  describe('certificates', () => {
    it('say who may be believed, under any of several roots', () => believed(pair));
    it('are good up to their last millisecond', () => ends(pair));
    it('are refused with any byte flipped, cut or lengthened', () => tampered(pair));
    it('are refused without a trust root that signed', () => untrusted(pair));
    it('are refused when signed by a server that no root signed', () => otherServer(pair));
    it('are taken in every form they may have', () => forms(pair));
    it('are refused when genuine but malformed', () => malformed(pair));
    it('are not opened in a sealed message when malformed', () => malformedInside(pair));
    it('are not issued for what is no key or certificate', () => notIssued(pair));
    it('are not issued for what is no address, id or time', () => malformedArguments(pair));
  });
}

interface World {
  readonly alice: TestDevice;
  /** Who reads the certificates. */
  readonly bob: TestDevice;
  readonly authority: Authority;
}

async function makeWorld(pair: EnginePair): Promise<World> {
  const alice = await TestDevice.create(await pair.initiator(), 1);
  const bob = await TestDevice.create(await pair.recipient(), 2);
  return { alice, bob, authority: await Authority.create(alice.engine) };
}

function verify({ bob, authority }: World, certificate: Uint8Array, trust = authority.trust) {
  return bob.engine.verifySenderCertificate(certificate, trust);
}

async function assertBelieved(
  world: World,
  certificate: Uint8Array,
  what: string,
  trust = world.authority.trust,
): Promise<void> {
  const { our } = world.alice;
  const read = await verify(world, certificate, trust);
  assertEqual(read.sender, our.address, `${what}: sender`);
  assertEqual(read.identityKey, our.identity.publicKey, `${what}: identity key`);
  assertEqual(read.expiresAt, certificateEnd, `${what}: end`);
}

async function assertDisbelieved(
  world: World,
  certificate: Uint8Array,
  what: string,
  trust = world.authority.trust,
): Promise<void> {
  await assertRejects(() => verify(world, certificate, trust), 'invalid-certificate', what);
}

async function believed(pair: EnginePair): Promise<void> {
  const world = await makeWorld(pair);
  const certificate = await world.authority.certify(world.alice);
  const other = (await world.bob.engine.generateIdentity()).publicKey;
  const { trust, root } = world.authority;
  for (const trustRoots of [[root.publicKey], [other, root.publicKey], [root.publicKey, other]]) {
    await assertBelieved(world, certificate, `under ${trustRoots.length} roots`, { ...trust, trustRoots });
  }
  const { identityKey } = await verify(world, certificate);
  identityKey.fill(0);
  await assertBelieved(world, certificate, 'after the key that was given was overwritten');
}

async function ends(pair: EnginePair): Promise<void> {
  const world = await makeWorld(pair);
  const certificate = await world.authority.certify(world.alice);
  const at = (now: number) => ({ ...world.authority.trust, now });
  for (const now of [0, startTime, certificateEnd])
    await assertBelieved(world, certificate, `at ${now}`, at(now));
  for (const now of [certificateEnd + 1, Number.MAX_SAFE_INTEGER, Number.NaN]) {
    await assertRejects(() => verify(world, certificate, at(now)), 'certificate-expired', `at ${now}`);
  }
  const forged = flipBit(certificate, certificate.length - 1);
  await assertDisbelieved(world, forged, 'a false certificate after its end', at(certificateEnd + 1));
  for (const end of [0, Number.MAX_SAFE_INTEGER]) {
    const other = await world.authority.certify(world.alice, end);
    assertEqual((await verify(world, other, at(0))).expiresAt, end, 'an end at the edge');
  }
}

async function tampered(pair: EnginePair): Promise<void> {
  const world = await makeWorld(pair);
  const certificate = await world.authority.certify(world.alice);
  for (let index = 0; index < certificate.length; index += 1) {
    const changed = flipBit(certificate, index, index % 8);
    await assertDisbelieved(world, changed, `bit ${index % 8} of byte ${index}`);
    await assertDisbelieved(world, certificate.slice(0, index), `cut to ${index}`);
  }
  await assertDisbelieved(world, concatBytes(certificate, Uint8Array.of(0)), 'lengthened');
  await assertBelieved(world, certificate, 'the certificate itself');
}

async function untrusted(pair: EnginePair): Promise<void> {
  const world = await makeWorld(pair);
  const { trust, root, server } = world.authority;
  const certificate = await world.authority.certify(world.alice);
  const other = (await world.bob.engine.generateIdentity()).publicKey;
  const sets = [
    [],
    [other],
    [other, server.publicKey],
    [root.publicKey.slice(0, 32)],
    [concatBytes(root.publicKey, Uint8Array.of(0))],
    [flipBit(root.publicKey, 0)],
    [concatBytes(Uint8Array.of(5), new Uint8Array(32))],
  ];
  for (const trustRoots of sets) {
    await assertDisbelieved(world, certificate, 'under no root of its own', { ...trust, trustRoots });
  }
}

async function otherServer(pair: EnginePair): Promise<void> {
  const world = await makeWorld(pair);
  const { alice, authority } = world;
  const impostor = await Authority.create(alice.engine);
  await assertDisbelieved(world, await impostor.certify(alice), 'another authority’s');
  const servers: Record<string, Uint8Array> = {
    'a server that signed itself': await authority.handmadeServer({}, authority.server),
    'a server that another root signed': await authority.handmadeServer({}, impostor.root),
    'another server than the one that signed': impostor.serverCertificate,
    'another server, which the root signed': await authority.handmadeServer({ 2: impostor.server.publicKey }),
  };
  for (const [what, server] of Object.entries(servers)) {
    await assertDisbelieved(world, await authority.handmade(alice, { 5: server }), what);
  }
  const good = await authority.handmade(alice, { 5: await authority.handmadeServer() });
  await assertBelieved(world, good, 'a server that the root signed');
}

async function forms(pair: EnginePair): Promise<void> {
  const world = await makeWorld(pair);
  const { alice, authority } = world;
  const departures: Record<string, Readonly<Record<number, HandmadeValue>>> = {
    'as it should be': {},
    'with a phone number': { 1: utf8('+1') },
    'with the account id in bytes': { 6: undefined, 7: uuidBytes(alice.address.accountId) },
    'with the account id in both ways, of which the last counts': {
      6: utf8('nobody'),
      7: uuidBytes(alice.address.accountId),
    },
    'with a field of the future': { 90: 1 },
  };
  for (const [what, fields] of Object.entries(departures)) {
    await assertBelieved(world, await authority.handmade(alice, fields), what);
  }
}

async function malformed(pair: EnginePair): Promise<void> {
  const world = await makeWorld(pair);
  const { alice, authority } = world;
  for (const [what, fields] of Object.entries(await malformations(world))) {
    await assertDisbelieved(world, await authority.handmade(alice, fields), what);
  }
}

async function malformations({ alice, authority }: World) {
  const key = alice.our.identity.publicKey;
  const upperCase = alice.address.accountId.replace('1', 'A');
  const malformedOnes: Record<string, Readonly<Record<number, HandmadeValue>>> = {
    'no device': { 2: undefined },
    'device 0': { 2: 0 },
    'device 128': { 2: 128 },
    'no end': { 3: undefined },
    'an end as a varint': { 3: 1 },
    'an end beyond 2^53': { 3: 2n ** 53n },
    'the last end there is': { 3: 2n ** 64n - 1n },
    'no identity key': { 4: undefined },
    'a short identity key': { 4: key.slice(0, 32) },
    'an identity key of another type': { 4: flipBit(key, 0) },
    'no signer': { 5: undefined },
    'a signer known by number': { 5: undefined, 8: 3 },
    'an unknown number after the signer': { 8: 0x7fffffff },
    'a signer that is none': { 5: utf8('nobody') },
    'a revoked signer': { 5: await authority.handmadeServer({ 1: revokedServerId }) },
    'a signer without a number': { 5: await authority.handmadeServer({ 1: undefined }) },
    'a signer without a key': { 5: await authority.handmadeServer({ 2: undefined }) },
    'no account': { 6: undefined },
    'an empty account': { 6: utf8('') },
    'a name for an account': { 6: utf8('alice') },
    'an account in upper case': { 6: utf8(upperCase) },
    'a phone number’s identity': { 6: utf8(`PNI:${alice.address.accountId}`) },
    'an account that is no text': { 6: Uint8Array.of(0xff) },
    'an account of 15 bytes': { 6: undefined, 7: new Uint8Array(15) },
    'an account of 17 bytes': { 6: undefined, 7: new Uint8Array(17) },
  };
  return malformedOnes;
}

async function malformedInside(pair: EnginePair): Promise<void> {
  const world = await makeWorld(pair);
  const { alice, bob, authority } = world;
  const theirIdentityKey = bob.our.identity.publicKey;
  const seal = async (fields: Readonly<Record<number, HandmadeValue>>) => {
    const certificate = await authority.handmade(alice, fields);
    const { engine, our } = alice;
    return engine.seal({ our, certificate, content: someContent('x'), theirIdentityKey });
  };
  const names = { 'a name': utf8('alice'), 'upper case': utf8(alice.address.accountId.replace('1', 'A')) };
  for (const [what, name] of Object.entries(names)) {
    const sealed = await seal({ 6: name });
    await assertRejects(() => unseal(bob, sealed, authority.trust), 'invalid-certificate', what);
  }
  const far = await seal({ 3: 2n ** 60n });
  await assertRejects(() => unseal(bob, far, authority.trust), 'invalid-certificate', 'a far end');
}

async function notIssued(pair: EnginePair): Promise<void> {
  const { alice, authority } = await makeWorld(pair);
  const { engine } = alice;
  const { publicKey, privateKey } = authority.server;
  const server = { id: 1, publicKey, trustRoot: authority.root.privateKey };
  const sender = {
    serverCertificate: authority.serverCertificate,
    signingKey: privateKey,
    sender: alice.address,
    identityKey: alice.our.identity.publicKey,
    expiresAt: certificateEnd,
  };
  const short = new Secret(new Uint8Array(31));
  const badKeys = [
    new Uint8Array(),
    publicKey.slice(0, 32),
    concatBytes(publicKey, Uint8Array.of(0)),
    flipBit(publicKey, 0),
  ];
  for (const key of badKeys) {
    const what = `a key of ${key.length} bytes`;
    await assertRejects(
      () => engine.issueServerCertificate({ ...server, publicKey: key }),
      'invalid-key',
      what,
    );
    await assertRejects(
      () => engine.issueSenderCertificate({ ...sender, identityKey: key }),
      'invalid-key',
      what,
    );
  }
  const badServer = () => engine.issueServerCertificate({ ...server, trustRoot: short });
  await assertRejects(badServer, 'invalid-key', 'a trust root of 31 bytes');
  const badSender = () => engine.issueSenderCertificate({ ...sender, signingKey: short });
  await assertRejects(badSender, 'invalid-key', 'a signing key of 31 bytes');
  for (const serverCertificate of [new Uint8Array(), utf8('none'), authority.serverCertificate.slice(1)]) {
    const action = () => engine.issueSenderCertificate({ ...sender, serverCertificate });
    await assertRejects(action, 'invalid-certificate', 'a server certificate that is none');
  }
}

async function malformedArguments(pair: EnginePair): Promise<void> {
  const { alice, authority } = await makeWorld(pair);
  const { engine } = alice;
  const { publicKey, privateKey } = authority.server;
  const server = { id: 1, publicKey, trustRoot: authority.root.privateKey };
  const sender = {
    serverCertificate: authority.serverCertificate,
    signingKey: privateKey,
    sender: alice.address,
    identityKey: alice.our.identity.publicKey,
    expiresAt: certificateEnd,
  };
  const named = (accountId: string, deviceId = 1) =>
    ({ accountId, deviceId }) as unknown as typeof sender.sender;
  const { accountId } = testAddress(1, 1);
  const actions = [
    ...[-1, 1.5, 2 ** 32].map((id) => () => engine.issueServerCertificate({ ...server, id })),
    ...[-1, 1.5, 2 ** 53, Number.NaN].map(
      (expiresAt) => () => engine.issueSenderCertificate({ ...sender, expiresAt }),
    ),
    ...[named(''), named('alice'), named(accountId, 0), named(accountId, 128)].map(
      (address) => () => engine.issueSenderCertificate({ ...sender, sender: address }),
    ),
  ];
  for (const [index, action] of actions.entries()) {
    await assertTypeError(action, `malformed argument ${index}`);
  }
  const one = await engine.issueServerCertificate(server);
  assert(!equalBytes(one, await engine.issueServerCertificate({ ...server, id: 2 })), 'ids tell them apart');
}
