/** Vectors of opening sealed messages: sealed with OpenSSL and libsignal's primitives, opened by libsignal. */
import { createCipheriv, createHmac } from 'node:crypto';
import {
  Aes256GcmSiv,
  hkdf,
  IdentityChange,
  IdentityKeyStore,
  LibSignalErrorBase,
  PrivateKey,
  PublicKey,
  sealedSenderDecryptToUsmc,
  type SenderCertificate,
} from '@signalapp/libsignal-client';
import { keyFrom, publicBytes, sign, verdict } from './keys.js';
import { bytesOf, fixed64, number, sized } from './protobuf.js';
import { counting, hex, type VectorFile, type VectorTest } from './vector-file.js';

type Bytes = Uint8Array<ArrayBuffer>;

const text = (value: string): Bytes => Uint8Array.from(new TextEncoder().encode(value));

const [root, server, alice, bob, ephemeral] = [1, 2, 3, 4, 5].map(keyFrom) as [
  PrivateKey,
  PrivateKey,
  PrivateKey,
  PrivateKey,
  PrivateKey,
];
const aliceId = '9d0652a3-dcc3-4d11-975f-74d61598733f';
const bobId = 'd1d1d1d1-7000-41eb-b32a-33b8a8a487a6';
const end = 1_800_000_000_000;

function signed(key: PrivateKey, content: Bytes): Bytes {
  return bytesOf(sized(1, content), sized(2, sign(key, content)));
}

const serverContent = (id: number) => bytesOf(number(1, id), sized(2, publicBytes(server)));

interface CertificateParts {
  readonly uuid?: string;
  readonly deviceId?: number;
  readonly identity?: PrivateKey;
  readonly signer?: Bytes;
  readonly signedBy?: PrivateKey;
}

/** Alice's certificate, or one that differs somewhere. */
function certificate(parts: CertificateParts = {}): Bytes {
  const { uuid = aliceId, deviceId = 7, identity = alice, signedBy = server } = parts;
  const signer = parts.signer ?? sized(5, signed(root, serverContent(1)));
  const content = [number(2, deviceId), fixed64(3, BigInt(end)), sized(4, publicBytes(identity)), signer];
  return signed(signedBy, bytesOf(...content, sized(6, text(uuid))));
}

/** The inside: a message with a hint and a group. */
function inside(sender = certificate()): Bytes {
  return bytesOf(
    number(1, 2),
    sized(2, sender),
    sized(3, counting(20)),
    number(4, 1),
    sized(5, counting(4, 80)),
  );
}

function box(keys: Bytes, data: Bytes): Bytes {
  const cipher = createCipheriv('aes-256-ctr', keys.subarray(32, 64), new Uint8Array(16));
  const ciphertext = bytesOf(cipher.update(data), cipher.final());
  const mac = createHmac('sha256', keys.subarray(64)).update(ciphertext).digest();
  return bytesOf(ciphertext, mac.subarray(0, 10));
}

const nothing = new Uint8Array();

function sealVersion1(content: Bytes, by = alice): Bytes {
  const salt = bytesOf(text('UnidentifiedDelivery'), publicBytes(bob), publicBytes(ephemeral));
  const first = hkdf(96, ephemeral.agree(bob.getPublicKey()), nothing, salt);
  const encryptedStatic = box(first, publicBytes(by));
  const second = hkdf(
    96,
    by.agree(bob.getPublicKey()),
    nothing,
    bytesOf(first.subarray(0, 32), encryptedStatic),
  );
  const encryptedMessage = box(second, content);
  return bytesOf(
    0x11,
    sized(1, publicBytes(ephemeral)),
    sized(2, encryptedStatic),
    sized(3, encryptedMessage),
  );
}

function derive(label: string, input: Bytes, length = 32): Bytes {
  return hkdf(length, input, text(`Sealed Sender v2: ${label}`), null);
}

function sealVersion2(content: Bytes, by = alice, key?: PrivateKey): Bytes {
  const seed = counting(32, 0xc0);
  const ours = key ?? PrivateKey.deserialize(derive('r (2023-08)', seed));
  const [from, to] = [publicBytes(ours), publicBytes(bob)];
  const mask = derive('DH', bytesOf(ours.agree(bob.getPublicKey()), from, to));
  const encryptedSeed = seed.map((byte, index) => byte ^ (mask[index] as number));
  const agreement = by.agree(bob.getPublicKey());
  const tag = derive('DH-sender', bytesOf(agreement, from, encryptedSeed, publicBytes(by), to), 16);
  const ciphertext = Aes256GcmSiv.new(derive('K', seed)).encrypt(content, new Uint8Array(12), nothing);
  return bytesOf(0x22, encryptedSeed, tag, from.subarray(1), ciphertext);
}

interface Case {
  readonly id: string;
  readonly sealed: Bytes;
  readonly now?: number;
  readonly trustRoots?: readonly Uint8Array[];
  readonly device?: { readonly accountId: string; readonly deviceId: number };
}

