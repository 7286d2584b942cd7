/** Cases: identity keys, signatures by them, and safety numbers. */
import { utf8 } from '../bytes.js';
import type { FingerprintInput, ProtocolEngine } from '../ports/index.js';
import { Secret } from '../secret.js';
import { verifySignature } from '../verification/index.js';
import { assert, assertEqual, assertRejects } from './assert.js';
import { type EnginePair, flipBit } from './engine-conformance-kit.js';
import type { ConformanceRunner } from './runner.js';

type Create = () => ProtocolEngine | Promise<ProtocolEngine>;

/** Declares them. */
export function identityCases({ describe, it }: ConformanceRunner, create: Create): void {
  describe('identity', () => {
    it('says what it is', () => selfDescription(create));
    it('makes identity keys', () => makesKeys(create));
    it('signs so that everybody can verify', () => signs(create));
    it('refuses to sign with what is no key', () => signsNot(create));
    it('derives one safety number on both sides', () => safetyNumbers(create));
    it('compares scanned safety numbers', () => comparisons(create));
    it('refuses a safety number of malformed keys', () => malformedSafetyNumbers(create));
  });
}

/** Declares those of two sides. */
export function safetyNumberCases({ describe, it }: ConformanceRunner, pair: EnginePair): void {
  describe('safety numbers', () => {
    it('are one and the same on both sides', () => acrossEngines(pair));
  });
}

async function selfDescription(create: Create): Promise<void> {
  const engine = await create();
  assert(/^[a-z][a-z0-9-]*$/.test(engine.name), 'the name is lower case with dashes');
  assert(
    Number.isInteger(engine.recordVersion) && engine.recordVersion > 0,
    'the record version counts from 1',
  );
  assertEqual(typeof engine.assurance.audited, 'boolean', 'type of assurance.audited');
  assert(engine.assurance.statement.length > 40, 'the assurance says something');
}

async function makesKeys(create: Create): Promise<void> {
  const engine = await create();
  const [one, two] = [await engine.generateIdentity(), await engine.generateIdentity()];
  assertEqual([one.publicKey.length, one.publicKey[0]], [33, 5], 'form of the public key');
  assertEqual(one.privateKey.expose().length, 32, 'length of the private key');
  assertEqual(JSON.stringify({ key: one.privateKey }), '{"key":"[redacted]"}', 'a printed private key');
  assert(String(one.publicKey) !== String(two.publicKey), 'two identities are two');
}

async function signs(create: Create): Promise<void> {
  const engine = await create();
  // Keys of either sign occur: the sign of a key is a bit of the signature.
  for (let round = 0; round < 12; round += 1) {
    const identity = await engine.generateIdentity();
    const message = utf8(`message ${round}`);
    const signature = await engine.sign(identity, message);
    assertEqual(signature.length, 64, 'length of a signature');
    verifySignature(identity.publicKey, message, signature);
    await assertRejects(
      async () => verifySignature(identity.publicKey, utf8('another'), signature),
      'invalid-signature',
      'a signature over another message',
    );
  }
}

async function signsNot(create: Create): Promise<void> {
  const engine = await create();
  const identity = await engine.generateIdentity();
  for (const length of [0, 31, 33]) {
    const broken = { ...identity, privateKey: new Secret(new Uint8Array(length)) };
    await assertRejects(
      () => engine.sign(broken, utf8('x')),
      'invalid-key',
      `a private key of ${length} bytes`,
    );
  }
}

async function fingerprintInputs(
  engine: ProtocolEngine,
): Promise<{ ours: FingerprintInput; theirs: FingerprintInput }> {
  const [our, their] = [await engine.generateIdentity(), await engine.generateIdentity()];
  const [ourId, theirId] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)];
  const [ourIdentityKey, theirIdentityKey] = [our.publicKey, their.publicKey];
  return {
    ours: { ourId, ourIdentityKey, theirId, theirIdentityKey },
    theirs: {
      ourId: theirId,
      ourIdentityKey: theirIdentityKey,
      theirId: ourId,
      theirIdentityKey: ourIdentityKey,
    },
  };
}

async function safetyNumbers(create: Create): Promise<void> {
  const engine = await create();
  const { ours, theirs } = await fingerprintInputs(engine);
  const [mine, yours] = [await engine.fingerprint(ours), await engine.fingerprint(theirs)];
  assert(/^[0-9]{60}$/.test(mine.displayable), 'a safety number has 60 digits');
  assertEqual(mine.displayable, yours.displayable, 'the safety number on the other side');
  const other = await engine.fingerprint({ ...ours, theirId: new Uint8Array(16).fill(3) });
  assert(other.displayable !== mine.displayable, 'another account has another safety number');
}

async function comparisons(create: Create): Promise<void> {
  const engine = await create();
  const { ours, theirs } = await fingerprintInputs(engine);
  const [mine, yours] = [await engine.fingerprint(ours), await engine.fingerprint(theirs)];
  await engine.compareScannable(mine.scannable, yours.scannable);
  await engine.compareScannable(yours.scannable, mine.scannable);
  const impostor = await engine.fingerprint({
    ...theirs,
    ourIdentityKey: (await engine.generateIdentity()).publicKey,
  });
  for (const [what, scanned] of [
    ['impostor', impostor.scannable],
    ['own code', mine.scannable],
  ] as const) {
    await assertRejects(
      () => engine.compareScannable(mine.scannable, scanned),
      'safety-number-mismatch',
      what,
    );
  }
  const malformed = [
    new Uint8Array(),
    Uint8Array.of(1, 2, 3),
    new Uint8Array(100_000).fill(8),
    yours.scannable.slice(0, 40),
  ];
  for (const scanned of malformed) {
    const what = `${scanned.length} bytes that are no fingerprint`;
    await assertRejects(() => engine.compareScannable(mine.scannable, scanned), 'invalid-message', what);
  }
}

async function malformedSafetyNumbers(create: Create): Promise<void> {
  const engine = await create();
  const { ours } = await fingerprintInputs(engine);
  const key = ours.theirIdentityKey;
  for (const broken of [new Uint8Array(), key.slice(0, 32), flipBit(key, 0), Uint8Array.of(...key, 0)]) {
    const input = { ...ours, theirIdentityKey: broken };
    await assertRejects(() => engine.fingerprint(input), 'invalid-key', `a key of ${broken.length} bytes`);
  }
}

async function acrossEngines(pair: EnginePair): Promise<void> {
  const [left, right] = [await pair.initiator(), await pair.recipient()];
  const { ours, theirs } = await fingerprintInputs(left);
  const [mine, yours] = [await left.fingerprint(ours), await right.fingerprint(theirs)];
  assertEqual(mine.displayable, yours.displayable, 'the safety number on the other side');
  assertEqual(await right.fingerprint(ours), mine, 'the same side’s, by the other engine');
  await left.compareScannable(mine.scannable, yours.scannable);
  await right.compareScannable(yours.scannable, mine.scannable);
  const compare = () => right.compareScannable(yours.scannable, yours.scannable);
  await assertRejects(compare, 'safety-number-mismatch', 'one’s own code');
}
