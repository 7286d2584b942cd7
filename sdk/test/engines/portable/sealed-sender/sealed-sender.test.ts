/** Sealed sender of both versions: sealed by one engine, opened by both. */
import {
  Aci,
  Pni,
  sealedSenderEncrypt,
  sealedSenderMultiRecipientEncrypt,
  UnidentifiedSenderMessageContent,
} from '@signalapp/libsignal-client';
import NativeSentForm from '@signalapp/libsignal-client/dist/SealedSenderMultiRecipientMessage.js';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../../src/bytes.js';
import type { KeyPair } from '../../../../src/engines/portable/primitives/keys.js';
import { serviceIdFixedWidth } from '../../../../src/engines/portable/messages/service-id.js';
import { serializeContent } from '../../../../src/engines/portable/sealed-sender/content.js';
import { splitSentForm } from '../../../../src/engines/portable/sealed-sender/sent-form.js';
import { encryptOnce, openerFor } from '../../../../src/engines/portable/sealed-sender/version-2.js';
import { seal, sealForMany, splitSealed } from '../../../../src/engines/portable/sealed-sender/steps.js';
import type { EngineView, SealedContent } from '../../../../src/ports/index.js';
import { seededRandom } from '../../../../src/testing/index.js';
import { plain } from '../messages/formats.js';
import { mutated } from '../messages/mutate.js';
import { Authority, contents, Device, now, openBoth, outcomeOf, primitives, seed, slow } from './support.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const authority = new Authority('authority');
const alice = new Device('alice', 3);
const bob = new Device('bob', 1);
const certificate = authority.certificate(alice);
const noRecords: EngineView = { get: async (keys) => keys.map(() => undefined) };

function nativeContent(content: SealedContent): UnidentifiedSenderMessageContent {
  const bytes = serializeContent(content, certificate.serialize());
  return UnidentifiedSenderMessageContent.deserialize(plain(bytes));
}

/** Ways to seal for one, by engine and version. */
const sealers: Readonly<Record<string, (content: SealedContent, to: Device) => Promise<Uint8Array>>> = {
  'portable, version 1': (content, to) =>
    seal(primitives, {
      our: alice.our,
      certificate: certificate.serialize(),
      content,
      theirIdentityKey: to.identityKey,
    }),
  'libsignal, version 1': async (content, to) => {
    await alice.identities.saveIdentity(to.native, to.identities.key.getPublicKey());
    return sealedSenderEncrypt(nativeContent(content), to.native, alice.identities);
  },
  'portable, version 2': async (content, to) => splitSealed(await sealOurs(content, [to]), to.name),
  'libsignal, version 2': async (content, to) => splitSealed(await sealNative(content, [to]), to.name),
};

async function meetAll(devices: readonly Device[]): Promise<void> {
  for (const [index, device] of devices.entries()) {
    if (!alice.registrationIds.has(device.native.toString())) await alice.meet(device, 0x3fff - index);
  }
}

async function sealOurs(
  content: SealedContent,
  devices: readonly Device[],
  excluded: readonly string[] = [],
): Promise<Uint8Array> {
  await meetAll(devices);
  const recipients = devices.map(({ our: { address }, identityKey }) => ({ address, identityKey }));
  const input = { our: alice.our, certificate: certificate.serialize(), content, recipients, excluded };
  return sealForMany(primitives, alice.registrationIdsOf, noRecords, input);
}

async function sealNative(
  content: SealedContent,
  devices: readonly Device[],
  excluded: readonly string[] = [],
): Promise<Uint8Array> {
  await meetAll(devices);
  return sealedSenderMultiRecipientEncrypt({
    content: nativeContent(content),
    recipients: devices.map(({ native }) => native),
    excludedRecipients: excluded.map((name) =>
      name.startsWith('PNI:') ? Pni.parseFromServiceIdString(name) : Aci.parseFromServiceIdString(name),
    ),
    identityStore: alice.identities,
    sessionStore: alice.sessions,
  });
}

describe.each(['portable, version 1', 'portable, version 2'])('sealing by %s', (name) => {
  it.each(['strange', 'toString'])('refuses content of the kind %s', async (kind) => {
    const content = { ...contents[0]!, kind } as unknown as SealedContent;
    await expect(sealers[name]!(content, bob)).rejects.toThrow(TypeError);
  });
});

