/**
 * The peer in the page: `@privacyresearch/libsignal-protocol-typescript`, the Signal protocol without its
 * post-quantum parts, with a store that keeps what it is given, which is serialised already. GPL-3.0: it serves
 * this bench alone.
 */
import {
  KeyHelper,
  SessionBuilder,
  SessionCipher,
  SignalProtocolAddress,
  type DeviceType,
  type KeyPairType,
  type MessageType,
  type StorageType,
} from '@privacyresearch/libsignal-protocol-typescript';
import { accountUuid, batchIds, type BenchDevice } from '../engine/device.js';
import type { Makers } from '../engine/scripts.js';

const preKeyMessage = 3;

class Store implements StorageType {
  readonly sessions = new Map<string, string>();
  readonly identities = new Map<string, ArrayBuffer>();
  readonly oneTime = new Map<string, KeyPairType>();
  readonly signed = new Map<string, KeyPairType>();
  constructor(
    readonly identity: KeyPairType,
    readonly registrationId: number,
  ) {}

  getIdentityKeyPair = async () => this.identity;
  getLocalRegistrationId = async () => this.registrationId;
  isTrustedIdentity = async () => true;
  saveIdentity = async (address: string, key: ArrayBuffer) => {
    this.identities.set(address, key);
    return false;
  };
  loadPreKey = async (id: string | number) => this.oneTime.get(String(id));
  storePreKey = async (id: string | number, pair: KeyPairType) => {
    this.oneTime.set(String(id), pair);
  };
  removePreKey = async (id: string | number) => {
    this.oneTime.delete(String(id));
  };
  storeSession = async (address: string, record: string) => {
    this.sessions.set(address, record);
  };
  loadSession = async (address: string) => this.sessions.get(address);
  loadSignedPreKey = async (id: string | number) => this.signed.get(String(id));
  storeSignedPreKey = async (id: string | number, pair: KeyPairType) => {
    this.signed.set(String(id), pair);
  };
  removeSignedPreKey = async (id: string | number) => {
    this.signed.delete(String(id));
  };
}

const addressOf = (account: number) => new SignalProtocolAddress(accountUuid(account), 1);

class PrivacyResearchDevice implements BenchDevice {
  #nextId = 1;

  constructor(
    readonly account: number,
    readonly store: Store,
  ) {}

  async issueBundle(): Promise<DeviceType> {
    const id = this.#nextId++;
    const oneTime = await KeyHelper.generatePreKey(id);
    const signed = await KeyHelper.generateSignedPreKey(this.store.identity, id);
    await this.store.storePreKey(id, oneTime.keyPair);
    await this.store.storeSignedPreKey(id, signed.keyPair);
    return {
      identityKey: this.store.identity.pubKey,
      registrationId: this.account,
      preKey: { keyId: id, publicKey: oneTime.keyPair.pubKey },
      signedPreKey: { keyId: id, publicKey: signed.keyPair.pubKey, signature: signed.signature },
    };
  }

  async startSession(theirAccount: number, bundle: unknown): Promise<void> {
    const builder = new SessionBuilder(this.store, addressOf(theirAccount));
    await builder.processPreKey(bundle as DeviceType);
  }

  encrypt(theirAccount: number, plaintext: Uint8Array): Promise<MessageType> {
    const cipher = new SessionCipher(this.store, addressOf(theirAccount));
    return cipher.encrypt(plaintext.buffer as ArrayBuffer);
  }

  async decrypt(theirAccount: number, message: unknown): Promise<Uint8Array> {
    const { type, body } = message as MessageType;
    if (body === undefined) throw new Error('no message');
    const cipher = new SessionCipher(this.store, addressOf(theirAccount));
    return new Uint8Array(
      type === preKeyMessage
        ? await cipher.decryptPreKeyWhisperMessage(body, 'binary')
        : await cipher.decryptWhisperMessage(body, 'binary'),
    );
  }

  forgetSessions(): void {
    this.store.sessions.clear();
    this.store.identities.clear();
  }

  async makePreKeys(): Promise<void> {
    for (const id of batchIds) await KeyHelper.generatePreKey(id);
    await KeyHelper.generateSignedPreKey(this.store.identity, 1);
  }
}

/** The devices of that library: sessions alone. */
export const privacyResearchMakers: Makers = {
  session: async (account) =>
    new PrivacyResearchDevice(account, new Store(await KeyHelper.generateIdentityKeyPair(), account)),
};
