/** The peer: libsignal called directly, with stores that serialise into maps. */
import {
  type CiphertextMessage,
  CiphertextMessageType,
  type Direction,
  IdentityChange,
  IdentityKeyStore,
  KEMKeyPair,
  KyberPreKeyRecord,
  KyberPreKeyStore,
  PreKeyBundle,
  PreKeyRecord,
  PreKeySignalMessage,
  PreKeyStore,
  PrivateKey,
  processPreKeyBundle,
  ProtocolAddress,
  PublicKey,
  SessionRecord,
  SessionStore,
  SignalMessage,
  signalDecrypt,
  signalDecryptPreKey,
  signalEncrypt,
  SignedPreKeyRecord,
  SignedPreKeyStore,
} from '@signalapp/libsignal-client';
import { accountUuid, batchIds, type BenchDevice } from './device.js';

type Bytes = Uint8Array<ArrayBuffer>;

const now = new Date();

function need<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('no such record');
  return value;
}

class Sessions extends SessionStore {
  readonly records = new Map<string, Bytes>();
  async saveSession(name: ProtocolAddress, record: SessionRecord): Promise<void> {
    this.records.set(name.toString(), record.serialize());
  }
  async getSession(name: ProtocolAddress): Promise<SessionRecord | null> {
    const record = this.records.get(name.toString());
    return record ? SessionRecord.deserialize(record) : null;
  }
  async getExistingSessions(names: ProtocolAddress[]): Promise<SessionRecord[]> {
    return names.map((name) => SessionRecord.deserialize(need(this.records.get(name.toString()))));
  }
}

class Identities extends IdentityKeyStore {
  readonly known = new Map<string, Bytes>();
  constructor(
    readonly privateKey: PrivateKey,
    readonly registrationId: number,
  ) {
    super();
  }
  async getIdentityKey(): Promise<PrivateKey> {
    return this.privateKey;
  }
  async getLocalRegistrationId(): Promise<number> {
    return this.registrationId;
  }
  async saveIdentity(name: ProtocolAddress, key: PublicKey): Promise<IdentityChange> {
    this.known.set(name.toString(), key.serialize());
    return IdentityChange.NewOrUnchanged;
  }
  async isTrustedIdentity(name: ProtocolAddress, key: PublicKey, _direction: Direction): Promise<boolean> {
    const known = this.known.get(name.toString());
    return known === undefined || PublicKey.deserialize(known).equals(key);
  }
  async getIdentity(name: ProtocolAddress): Promise<PublicKey | null> {
    const known = this.known.get(name.toString());
    return known ? PublicKey.deserialize(known) : null;
  }
}

class OneTimeKeys extends PreKeyStore {
  readonly records = new Map<number, Bytes>();
  async savePreKey(id: number, record: PreKeyRecord): Promise<void> {
    this.records.set(id, record.serialize());
  }
  async getPreKey(id: number): Promise<PreKeyRecord> {
    return PreKeyRecord.deserialize(need(this.records.get(id)));
  }
  async removePreKey(id: number): Promise<void> {
    this.records.delete(id);
  }
}

class SignedKeys extends SignedPreKeyStore {
  readonly records = new Map<number, Bytes>();
  async saveSignedPreKey(id: number, record: SignedPreKeyRecord): Promise<void> {
    this.records.set(id, record.serialize());
  }
  async getSignedPreKey(id: number): Promise<SignedPreKeyRecord> {
    return SignedPreKeyRecord.deserialize(need(this.records.get(id)));
  }
}

class KemKeys extends KyberPreKeyStore {
  readonly records = new Map<number, Bytes>();
  async saveKyberPreKey(id: number, record: KyberPreKeyRecord): Promise<void> {
    this.records.set(id, record.serialize());
  }
  async getKyberPreKey(id: number): Promise<KyberPreKeyRecord> {
    return KyberPreKeyRecord.deserialize(need(this.records.get(id)));
  }
  async markKyberPreKeyUsed(id: number): Promise<void> {
    this.records.delete(id);
  }
}

