/** Lies about bundles, statements and manifests while a session is to be started: nothing is encrypted for an impostor. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SottoErrorCode } from '../../src/errors.js';
import type { Message } from '../../src/messages/index.js';
import type { IdentityKeyPair } from '../../src/ports/index.js';
import type { AccountBundle, DeviceBundle, DeviceId, SendRequest } from '../../src/wire/index.js';
import { manifestHash } from '../../src/verification/index.js';
import { identityOf, makeIdentity, signManifest, signStatement } from '../support/identities.js';
import { expectUntouched, makeCast, quiet, talk, type Cast } from './cast.js';

let cast: Cast;
let mallory: IdentityKeyPair;
let bobIdentity: IdentityKeyPair;
/** What an honest relay says of carol. */
let carolBundle: AccountBundle;

/** What a failed send leaves behind: its own row and status, and the journal. */
const sendMarks = [
  /^message\//,
  /^message-id\//,
  /^conversation\//,
  /^outbox-head$/,
  /^journal(-head$|\/)/,
  /^(seen|receipt)\//,
];

interface BundleLie {
  readonly name: string;
  readonly tell: (honest: AccountBundle) => AccountBundle | Promise<AccountBundle>;
  /** How the message ends, or `deferred` where it is tried again by itself. */
  readonly end: SottoErrorCode | 'deferred' | 'sent honestly';
}

function withDevice(bundle: AccountBundle, change: Partial<DeviceBundle>): AccountBundle {
  return { ...bundle, devices: bundle.devices.map((device) => ({ ...device, ...change })) };
}

const carols = () => carolBundle.devices[0]!;
const flipLast = (bytes: Uint8Array<ArrayBuffer>) => {
  const copy = bytes.slice();
  copy[copy.length - 2]! ^= 1;
  return copy;
};

/** A manifest of bob's as bob would sign it, which here the relay got hold of. */
function bobManifest(honest: AccountBundle, change: Partial<AccountBundle['manifest']>) {
  return signManifest(bobIdentity, { ...honest.manifest, ...change });
}

const lies: readonly BundleLie[] = [
  {
    name: 'another identity key, with a statement and a manifest by it',
    tell: async (honest) => ({
      ...honest,
      statement: await signStatement(mallory, honest.statement),
      manifest: await signManifest(mallory, honest.manifest),
    }),
    end: 'identity-changed',
  },
  {
    name: 'another identity key under the old signature',
    tell: (honest) => ({
      ...honest,
      statement: { ...honest.statement, identityKey: mallory.publicKey as Uint8Array<ArrayBuffer> },
    }),
    end: 'invalid-signature',
  },
  {
    name: 'a statement whose signature does not verify',
    tell: (honest) => ({
      ...honest,
      statement: { ...honest.statement, signature: flipLast(honest.statement.signature) },
    }),
    end: 'invalid-signature',
  },
  { name: 'the bundle of another account', tell: () => carolBundle, end: 'statement-mismatch' },
  {
    name: 'another username',
    tell: async (honest) => ({
      ...honest,
      statement: await signStatement(bobIdentity, {
        ...honest.statement,
        username: carolBundle.statement.username,
      }),
    }),
    end: 'statement-mismatch',
  },
  {
    name: 'the manifest of another account',
    tell: (honest) => ({ ...honest, manifest: carolBundle.manifest }),
    end: 'invalid-signature',
  },
  {
    name: 'a manifest that its identity key did not sign',
    tell: async (honest) => ({ ...honest, manifest: await signManifest(mallory, honest.manifest) }),
    end: 'invalid-signature',
  },
  {
    name: 'a manifest of the identity key for another account',
    tell: async (honest) => ({
      ...honest,
      manifest: await bobManifest(honest, { accountId: carolBundle.statement.accountId }),
    }),
    end: 'statement-mismatch',
  },
  {
    name: 'a fork: the same version with other devices',
    tell: async (honest) => ({
      ...honest,
      manifest: await bobManifest(honest, {
        devices: honest.manifest.devices.map((device) => ({ ...device, addedDay: 1 })),
      }),
    }),
    end: 'manifest-rollback',
  },
  {
    name: 'a next version that does not follow the one seen',
    tell: async (honest) => ({
      ...honest,
      manifest: await bobManifest(honest, {
        version: honest.manifest.version + 1,
        previousHash: new Uint8Array(32),
      }),
    }),
    end: 'manifest-rollback',
  },
  {
    name: 'an older version than the one seen',
    tell: async (honest) => ({
      ...honest,
      manifest: await bobManifest(honest, { version: 1, previousHash: null }),
    }),
    end: 'manifest-rollback',
  },
  {
    name: 'a device twice in the manifest',
    tell: async (honest) => ({
      ...honest,
      manifest: await bobManifest(honest, {
        version: honest.manifest.version + 2,
        devices: [...honest.manifest.devices, ...honest.manifest.devices],
      }),
    }),
    end: 'invalid-manifest',
  },
  {
    name: 'another signed pre-key',
    tell: (honest) => withDevice(honest, { signedPreKey: carols().signedPreKey }),
    end: 'invalid-bundle',
  },
  {
    name: 'another signature under the signed pre-key',
    tell: (honest) => {
      const { signedPreKey, kemPreKey } = honest.devices[0]!;
      return withDevice(honest, { signedPreKey: { ...signedPreKey, signature: kemPreKey.signature } });
    },
    end: 'invalid-bundle',
  },
  {
    name: 'another KEM pre-key',
    tell: (honest) => withDevice(honest, { kemPreKey: carols().kemPreKey }),
    end: 'invalid-bundle',
  },
  {
    name: 'a KEM pre-key with one bit turned',
    tell: (honest) => {
      const { kemPreKey } = honest.devices[0]!;
      return withDevice(honest, { kemPreKey: { ...kemPreKey, publicKey: flipLast(kemPreKey.publicKey) } });
    },
    end: 'invalid-bundle',
  },
  {
    name: 'another signature under the KEM pre-key',
    tell: (honest) => {
      const { signedPreKey, kemPreKey } = honest.devices[0]!;
      return withDevice(honest, { kemPreKey: { ...kemPreKey, signature: signedPreKey.signature } });
    },
    end: 'invalid-bundle',
  },
  {
    name: 'all keys of another account',
    tell: (honest) => {
      const { signedPreKey, kemPreKey, oneTimePreKey } = carols();
      return withDevice(honest, { signedPreKey, kemPreKey, oneTimePreKey });
    },
    end: 'invalid-bundle',
  },
  {
    name: 'a one-time pre-key that is no key',
    tell: (honest) =>
      withDevice(honest, { oneTimePreKey: { id: 1, publicKey: new Uint8Array(33).fill(0xff) } }),
    end: 'invalid-bundle',
  },
  {
    name: 'another registration id',
    tell: (honest) => withDevice(honest, { registrationId: 1 + (honest.devices[0]!.registrationId % 16380) }),
    end: 'statement-mismatch',
  },
  { name: 'no device', tell: (honest) => ({ ...honest, devices: [] }), end: 'deferred' },
  {
    name: 'a device more than the manifest lists',
    tell: (honest) => ({
      ...honest,
      devices: [...honest.devices, { ...honest.devices[0]!, deviceId: 2 as DeviceId }],
    }),
    end: 'sent honestly',
  },
];

