/** What the tests of sealed sender share: devices on either engine, a certificate authority, and messages opened by both. */
import {
  IdentityChange,
  IdentityKeyStore,
  KEMKeyPair,
  LibSignalErrorBase,
  PreKeyBundle,
  PrivateKey,
  ProtocolAddress,
  PublicKey,
  processPreKeyBundle,
  sealedSenderDecryptToUsmc,
  SenderCertificate,
  ServerCertificate,
  SessionRecord,
  SessionStore,
} from '@signalapp/libsignal-client';
import { noblePrimitives } from '../../../../src/engines/portable/primitives/noble.js';
import { unseal } from '../../../../src/engines/portable/sealed-sender/steps.js';
import { isSottoError } from '../../../../src/errors.js';
import type { CertificateTrust, OurDevice, SealedContent } from '../../../../src/ports/index.js';
import { Secret } from '../../../../src/secret.js';
import { seededRandom } from '../../../../src/testing/index.js';
import { deviceAddress, type DeviceAddress } from '../../../../src/wire/index.js';
import { plain, privateKey, someUuid } from '../messages/formats.js';

export const slow = process.env['SLOW'] === '1';
export const seed = process.env['SOTTO_SEED'] ?? (slow ? String(Date.now()) : '1');
export const now = 1_800_000_000_000;

export const primitives = noblePrimitives(seededRandom(`${seed} sealed sender`));

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** libsignal's identity store: our key, and those of whom we know. */
class Identities extends IdentityKeyStore {
  readonly known = new Map<string, PublicKey>();

  constructor(readonly key: PrivateKey) {
    super();
  }

  async getIdentityKey(): Promise<PrivateKey> {
    return this.key;
  }

  async getLocalRegistrationId(): Promise<number> {
    return 7;
  }

  async saveIdentity(name: ProtocolAddress, key: PublicKey): Promise<IdentityChange> {
    this.known.set(name.toString(), key);
    return IdentityChange.NewOrUnchanged;
  }

  async isTrustedIdentity(): Promise<boolean> {
    return true;
  }

  async getIdentity(name: ProtocolAddress): Promise<PublicKey | null> {
    return this.known.get(name.toString()) ?? null;
  }
}

class Sessions extends SessionStore {
  readonly records = new Map<string, Uint8Array<ArrayBuffer>>();

  async saveSession(name: ProtocolAddress, record: SessionRecord): Promise<void> {
    this.records.set(name.toString(), record.serialize());
  }

  async getSession(name: ProtocolAddress): Promise<SessionRecord | null> {
    const record = this.records.get(name.toString());
    return record ? SessionRecord.deserialize(record) : null;
  }

  async getExistingSessions(names: ProtocolAddress[]): Promise<SessionRecord[]> {
    return names.map((name) => SessionRecord.deserialize(this.records.get(name.toString())!));
  }
}

/** A device with one identity for both engines. */
export class Device {
  readonly our: OurDevice;
  readonly identities: Identities;
  readonly sessions = new Sessions();
  /** Registration ids of others, by address: what our sessions would say. */
  readonly registrationIds = new Map<string, number>();

  constructor(
    label: string,
    readonly deviceId = 1,
    readonly name = someUuid(seededRandom(`${label} name`)),
  ) {
    const key = privateKey(seededRandom(`${label} key`));
    this.identities = new Identities(key);
    const identity = { publicKey: key.getPublicKey().serialize(), privateKey: new Secret(key.serialize()) };
    const address = { accountId: name, deviceId } as unknown as DeviceAddress;
    this.our = { address, identity, registrationId: 7 };
  }

  get native(): ProtocolAddress {
    return ProtocolAddress.new(this.name, this.deviceId);
  }

  get identityKey(): Uint8Array {
    return this.our.identity.publicKey;
  }

  /** A session with somebody, in libsignal's store and in our table. */
  async meet(other: Device, registrationId = 1): Promise<void> {
    const kem = KEMKeyPair.generate();
    const key = other.identities.key;
    const signed = PrivateKey.generate().getPublicKey();
    const bundle = PreKeyBundle.new(
      registrationId,
      other.deviceId,
      null,
      null,
      1,
      signed,
      key.sign(signed.serialize()),
      key.getPublicKey(),
      1,
      kem.getPublicKey(),
      key.sign(kem.getPublicKey().serialize()),
    );
    await processPreKeyBundle(bundle, other.native, this.native, this.sessions, this.identities);
    this.registrationIds.set(other.native.toString(), registrationId);
  }

  /** What the engine's sessions are asked for. */
  readonly registrationIdsOf = async (_: unknown, theirs: readonly DeviceAddress[]) =>
    theirs.map(({ accountId, deviceId }) => this.registrationIds.get(`${accountId}.${deviceId}`));
}