describe.each(Object.entries(sealers))('sealed by %s', (name, sealWith) => {
  it.each(contents)('$kind with the hint $contentHint', async (content) => {
    const sealed = await sealWith(content, bob);
    expect(await openBoth(bob, sealed, authority.trust())).toEqual(
      outcomeOf(alice.our.address, alice.identityKey, content),
    );
  });

  it('opens for nobody else, and not for the same identity under a root nobody trusts', async () => {
    const sealed = await sealWith(contents[0]!, bob);
    expect(await openBoth(new Device('carol'), sealed, authority.trust())).toBe('invalid-message');
    expect(await openBoth(bob, sealed, new Authority('another').trust())).toBe('invalid-certificate');
  });

  it('opens up to the last millisecond of the certificate', async () => {
    const sealed = await sealWith(contents[0]!, bob);
    expect(await openBoth(bob, sealed, authority.trust(now))).toBeTypeOf('object');
    expect(await openBoth(bob, sealed, authority.trust(now + 1))).toBe('certificate-expired');
  });

  it('says so to the device that sealed it, and opens for another one of that account', async () => {
    const twin = new Device('alice', 4, alice.name);
    expect(await openBoth(twin, await sealWith(contents[0]!, twin), authority.trust())).toBeTypeOf('object');
    const mirror = new Device('alice', 3, alice.name);
    expect(await openBoth(mirror, await sealWith(contents[0]!, mirror), authority.trust())).toBe(
      'sealed-by-self',
    );
  });

  it(`is the same to both engines, however tampered with (seed ${seed})`, async () => {
    const random = seededRandom(`${seed} ${name}`);
    const sealed = await sealWith(contents[0]!, bob);
    const whole = await openBoth(bob, sealed, authority.trust());
    for (let run = 0; run < (slow ? 4_000 : 100); run += 1) {
      const bytes = sealed.slice();
      bytes[random.integer(bytes.length)]! ^= 1 << random.integer(8);
      const outcome = await openBoth(bob, bytes, authority.trust());
      // The lower half of the first byte is nobody's concern, nor is the top bit of a curve's coordinate always.
      if (outcome !== 'invalid-message') expect(outcome).toEqual(whole);
      await openBoth(bob, mutated(random, sealed, { before: 1, after: 0 }), authority.trust());
    }
  });

  it('refuses what is cut short, at every length', async () => {
    const sealed = await sealWith(contents[0]!, bob);
    for (let length = 0; length < sealed.length; length += slow ? 1 : 7) {
      expect(await openBoth(bob, sealed.slice(0, length), authority.trust())).toBe('invalid-message');
    }
  });
});

describe('version bytes', () => {
  it('count by their upper half', async () => {
    const first = await sealers['portable, version 1']!(contents[0]!, bob);
    const second = await sealers['portable, version 2']!(contents[0]!, bob);
    expect([first[0], second[0]]).toEqual([0x11, 0x22]);
    for (let byte = 0; byte < 256; byte += 1) {
      const [one, two] = [first.with(0, byte), second.with(0, byte)];
      const outcomes = [
        await openBoth(bob, one, authority.trust()),
        await openBoth(bob, two, authority.trust()),
      ];
      const known = byte >> 4 <= 1 ? 0 : byte >> 4 === 2 ? 1 : undefined;
      expect(outcomes.map((outcome) => typeof outcome === 'object')).toEqual([known === 0, known === 1]);
    }
  });
});

describe('somebody who is not the sender', () => {
  const mallory = new Device('mallory', 3);

  it.each(['version 1', 'version 2'])('cannot seal with the sender’s certificate (%s)', async (version) => {
    const input = { our: mallory.our, certificate: certificate.serialize(), content: contents[0]! };
    await mallory.meet(bob);
    const recipients = [{ address: bob.our.address, identityKey: bob.identityKey }];
    const sealed =
      version === 'version 1'
        ? await seal(primitives, { ...input, theirIdentityKey: bob.identityKey })
        : splitSealed(
            await sealForMany(primitives, mallory.registrationIdsOf, noRecords, { ...input, recipients }),
            bob.name,
          );
    expect(await openBoth(bob, sealed, authority.trust())).toBe('invalid-message');
  });

  it('cannot seal under an ephemeral key that is not made from the seed', async () => {
    const once = await encryptOnce(primitives, nativeContent(contents[0]!).serialize());
    const ours = { ...alice.our.identity, privateKey: alice.our.identity.privateKey.expose() } as never;
    const seal2 = async (ephemeral: KeyPair) => {
      const opener = await openerFor(
        primitives.curve,
        { ...once, ephemeral },
        ours,
        bob.identityKey as never,
      );
      const coordinate = ephemeral.publicKey.subarray(1);
      return concatBytes(Uint8Array.of(0x22), opener, coordinate, once.ciphertext);
    };
    expect(await openBoth(bob, await seal2(once.ephemeral), authority.trust())).toBeTypeOf('object');
    const other = await primitives.curve.generateKeyPair();
    expect(await openBoth(bob, await seal2(other), authority.trust())).toBe('invalid-message');
  });
});