beforeAll(async () => {
  cast = await makeCast('bundles');
  const { world, alice, bob } = cast;
  mallory = await makeIdentity();
  bobIdentity = await identityOf(bob);
  // Alice has seen a second version, so that there is one to roll back to.
  const first = world.relay.account('bob')!.manifest;
  const second = await signManifest(bobIdentity, { ...first, version: 2, previousHash: hashOf(first) });
  world.relay.replaceManifest(second);
  await alice.messenger.sessions.reset(cast.bobId);
  await talk(alice, bob, 'I see version 2');
  // An honest look at carol, for the relay to mix in.
  await alice.messenger.contacts.add(await cast.carol.code());
  world.relay.tamper.responses = { 'keys.bundle': (honest) => (carolBundle = honest) };
  await alice.messenger.messages.send(await cast.carol.id(), { text: 'hello carol' });
  await quiet(world);
  expect(carolBundle.statement.username).toBe('carol');
});

beforeEach(async () => {
  cast.world.relay.tamper = {};
  await cast.alice.messenger.sessions.reset(cast.bobId);
});

function hashOf(manifest: AccountBundle['manifest']): Uint8Array<ArrayBuffer> {
  return manifestHash(manifest) as Uint8Array<ArrayBuffer>;
}

/** Sends under a lie and waits until it has come to whatever end it comes to. */
async function sendUnder(lie: BundleLie): Promise<Message> {
  const { world, alice, bobId } = cast;
  // The hook is synchronous: the lie is made of what an honest relay says, before.
  const honest = await honestBundle();
  const told = await lie.tell(honest);
  // What begins a session for real must not be made of keys that were used for the look before.
  const fresh = lie.end === 'sent honestly';
  world.relay.tamper.responses = {
    'keys.bundle': (live) => (fresh ? (lie.tell(live) as AccountBundle) : told),
  };
  const { seq } = await alice.messenger.messages.send(bobId, { text: lie.name });
  await world.pass(5_000);
  return alice.messenger.messages.get(bobId, seq);
}