function casesOf(version: string, seal: (content: Bytes, by?: PrivateKey) => Bytes): readonly Case[] {
  const whole = seal(inside());
  const roots = [publicBytes(keyFrom(9)), publicBytes(root)];
  const withCertificate = (parts: CertificateParts) => seal(inside(certificate(parts)));
  const cases: readonly Case[] = [
    { id: 'plain', sealed: whole },
    { id: 'last-moment', sealed: whole, now: end },
    { id: 'expired', sealed: whole, now: end + 1 },
    { id: 'one-of-two-roots', sealed: whole, trustRoots: roots },
    { id: 'another-root', sealed: whole, trustRoots: roots.slice(0, 1) },
    { id: 'by-self', sealed: whole, device: { accountId: aliceId, deviceId: 7 } },
    { id: 'by-another-device-of-ours', sealed: whole, device: { accountId: aliceId, deviceId: 6 } },
    { id: 'another-identity', sealed: seal(inside(), keyFrom(10)) },
    { id: 'certificate-of-another-server', sealed: withCertificate({ signedBy: keyFrom(11) }) },
    {
      id: 'revoked-server',
      sealed: withCertificate({ signer: sized(5, signed(root, serverContent(0xdeadc357))) }),
    },
    {
      id: 'server-of-another-root',
      sealed: withCertificate({ signer: sized(5, signed(keyFrom(12), serverContent(1))) }),
    },
    { id: 'server-as-number', sealed: withCertificate({ signer: number(8, 77) }) },
    { id: 'upper-case', sealed: withCertificate({ uuid: aliceId.toUpperCase() }) },
    { id: 'no-uuid', sealed: withCertificate({ uuid: 'hello' }) },
    { id: 'certificate-that-is-none', sealed: seal(inside(counting(5))) },
    { id: 'content-that-is-none', sealed: seal(counting(5)) },
    { id: 'tampered', sealed: whole.with(-20, (whole.at(-20) as number) ^ 1) },
    { id: 'tampered-opener', sealed: whole.with(45, (whole[45] as number) ^ 1) },
    { id: 'cut', sealed: whole.slice(0, 80) },
    { id: 'unknown-version', sealed: whole.with(0, 0x33) },
    { id: 'other-lower-half', sealed: whole.with(0, (whole[0] as number) ^ 0x0f) },
  ];
  return cases.map((each) => ({ ...each, id: `${version}-${each.id}` }));
}

class Recipient extends IdentityKeyStore {
  getIdentityKey = () => Promise.resolve(bob);
  getLocalRegistrationId = () => Promise.resolve(1);
  saveIdentity = () => Promise.resolve(IdentityChange.NewOrUnchanged);
  isTrustedIdentity = () => Promise.resolve(true);
  getIdentity = () => Promise.resolve(null);
}

/** libsignal gives the verdict on the message and the signatures; names in lower case are a rule of ours. */
function refusal(sender: SenderCertificate, { trustRoots, now, device }: Required<Case>): string | undefined {
  const roots = trustRoots.map((key) => PublicKey.deserialize(Uint8Array.from(key)));
  const uuid = sender.senderUuid();
  if (!sender.validateWithTrustRoots(roots, 0)) return 'invalid-certificate';
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)) return 'invalid-certificate';
  if (!sender.validateWithTrustRoots(roots, now)) return 'certificate-expired';
  return uuid === device.accountId && sender.senderDeviceId() === device.deviceId
    ? 'sealed-by-self'
    : undefined;
}

async function opened(asked: Required<Case>): Promise<Readonly<Record<string, unknown>> | string> {
  try {
    const content = await sealedSenderDecryptToUsmc(asked.sealed, new Recipient());
    const sender = content.senderCertificate();
    return (
      refusal(sender, asked) ?? {
        sender: { accountId: sender.senderUuid(), deviceId: sender.senderDeviceId() },
        identityKey: hex(sender.key().serialize()),
        expiresAt: sender.expiration(),
        kind: 'message',
        message: hex(content.contents()),
        contentHint: content.contentHint(),
        groupId: hex(content.groupId() ?? nothing),
      }
    );
  } catch (error) {
    if (error instanceof LibSignalErrorBase) return 'invalid-message';
    throw error;
  }
}

async function test(given: Case): Promise<VectorTest> {
  const standard = { now: end, trustRoots: [publicBytes(root)], device: { accountId: bobId, deviceId: 1 } };
  const asked = { ...standard, ...given };
  const { id, sealed, now, trustRoots, device } = asked;
  const identity = { identityKey: hex(publicBytes(bob)), privateKey: hex(bob.serialize()) };
  const input = {
    our: { ...device, ...identity },
    trustRoots: trustRoots.map(hex),
    now,
    sealed: hex(sealed),
  };
  const source = 'OpenSSL and libsignal 0.103.0';
  return verdict({ id, flags: [id.slice(0, 9)], source, input }, await opened(asked));
}

/** `sealed-sender.json`. */
export async function sealedSenderVectors(): Promise<VectorFile> {
  const cases = [...casesOf('version-1', sealVersion1), ...casesOf('version-2', sealVersion2)];
  const foreign = {
    id: 'version-2-foreign-ephemeral-key',
    sealed: sealVersion2(inside(), alice, keyFrom(13)),
  };
  return {
    operation: 'unseal',
    schemaVersion: 1,
    about:
      'Opening sealed messages of both versions, and believing the certificate in them. An account’s id is a UUID in lower case here.',
    hex: ['identityKey', 'privateKey', 'trustRoots', 'sealed', 'message', 'groupId'],
    tests: await Promise.all([...cases, foreign].map(test)),
  };
}