describe('keys of low order', () => {
  it('in the place of the ephemeral one are refused', async () => {
    const first = plain(await sealers['libsignal, version 1']!(contents[0]!, bob));
    first.fill(0, 4, 36);
    expect(await openBoth(bob, first, authority.trust())).toBe('invalid-message');
    const second = plain(await sealers['libsignal, version 2']!(contents[0]!, bob));
    second.fill(0, 49, 81);
    expect(await openBoth(bob, second, authority.trust())).toBe('invalid-message');
  });

  it('are nobody to seal for', async () => {
    const key = new Uint8Array(33).with(0, 5);
    const input = { our: alice.our, certificate: certificate.serialize(), content: contents[0]! };
    await expect(seal(primitives, { ...input, theirIdentityKey: key })).rejects.toMatchObject({
      code: 'invalid-key',
    });
    await meetAll([bob]);
    const recipients = [{ address: bob.our.address, identityKey: key }];
    await expect(
      sealForMany(primitives, alice.registrationIdsOf, noRecords, { ...input, recipients }),
    ).rejects.toMatchObject({ code: 'invalid-key' });
  });
});

describe('the sent form', () => {
  const phone = new Device('bob', 1, bob.name);
  const laptop = new Device('bob', 127, bob.name);
  const carol = new Device('carol', 2);
  const behindNumber = new Device('dave', 1, `PNI:${new Device('dave').name}`);
  const excluded = [new Device('erin').name, new Device('frank').name];
  const excludedNumber = `PNI:${new Device('grace').name}`;
  const everybody = [phone, laptop, carol];

  it.each([
    ['portable', sealOurs],
    ['libsignal', sealNative],
  ])('of %s says to both who receives, and opens for each', async (_, sealWith) => {
    const sent = await sealWith(contents[2]!, everybody, excluded);
    const native = new NativeSentForm(plain(sent));
    expect(native.excludedRecipientServiceIdStrings()).toEqual(excluded);
    const recipients = native.recipientsByServiceIdString();
    expect(
      Object.entries(recipients).map(([name, { deviceIds, registrationIds }]) => [
        name,
        deviceIds,
        registrationIds,
      ]),
    ).toEqual([
      [
        bob.name,
        [1, 127],
        [
          alice.registrationIds.get(phone.native.toString()),
          alice.registrationIds.get(laptop.native.toString()),
        ],
      ],
      [carol.name, [2], [alice.registrationIds.get(carol.native.toString())]],
    ]);
    for (const device of everybody) {
      const received = splitSealed(sent, device.name);
      expect(Buffer.from(received).equals(native.messageForRecipient(recipients[device.name]!))).toBe(true);
      expect(await openBoth(device, received, authority.trust())).toEqual(
        outcomeOf(alice.our.address, alice.identityKey, contents[2]!),
      );
    }
    for (const name of [...excluded, alice.name]) {
      expect(() => splitSealed(sent, name)).toThrow(expect.objectContaining({ code: 'invalid-message' }));
    }
  });

  it('has the same shape from both', async () => {
    const [ours, theirs] = [
      await sealOurs(contents[0]!, everybody, excluded),
      await sealNative(contents[0]!, everybody, excluded),
    ];
    // Ids and devices lie at the same places; between them are 48 bytes for each account, which differ.
    const opener = 48;
    const headers = [2 + 17 + 6, 17 + 3];
    const excludedLength = 2 * 18;
    let offset = 0;
    for (const length of headers) {
      const [left, right] = [ours, theirs].map((bytes) => hex(bytes.subarray(offset, offset + length)));
      expect(left).toBe(right);
      offset += length + opener;
    }
    const [left, right] = [ours, theirs].map((bytes) => hex(bytes.subarray(offset, offset + excludedLength)));
    expect(left).toBe(right);
    expect(ours).toHaveLength(theirs.length);
  });

  it('repeats an account whose devices are not beside each other, for whom the first counts', async () => {
    for (const sealWith of [sealOurs, sealNative]) {
      const sent = await sealWith(contents[0]!, [phone, carol, laptop]);
      expect(sent[1]).toBe(3);
      const native = new NativeSentForm(plain(sent));
      const recipients = native.recipientsByServiceIdString();
      expect(recipients[bob.name]!.deviceIds).toEqual([1, 127]);
      const received = splitSealed(sent, bob.name);
      expect(Buffer.from(received).equals(native.messageForRecipient(recipients[bob.name]!))).toBe(true);
      expect(await openBoth(phone, received, authority.trust())).toBeTypeOf('object');
    }
  });

  it('goes to nobody, and to a hundred and fifty', async () => {
    const nobody = await sealOurs(contents[0]!, []);
    expect(new NativeSentForm(plain(nobody)).recipientsByServiceIdString()).toEqual({});
    const many = Array.from({ length: 150 }, (_, index) => new Device(`many ${index}`).name);
    const sent = await sealOurs(contents[0]!, [phone], many);
    expect(new NativeSentForm(plain(sent)).excludedRecipientServiceIdStrings()).toEqual(many);
    expect(await openBoth(phone, splitSealed(sent, bob.name), authority.trust())).toBeTypeOf('object');
  });

  it('needs sessions, and registration ids of 14 bits', async () => {
    const stranger = new Device('stranger');
    const input = { our: alice.our, certificate: certificate.serialize(), content: contents[0]! };
    const recipients = [{ address: stranger.our.address, identityKey: stranger.identityKey }];
    const attempt = () =>
      sealForMany(primitives, alice.registrationIdsOf, noRecords, { ...input, recipients });
    await expect(attempt()).rejects.toMatchObject({ code: 'no-session' });
    await alice.meet(stranger, 0x4000);
    await expect(attempt()).rejects.toMatchObject({ code: 'invalid-registration-id' });
    await expect(sealNative(contents[0]!, [stranger])).rejects.toThrow();
    alice.registrationIds.set(stranger.native.toString(), 0);
    expect(
      await openBoth(stranger, splitSealed(await attempt(), stranger.name), authority.trust()),
    ).toBeTypeOf('object');
  });

  it('takes names that are account ids', async () => {
    for (const name of ['bob', bob.name.toUpperCase(), `PNI:${bob.name}`, '']) {
      await expect(sealOurs(contents[0]!, [phone], [name])).rejects.toThrow(TypeError);
      expect(() => splitSealed(new Uint8Array(), name)).toThrow(TypeError);
    }
    await expect(sealOurs(contents[0]!, [behindNumber])).rejects.toThrow(TypeError);
  });

  it('of others is read where it names those behind phone numbers', async () => {
    const sent = await sealNative(contents[0]!, [behindNumber, phone], [excludedNumber]);
    const received = splitSentForm(sent, serviceIdFixedWidth(behindNumber.name)!);
    expect(await openBoth(behindNumber, received, authority.trust())).toBeTypeOf('object');
    expect(await openBoth(phone, splitSealed(sent, bob.name), authority.trust())).toBeTypeOf('object');
    // An account is not who is behind a number, though the UUIDs be the same.
    for (const name of [excludedNumber, behindNumber.name.slice(4)]) {
      expect(() => splitSentForm(sent, serviceIdFixedWidth(name)!)).toThrow(
        expect.objectContaining({ code: 'invalid-message' }),
      );
    }
  });

  it('of a certificate that is none is not made', async () => {
    const input = { our: alice.our, certificate: Uint8Array.of(1), content: contents[0]!, recipients: [] };
    await expect(sealForMany(primitives, alice.registrationIdsOf, noRecords, input)).rejects.toMatchObject({
      code: 'invalid-certificate',
    });
    await expect(seal(primitives, { ...input, theirIdentityKey: bob.identityKey })).rejects.toMatchObject({
      code: 'invalid-certificate',
    });
  });
});
