/**
 * libsignal's stores over one {@link Step}. They turn records into libsignal's objects and back, check
 * the pin and keep what a step's result needs. They never touch a view or a medium themselves.
 */
import {
  IdentityChange,
  IdentityKeyPair,
  IdentityKeyStore,
  KyberPreKeyRecord,
  KyberPreKeyStore,
  PreKeyRecord,
  PreKeyStore,
  PrivateKey,
  type PublicKey,
  SessionRecord,
  SessionStore,
  SignedPreKeyRecord,
  SignedPreKeyStore,
  type ProtocolAddress,
} from '@signalapp/libsignal-client';
import { equalBytes } from '../../bytes.js';
import { SottoError } from '../../errors.js';
import type { OurDevice, SessionInput } from '../../ports/index.js';
import type { DeviceAddress } from '../../wire/index.js';
import { plainBytes, publicKeyFrom } from './bytes.js';
import { translated } from './errors.js';
import {
  frameRecord,
  openRecord,
  openRecordOf,
  recordKeys,
  recordKinds,
  type RecordKind,
} from './records.js';
import { rememberUse } from '../replay-memory.js';
import type { Step } from './step.js';

/** The session with one device. */
export class BufferedSessionStore extends SessionStore {
  readonly #step: Step;
  readonly #key: string;
  #saved: SessionRecord | undefined;

  constructor(step: Step, key: string) {
    super();
    this.#step = step;
    this.#key = key;
  }

  /** The record is loaded before libsignal is called. */
  async getSession(): Promise<SessionRecord | null> {
    const record = this.#step.record(this.#key);
    return record ? this.#step.guard(() => sessionFrom(record)) : null;
  }

