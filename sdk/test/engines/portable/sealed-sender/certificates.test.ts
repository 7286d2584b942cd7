/** Certificates: issued by one engine, believed by both or by neither. */
import { type PrivateKey, SenderCertificate, ServerCertificate } from '@signalapp/libsignal-client';
import { describe, expect, it } from 'vitest';
import { concatBytes, utf8 } from '../../../../src/bytes.js';
import { SignatureMemory } from '../../../../src/engines/portable/sealed-sender/signature-memory.js';
import {
  issueSenderCertificate,
  issueServerCertificate,
  verifySenderCertificate,
} from '../../../../src/engines/portable/sealed-sender/trust.js';
import { parsePublicKey } from '../../../../src/engines/portable/primitives/keys.js';
import { isSottoError } from '../../../../src/errors.js';
import type { CertificateTrust } from '../../../../src/ports/index.js';
import { Secret } from '../../../../src/secret.js';
import { seededRandom } from '../../../../src/testing/index.js';
import { plain, privateKey } from '../messages/formats.js';
import { mutated, sizedField, varintField } from '../messages/mutate.js';
import { Authority, Device, nativeVerdict, now, primitives, seed, slow } from './support.js';

const alice = new Device('alice', 3);
const authority = new Authority('authority');
const secret = (key: PrivateKey) => new Secret(key.serialize());

function ourVerdict(certificate: Uint8Array, trust: CertificateTrust): string {
  try {
    verifySenderCertificate(certificate, trust);
    return 'valid';
  } catch (error) {
    if (isSottoError(error)) return error.code;
    throw error;
  }
}

function theirVerdict(certificate: Uint8Array, trust: CertificateTrust): string {
  let read: SenderCertificate;
  try {
    read = SenderCertificate.deserialize(plain(certificate));
  } catch {
    return 'invalid-certificate';
  }
  return nativeVerdict(read, trust);
}

function both(certificate: Uint8Array, trust: CertificateTrust): string {
  const verdict = ourVerdict(certificate, trust);
  expect(verdict, Buffer.from(certificate).toString('hex')).toBe(theirVerdict(certificate, trust));
  return verdict;
}

/** A certificate by hand, signed by the authority's server. */
function handmade(...fields: readonly Uint8Array[]): Uint8Array {
  const content = plain(concatBytes(...fields));
  return concatBytes(sizedField(1, content), sizedField(2, authority.server.sign(content)));
}

const deviceField = varintField(2, 3);
const expiresField = concatBytes(Uint8Array.of(0x19), new Uint8Array(8).with(6, 1));
const keyField = sizedField(4, alice.identityKey);
const uuidField = sizedField(6, utf8(alice.name));

const signerField = (id = 1): Uint8Array => sizedField(5, authority.serverCertificate(id).serialize());