/** Issues certificates with libsignal. */
export class Authority {
  readonly root: PrivateKey;
  readonly server: PrivateKey;

  constructor(label: string) {
    this.root = privateKey(seededRandom(`${label} root`));
    this.server = privateKey(seededRandom(`${label} server`));
  }

  trust(at = now): CertificateTrust {
    return { trustRoots: [this.root.getPublicKey().serialize()], now: at };
  }

  serverCertificate(id = 1): ServerCertificate {
    return ServerCertificate.new(id, this.server.getPublicKey(), this.root);
  }

  certificate(device: Device, expiresAt = now, serverId = 1): SenderCertificate {
    const key = device.identities.key.getPublicKey();
    const server = this.serverCertificate(serverId);
    return SenderCertificate.new(device.name, null, device.deviceId, key, expiresAt, server, this.server);
  }
}

/** What a sealed message came to: everything in it, or the code of the refusal. */
export type Outcome = Readonly<Record<string, string | number | null>> | string;

const typeOf = { prekey: 3, message: 2, 'sender-key': 7, plaintext: 8 } as const;

export function outcomeOf(sender: DeviceAddress, identityKey: Uint8Array, content: SealedContent): Outcome {
  const { kind, message, contentHint, groupId } = content;
  return {
    sender: `${sender.accountId}.${sender.deviceId}`,
    identityKey: hex(identityKey),
    type: typeOf[kind],
    message: hex(message),
    contentHint,
    groupId: groupId ? hex(groupId) : null,
  };
}

export async function openOurs(
  device: Device,
  sealed: Uint8Array,
  trust: CertificateTrust,
): Promise<Outcome> {
  try {
    const { sender, content } = await unseal(primitives, { our: device.our, sealed, ...trust });
    return outcomeOf(sender.sender, sender.identityKey, content);
  } catch (error) {
    if (isSottoError(error)) return error.code;
    throw error;
  }
}

/** The same by libsignal, in the order of the specification; what only we ask of a certificate is asked here too. */
async function openNative(device: Device, sealed: Uint8Array, trust: CertificateTrust): Promise<Outcome> {
  try {
    const usmc = await sealedSenderDecryptToUsmc(plain(sealed), device.identities);
    const certificate = usmc.senderCertificate();
    const verdict = nativeVerdict(certificate, trust);
    if (verdict !== 'valid') return verdict;
    const [name, deviceId] = [certificate.senderUuid(), certificate.senderDeviceId()];
    if (name === device.name && deviceId === device.deviceId) return 'sealed-by-self';
    const groupId = usmc.groupId();
    return {
      sender: `${name}.${deviceId}`,
      identityKey: hex(certificate.key().serialize()),
      type: usmc.msgType(),
      message: hex(usmc.contents()),
      contentHint: usmc.contentHint(),
      groupId: groupId ? hex(groupId) : null,
    };
  } catch (error) {
    if (error instanceof LibSignalErrorBase) return 'invalid-message';
    throw error;
  }
}

export function nativeVerdict(certificate: SenderCertificate, trust: CertificateTrust): string {
  const roots = trust.trustRoots.map((root) => PublicKey.deserialize(plain(root)));
  const address = { accountId: certificate.senderUuid(), deviceId: certificate.senderDeviceId() };
  if (!deviceAddress.safeParse(address).success) return 'invalid-certificate';
  if (certificate.validateWithTrustRoots(roots, trust.now)) return 'valid';
  return certificate.validateWithTrustRoots(roots, 0) ? 'certificate-expired' : 'invalid-certificate';
}

/** Sees that both engines make the same of a sealed message. */
export async function openBoth(
  device: Device,
  sealed: Uint8Array,
  trust: CertificateTrust,
): Promise<Outcome> {
  const [ours, theirs] = [await openOurs(device, sealed, trust), await openNative(device, sealed, trust)];
  if (JSON.stringify(ours) !== JSON.stringify(theirs)) {
    throw new Error(`${JSON.stringify(ours)} here and ${JSON.stringify(theirs)} there: ${hex(sealed)}`);
  }
  return ours;
}

/** Content of each kind, with and without the rest. */
export const contents: readonly SealedContent[] = [
  { kind: 'message', message: Uint8Array.of(1, 2, 3), contentHint: 0 },
  { kind: 'prekey', message: new Uint8Array(2_000).fill(5), contentHint: 1 },
  { kind: 'sender-key', message: Uint8Array.of(7), contentHint: 2, groupId: new Uint8Array(32).fill(9) },
  { kind: 'plaintext', message: new Uint8Array(), contentHint: 0xffffffff, groupId: Uint8Array.of(0) },
];