/** See `BenchDevice`. */
export class DirectDevice implements BenchDevice {
  protected readonly sessions = new Sessions();
  readonly #oneTime = new OneTimeKeys();
  readonly #signed = new SignedKeys();
  readonly #kem = new KemKeys();
  protected readonly identities: Identities;
  readonly #address: ProtocolAddress;
  readonly #theirs = new Map<number, ProtocolAddress>();
  #nextId = 1;

  protected constructor(
    readonly account: number,
    readonly identity: PrivateKey,
  ) {
    this.identities = new Identities(identity, account);
    this.#address = ProtocolAddress.new(accountUuid(account), 1);
  }

  static async create(this: void, account: number): Promise<DirectDevice> {
    return new DirectDevice(account, PrivateKey.generate());
  }

  protected their(account: number): ProtocolAddress {
    const known = this.#theirs.get(account);
    if (known) return known;
    const address = ProtocolAddress.new(accountUuid(account), 1);
    this.#theirs.set(account, address);
    return address;
  }

  #makeSigned(id: number): SignedPreKeyRecord {
    const pair = PrivateKey.generate();
    const publicKey = pair.getPublicKey();
    return SignedPreKeyRecord.new(
      id,
      now.getTime(),
      publicKey,
      pair,
      this.identity.sign(publicKey.serialize()),
    );
  }

  #makeOneTime(id: number): PreKeyRecord {
    const pair = PrivateKey.generate();
    return PreKeyRecord.new(id, pair.getPublicKey(), pair);
  }

  #makeKem(id: number): KyberPreKeyRecord {
    const pair = KEMKeyPair.generate();
    return KyberPreKeyRecord.new(
      id,
      now.getTime(),
      pair,
      this.identity.sign(pair.getPublicKey().serialize()),
    );
  }

  async issueBundle(): Promise<PreKeyBundle> {
    const id = this.#nextId++;
    const [oneTime, signed, kem] = [
      this.#makeOneTime(id),
      this.#makeSigned(1_000_000 + id),
      this.#makeKem(id),
    ];
    await this.#oneTime.savePreKey(id, oneTime);
    await this.#signed.saveSignedPreKey(signed.id(), signed);
    await this.#kem.saveKyberPreKey(id, kem);
    return PreKeyBundle.new(
      this.account,
      1,
      id,
      oneTime.publicKey(),
      signed.id(),
      signed.publicKey(),
      signed.signature(),
      this.identity.getPublicKey(),
      id,
      kem.publicKey(),
      kem.signature(),
    );
  }

  async startSession(theirAccount: number, bundle: unknown): Promise<void> {
    const their = this.their(theirAccount);
    await processPreKeyBundle(
      bundle as PreKeyBundle,
      their,
      this.#address,
      this.sessions,
      this.identities,
      now,
    );
  }

  async encrypt(theirAccount: number, plaintext: Uint8Array): Promise<{ type: number; bytes: Bytes }> {
    const their = this.their(theirAccount);
    const message: CiphertextMessage = await signalEncrypt(
      plaintext as Bytes,
      their,
      this.#address,
      this.sessions,
      this.identities,
      now,
    );
    return { type: message.type(), bytes: message.serialize() };
  }

  async decrypt(theirAccount: number, message: unknown): Promise<Uint8Array> {
    const { type, bytes } = message as { type: number; bytes: Bytes };
    const their = this.their(theirAccount);
    if (type === Number(CiphertextMessageType.Whisper)) {
      return signalDecrypt(
        SignalMessage.deserialize(bytes),
        their,
        this.#address,
        this.sessions,
        this.identities,
      );
    }
    return signalDecryptPreKey(
      PreKeySignalMessage.deserialize(bytes),
      their,
      this.#address,
      this.sessions,
      this.identities,
      this.#oneTime,
      this.#signed,
      this.#kem,
    );
  }

  forgetSessions(): void {
    this.sessions.records.clear();
    this.identities.known.clear();
  }

  async makePreKeys(): Promise<void> {
    for (const id of batchIds) {
      const record = this.#makeOneTime(id);
      record.publicKey().serialize();
      record.serialize();
    }
    this.#makeSigned(1).serialize();
    this.#makeKem(1).serialize();
  }
}