/** What the relay answers when nobody interferes. It costs one of bob's one-time keys. */
async function honestBundle(): Promise<AccountBundle> {
  const { world, alice, bob, bobId } = cast;
  let honest: AccountBundle | undefined;
  world.relay.tamper.responses = { 'keys.bundle': (response) => (honest = response) };
  await alice.messenger.messages.send(bobId, { text: 'show me' });
  await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
  await alice.messenger.sessions.reset(bobId);
  await quiet(world);
  return honest!;
}

async function meetAgain(): Promise<void> {
  const { alice, bob, bobId } = cast;
  await alice.messenger.contacts.remove(bobId);
  await alice.messenger.contacts.add(await bob.code());
}

describe('a bundle that shows', () => {
  it.each(lies)('$name', async (lie) => {
    const { world, alice, bob, bobId } = cast;
    const contactBefore = await alice.messenger.contacts.get(bobId);
    const sent: SendRequest[] = [];
    await quiet(world);
    const before = await alice.dump();
    world.relay.tamper.delay = (call) => {
      if (call.operation === 'send' && call.device?.accountId === cast.aliceId) sent.push(call.request);
      return undefined;
    };
    const message = await sendUnder(lie);
    const contact = await alice.messenger.contacts.get(bobId);
    if (lie.end === 'sent honestly') {
      expect(message.status).toBe('delivered');
      expect(sent.at(-1)!.bodies.map(({ deviceId }) => deviceId)).toEqual([1]);
    } else if (lie.end === 'deferred') {
      expect(message.status).toBe('pending');
    } else {
      expect(message).toMatchObject({ status: 'failed', failure: lie.end });
      expect(await bob.texted(alice)).not.toContain(lie.name);
      const changed = lie.end === 'identity-changed';
      expect(contact?.trust).toBe(changed ? 'changed' : contactBefore?.trust);
      expect(contact?.identityKey).toEqual(contactBefore?.identityKey);
      // The honest look made before the lie has moved contact and session; the lie has moved neither.
      expectUntouched(before, await alice.dump(), [...sendMarks, /^(contact|engine\/session)\//]);
      expect(sent).toHaveLength(1);
      if (changed) {
        await expect(alice.messenger.messages.send(bobId, { text: 'no' })).rejects.toMatchObject({
          code: 'identity-changed',
          details: { shownIdentityKey: mallory.publicKey },
        });
        await meetAgain();
      }
    }
    world.relay.tamper = {};
    await world.until(async () => (await alice.history(bob)).every(({ status }) => status !== 'pending'));
    await talk(alice, bob, `after: ${lie.name}`);
    await talk(bob, alice, `and back: ${lie.name}`);
  });

  it('another one-time pre-key, which nothing signs, ends in the open at the other side', async () => {
    const { world, alice, bob, bobId } = cast;
    const heard = bob.undecryptable.length;
    const { oneTimePreKey: carolsKey } = carols();
    let told = false;
    world.relay.tamper.responses = {
      'keys.bundle': (honest) => {
        // Once: what begins a session in the place of the lost one is told the truth.
        if (told) return honest;
        told = true;
        const { oneTimePreKey } = honest.devices[0]!;
        return withDevice(honest, { oneTimePreKey: { ...oneTimePreKey!, publicKey: carolsKey!.publicKey } });
      },
    };
    await alice.messenger.messages.send(bobId, { text: 'lost' });
    await quiet(world);
    expect(bob.undecryptable.slice(heard)).toEqual(['invalid-message']);
    world.relay.tamper = {};
    await alice.messenger.sessions.reset(bobId);
    await talk(alice, bob, 'another session');
  });

  it('a one-time pre-key for the second time ends in the open at the other side', async () => {
    const { world, alice, bob, bobId } = cast;
    const used = await honestBundle();
    const heard = bob.undecryptable.length;
    world.relay.tamper.responses = { 'keys.bundle': () => used };
    await alice.messenger.messages.send(bobId, { text: 'lost as well' });
    await quiet(world);
    expect(bob.undecryptable.slice(heard)).toEqual(['pre-key-missing']);
    world.relay.tamper = {};
    await alice.messenger.sessions.reset(bobId);
    await talk(alice, bob, 'with a key of its own');
  });

  it('what no schema knows is asked for again until the relay answers', async () => {
    const { world, alice, bob, bobId } = cast;
    const nonsense = [null, 7, [], {}, { statement: {} }, 'text'];
    let asked = 0;
    world.relay.tamper.rawResponse = (encoded, { operation }) =>
      operation === 'keys.bundle' && asked < nonsense.length ? nonsense[asked++] : encoded;
    await alice.messenger.messages.send(bobId, { text: 'at last' });
    await world.until(async () => (await alice.history(bob)).at(-1)?.status === 'delivered');
    expect(asked).toBe(nonsense.length);
  });
});