  async saveSession(_name: ProtocolAddress, session: SessionRecord): Promise<void> {
    this.#saved = session;
    this.#step.write(
      this.#key,
      this.#step.guard(() => sessionRecord(session)),
    );
  }

  /** The other device's registration id in the session after the step. */
  get theirRegistrationId(): number {
    if (!this.#saved) throw new SottoError('engine-record-invalid');
    return this.#saved.remoteRegistrationId();
  }

  getExistingSessions(): Promise<SessionRecord[]> {
    return Promise.reject(this.#step.fail(new Error('only sealed sender asks for several sessions')));
  }
}

/** The sessions with several devices, for sealing; their records are loaded before libsignal is called. */
export class BufferedSessionStores extends SessionStore {
  readonly #step: Step;
  readonly #addresses: readonly DeviceAddress[];

  constructor(step: Step, addresses: readonly DeviceAddress[]) {
    super();
    this.#step = step;
    this.#addresses = addresses;
  }

  /** libsignal asks for the addresses it was given, in that order. */
  async getExistingSessions(): Promise<SessionRecord[]> {
    return this.#step.guard(() =>
      this.#addresses.map((address) => {
        const record = this.#step.record(recordKeys.session(address));
        const session = record && sessionFrom(record);
        if (!session || !hasCurrent(session)) throw new SottoError('no-session');
        return session;
      }),
    );
  }

  getSession(): Promise<SessionRecord | null> {
    return neverCalled(this.#step);
  }

  saveSession(): Promise<void> {
    return neverCalled(this.#step);
  }
}

/** libsignal's only way to say that every session in a record is archived. */
function hasCurrent(session: SessionRecord): boolean {
  try {
    session.remoteRegistrationId();
    return true;
  } catch {
    return false;
  }
}

/** libsignal's session in a record. */
export function sessionFrom(record: Uint8Array): SessionRecord {
  const payload = plainBytes(openRecordOf('session', record));
  return translated('record', () => SessionRecord.deserialize(payload));
}

/** The record of a session. */
export function sessionRecord(session: SessionRecord): Uint8Array {
  return frameRecord('session', session.serialize());
}

/** Who we are, and whether the other side's key may be used. */
export class BufferedIdentityStore extends IdentityKeyStore {
  readonly #step: Step;
  readonly #our: OurDevice;
  readonly #input: SessionInput;
  /** The other side's key that the step used, 33 bytes. */
  usedIdentityKey: Uint8Array | undefined;

  constructor(step: Step, input: SessionInput) {
    super();
    this.#step = step;
    this.#our = input.our;
    this.#input = input;
  }

  async getIdentityKey(): Promise<PrivateKey> {
    return this.#step.guard(() => privateKeyOf(this.#our));
  }

  /** Spares libsignal deriving the public key again. */
  override async getIdentityKeyPair(): Promise<IdentityKeyPair> {
    return this.#step.guard(() => {
      const publicKey = publicKeyFrom('sign', this.#our.identity.publicKey);
      return new IdentityKeyPair(publicKey, privateKeyOf(this.#our));
    });
  }

  async getLocalRegistrationId(): Promise<number> {
    return this.#our.registrationId;
  }

  async isTrustedIdentity(_name: ProtocolAddress, key: PublicKey): Promise<boolean> {
    const shownIdentityKey = key.serialize();
    this.usedIdentityKey = shownIdentityKey;
    const { pinnedIdentityKey, their } = this.#input;
    if (pinnedIdentityKey === undefined || equalBytes(pinnedIdentityKey, shownIdentityKey)) return true;
    const details = { accountId: their.accountId, shownIdentityKey };
    throw this.#step.fail(new SottoError('identity-changed', { details }));
  }

  async saveIdentity(): Promise<IdentityChange> {
    // The pin is the caller's, who commits it with the step's changes.
    return IdentityChange.NewOrUnchanged;
  }

  async getIdentity(_name: ProtocolAddress): Promise<PublicKey | null> {
    return null;
  }
}

function privateKeyOf(our: OurDevice): PrivateKey {
  const bytes = plainBytes(our.identity.privateKey.expose());
  return translated('sign', () => PrivateKey.deserialize(bytes));
}

/** Our one-time EC pre-keys. */
export class BufferedPreKeyStore extends PreKeyStore {
  readonly #step: Step;
  /** The key this step used up. */
  usedId: number | undefined;

  constructor(step: Step) {
    super();
    this.#step = step;
  }

  async getPreKey(id: number): Promise<PreKeyRecord> {
    const payload = await loadPreKey(this.#step, 'oneTimePreKey', recordKeys.oneTimePreKey(id));
    return this.#step.guard(() => translated('record', () => PreKeyRecord.deserialize(payload)));
  }

  async removePreKey(id: number): Promise<void> {
    this.usedId = id;
    this.#step.write(recordKeys.oneTimePreKey(id), undefined);
  }

  savePreKey(): Promise<void> {
    return neverCalled(this.#step);
  }
}

/** Our signed EC pre-keys. */
export class BufferedSignedPreKeyStore extends SignedPreKeyStore {
  readonly #step: Step;

  constructor(step: Step) {
    super();
    this.#step = step;
  }

  async getSignedPreKey(id: number): Promise<SignedPreKeyRecord> {
    const payload = await loadPreKey(this.#step, 'signedPreKey', recordKeys.signedPreKey(id));
    return this.#step.guard(() => translated('record', () => SignedPreKeyRecord.deserialize(payload)));
  }

  saveSignedPreKey(): Promise<void> {
    return neverCalled(this.#step);
  }
}

/** Our KEM pre-keys, one-time and last-resort. */
export class BufferedKemPreKeyStore extends KyberPreKeyStore {
  readonly #step: Step;
  #lastResort = false;
  /** The one-time key this step used up. */
  usedId: number | undefined;

  constructor(step: Step) {
    super();
    this.#step = step;
  }

  async getKyberPreKey(id: number): Promise<KyberPreKeyRecord> {
    await this.#step.load([recordKeys.kemPreKey(id), recordKeys.kemUses(id)]);
    return this.#step.guard(() => {
      const record = this.#step.record(recordKeys.kemPreKey(id));
      if (!record) throw new SottoError('pre-key-missing');
      const payload = this.#openKem(record);
      return translated('record', () => KyberPreKeyRecord.deserialize(payload));
    });
  }

  #openKem(record: Uint8Array): Uint8Array<ArrayBuffer> {
    const { kind, payload } = openRecord(record);
    this.#lastResort = kind === recordKinds.kemLastResortPreKey;
    if (!this.#lastResort && kind !== recordKinds.kemOneTimePreKey)
      throw new SottoError('engine-record-invalid');
    return plainBytes(payload);
  }

  async markKyberPreKeyUsed(id: number, signedId: number, baseKey: PublicKey): Promise<void> {
    if (this.#lastResort) return this.#step.guard(() => this.#rememberUse(id, signedId, baseKey));
    this.usedId = id;
    this.#step.write(recordKeys.kemPreKey(id), undefined);
  }

  #rememberUse(id: number, signedId: number, baseKey: PublicKey): void {
    const key = recordKeys.kemUses(id);
    const record = this.#step.record(key);
    const before = record && openRecordOf('kemUses', record);
    this.#step.write(key, frameRecord('kemUses', rememberUse(before, signedId, baseKey.serialize())));
  }

  saveKyberPreKey(): Promise<void> {
    return neverCalled(this.#step);
  }
}

async function loadPreKey(step: Step, kind: RecordKind, key: string): Promise<Uint8Array<ArrayBuffer>> {
  await step.load([key]);
  return step.guard(() => {
    const record = step.record(key);
    if (!record) throw new SottoError('pre-key-missing');
    return plainBytes(openRecordOf(kind, record));
  });
}

/** The protocol makes no pre-keys; a call would be a change of libsignal that must not pass unseen. */
function neverCalled(step: Step): Promise<never> {
  return Promise.reject(step.fail(new Error('libsignal called a store method it does not call')));
}