describe('certificates', () => {
  const serverCertificate = issueServerCertificate(primitives, {
    id: 9,
    publicKey: authority.server.getPublicKey().serialize(),
    trustRoot: secret(authority.root),
  });
  const input = {
    serverCertificate,
    signingKey: secret(authority.server),
    sender: alice.our.address,
    identityKey: alice.identityKey,
    expiresAt: now,
  };
  const issued = issueSenderCertificate(primitives, input);

  it('that we issue are read by libsignal', () => {
    const native = SenderCertificate.deserialize(plain(issued));
    expect([native.senderUuid(), native.senderDeviceId(), native.expiration(), native.senderE164()]).toEqual([
      alice.name,
      3,
      now,
      null,
    ]);
    expect(Buffer.from(native.key().serialize()).equals(alice.identityKey)).toBe(true);
    expect(native.serverCertificate().keyId()).toBe(9);
    const server = ServerCertificate.deserialize(plain(serverCertificate));
    expect(authority.root.getPublicKey().verify(server.certificateData(), server.signature())).toBe(true);
  });

  it.each([
    ['that we issue', () => issued],
    ['that libsignal issues', () => authority.certificate(alice).serialize()],
  ])('%s are believed to the last millisecond', (_, make) => {
    expect(verifySenderCertificate(make(), authority.trust())).toEqual({
      sender: alice.our.address,
      identityKey: Uint8Array.from(alice.identityKey),
      expiresAt: now,
    });
    expect(both(make(), authority.trust(now))).toBe('valid');
    expect(both(make(), authority.trust(now + 1))).toBe('certificate-expired');
    expect(ourVerdict(make(), authority.trust(Number.NaN))).toBe('certificate-expired');
  });

  it('are believed under any of several roots, wherever it stands', () => {
    const root = authority.root.getPublicKey().serialize();
    const others = [1, 2].map((index) => new Authority(`other ${index}`).trust().trustRoots[0]!);
    for (const trustRoots of [
      [root, ...others],
      [others[0]!, root, others[1]!],
      [...others, root],
    ]) {
      expect(both(issued, { trustRoots, now })).toBe('valid');
    }
    expect(both(issued, { trustRoots: others, now })).toBe('invalid-certificate');
    expect(ourVerdict(issued, { trustRoots: [], now })).toBe('invalid-certificate');
    expect(ourVerdict(issued, { trustRoots: [root, root.subarray(1)], now })).toBe('invalid-certificate');
  });

  it('are not believed under a server that is revoked, that another root signed, or that did not sign', () => {
    expect(both(authority.certificate(alice, now, 0xdeadc357).serialize(), authority.trust())).toBe(
      'invalid-certificate',
    );
    const other = new Authority('other');
    expect(both(other.certificate(alice).serialize(), authority.trust())).toBe('invalid-certificate');
    const key = alice.identities.key.getPublicKey();
    const server = authority.serverCertificate();
    const stolen = SenderCertificate.new(alice.name, null, 3, key, now, server, other.server);
    expect(both(stolen.serialize(), authority.trust())).toBe('invalid-certificate');
    expect(both(stolen.serialize(), authority.trust(now + 1))).toBe('invalid-certificate');
  });

  it('are not believed under a server that is only a number', () => {
    const certificate = handmade(deviceField, expiresField, keyField, uuidField, varintField(8, 2));
    expect(both(certificate, authority.trust())).toBe('invalid-certificate');
    const last = handmade(deviceField, expiresField, keyField, uuidField, signerField(), varintField(8, 2));
    expect(both(last, authority.trust())).toBe('invalid-certificate');
    const first = handmade(deviceField, expiresField, keyField, uuidField, varintField(8, 2), signerField());
    expect(both(first, { ...authority.trust(), now: 5 })).toBe('valid');
  });

  it('name an account in lower case, as text or as bytes', () => {
    const trust = { ...authority.trust(), now: 5 };
    const withName = (field: Uint8Array) =>
      handmade(deviceField, expiresField, keyField, signerField(), field);
    expect(both(withName(uuidField), trust)).toBe('valid');
    expect(both(withName(sizedField(7, Buffer.from(alice.name.replaceAll('-', ''), 'hex'))), trust)).toBe(
      'valid',
    );
    for (const name of ['hello', '', alice.name.toUpperCase(), `PNI:${alice.name}`, `${alice.name} `]) {
      expect(both(withName(sizedField(6, utf8(name))), trust)).toBe('invalid-certificate');
    }
  });

  it('end before 2^53', () => {
    const trust = { ...authority.trust(), now: 5 };
    const until = (...bytes: number[]) =>
      handmade(
        deviceField,
        concatBytes(Uint8Array.of(0x19), Uint8Array.from(bytes)),
        keyField,
        uuidField,
        signerField(),
      );
    expect(ourVerdict(until(255, 255, 255, 255, 255, 255, 0x1f, 0), trust)).toBe('valid');
    expect(ourVerdict(until(0, 0, 0, 0, 0, 0, 0x20, 0), trust)).toBe('invalid-certificate');
    expect(ourVerdict(until(255, 255, 255, 255, 255, 255, 255, 255), trust)).toBe('invalid-certificate');
  });

  it(`are the same to both engines, however mutated (seed ${seed})`, () => {
    const random = seededRandom(`${seed} certificates`);
    const whole = authority.certificate(alice).serialize();
    const verdicts = new Map<string, number>();
    for (let run = 0; run < (slow ? 20_000 : 500); run += 1) {
      const verdict = both(
        mutated(random, whole, { before: 0, after: 0 }),
        authority.trust(now + random.integer(2)),
      );
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    }
    expect([...verdicts.keys()].sort()).toEqual(['certificate-expired', 'invalid-certificate', 'valid']);
  });

  it.each([
    [{ identityKey: new Uint8Array(33) }, 'invalid-key'],
    [{ signingKey: new Secret(new Uint8Array(31)) }, 'invalid-key'],
    [{ serverCertificate: new Uint8Array(3) }, 'invalid-certificate'],
  ])('are not issued over %o', (bad, code) => {
    expect(() => issueSenderCertificate(primitives, { ...input, ...bad })).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it.each([
    { sender: { ...alice.our.address, deviceId: 0 as never } },
    { sender: { ...alice.our.address, deviceId: 128 as never } },
    { sender: { ...alice.our.address, accountId: alice.name.toUpperCase() as never } },
    { expiresAt: -1 },
    { expiresAt: 1.5 },
    { expiresAt: 2 ** 53 },
  ])('are not issued for %o', (bad) => {
    expect(() => issueSenderCertificate(primitives, { ...input, ...bad })).toThrow(TypeError);
  });

  it('have ids of 32 bits, and servers with keys', () => {
    const server = {
      publicKey: authority.server.getPublicKey().serialize(),
      trustRoot: secret(authority.root),
    };
    for (const id of [-1, 2 ** 32, 0.5]) {
      expect(() => issueServerCertificate(primitives, { ...server, id })).toThrow(TypeError);
    }
    expect(() =>
      issueServerCertificate(primitives, { ...server, id: 1, publicKey: new Uint8Array(3) }),
    ).toThrow(expect.objectContaining({ code: 'invalid-key' }));
  });
});

describe('the memory of signatures', () => {
  const random = seededRandom('memory');
  const [signer, other] = [privateKey(random), privateKey(random)];
  const keyOf = (key: PrivateKey) => parsePublicKey(key.getPublicKey().serialize());
  const message = plain(utf8('message'));
  const signature = signer.sign(message);
  const memory = new SignatureMemory(3);
  const isSigned = memory.isSignedByOne.bind(memory);

  it('says the same the second time', () => {
    for (let time = 0; time < 2; time += 1) {
      expect(isSigned([keyOf(signer)], message, signature)).toBe(true);
      expect(isSigned([keyOf(other), keyOf(signer)], message, signature)).toBe(true);
      expect(isSigned([keyOf(other)], message, signature)).toBe(false);
      expect(isSigned([keyOf(signer)], utf8('massage'), signature)).toBe(false);
      expect(isSigned([keyOf(signer)], message, other.sign(message))).toBe(false);
      expect(isSigned([], message, signature)).toBe(false);
      expect(memory.size).toBe(2);
    }
  });

  it('does not mistake one division of the same bytes for another', () => {
    const joined = concatBytes(signature, message);
    expect(isSigned([keyOf(signer)], joined.subarray(65), joined.subarray(0, 65))).toBe(false);
    expect(isSigned([keyOf(signer)], joined, new Uint8Array())).toBe(false);
    expect(isSigned([], concatBytes(keyOf(signer), message), signature)).toBe(false);
  });

  it('holds no more than it may', () => {
    for (let index = 0; index < 10; index += 1) {
      const each = plain(utf8(`message ${index}`));
      expect(isSigned([keyOf(signer)], each, signer.sign(each))).toBe(true);
      expect(memory.size).toBeLessThanOrEqual(3);
    }
    expect(isSigned([keyOf(signer)], message, signature)).toBe(true);
  });
});
