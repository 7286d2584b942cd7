/** Steps between two devices: starting a session, encrypting, decrypting, archiving. Knows no message content. */
import {
  CiphertextMessageType,
  KEMPublicKey,
  PreKeyBundle,
  PreKeySignalMessage,
  type ProtocolAddress,
  SignalMessage,
  processPreKeyBundle,
  signalDecrypt,
  signalDecryptPreKey,
  signalEncrypt,
} from '@signalapp/libsignal-client';
import { SottoError } from '../../errors.js';
import type {
  DecryptedMessage,
  DecryptionWork,
  EncryptedMessage,
  EngineStep,
  EngineView,
  SessionBundle,
  SessionInput,
  SessionState,
} from '../../ports/index.js';
import type { CiphertextKind, DeviceAddress } from '../../wire/index.js';
import { protocolAddress } from './addresses.js';
import { plainBytes, publicKeyFrom } from './bytes.js';
import { translated } from './errors.js';
import { recordKeys } from './records.js';
import { Step } from './step.js';
import {
  BufferedIdentityStore,
  BufferedKemPreKeyStore,
  BufferedPreKeyStore,
  BufferedSessionStore,
  BufferedSignedPreKeyStore,
  sessionFrom,
  sessionRecord,
} from './stores.js';

/** How far libsignal goes along a chain. What the counter of a first message is, it does not show. */
const maxForwardSteps = 25_000;

/** What every step between two devices needs. */
class SessionStep {
  readonly step: Step;
  readonly sessionKey: string;
  readonly their: ProtocolAddress;
  readonly our: ProtocolAddress;
  readonly sessions: BufferedSessionStore;
  readonly identities: BufferedIdentityStore;

  constructor(view: EngineView, input: SessionInput) {
    this.step = new Step(view);
    this.sessionKey = recordKeys.session(input.their);
    this.their = protocolAddress(input.their);
    this.our = protocolAddress(input.our.address);
    this.sessions = new BufferedSessionStore(this.step, this.sessionKey);
    this.identities = new BufferedIdentityStore(this.step, input);
  }

  /** The other side's key, which libsignal has asked about in every step that succeeds. */
  get theirIdentityKey(): Uint8Array {
    if (!this.identities.usedIdentityKey) throw new SottoError('engine-record-invalid');
    return this.identities.usedIdentityKey;
  }
}

/** See `ProtocolEngine.startSession`. */
export async function startSession(
  view: EngineView,
  input: SessionInput & { readonly bundle: SessionBundle },
): Promise<EngineStep<undefined>> {
  const { step, sessionKey, their, our, sessions, identities } = new SessionStep(view, input);
  return step.run('start-session', async () => {
    const bundle = bundleFrom(input.their, input.bundle);
    await step.load([sessionKey]);
    await processPreKeyBundle(bundle, their, our, sessions, identities, new Date(input.now));
    return undefined;
  });
}

function bundleFrom(their: DeviceAddress, bundle: SessionBundle): PreKeyBundle {
  const { registrationId, signedPreKey, oneTimePreKey, kemPreKey, identityKey } = bundle;
  return PreKeyBundle.new(
    registrationId,
    their.deviceId,
    oneTimePreKey?.id ?? null,
    oneTimePreKey ? publicKeyFrom('start-session', oneTimePreKey.publicKey) : null,
    signedPreKey.id,
    publicKeyFrom('start-session', signedPreKey.publicKey),
    plainBytes(signedPreKey.signature),
    publicKeyFrom('start-session', identityKey),
    kemPreKey.id,
    KEMPublicKey.deserialize(plainBytes(kemPreKey.publicKey)),
    plainBytes(kemPreKey.signature),
  );
}

/** See `ProtocolEngine.encrypt`. */
export async function encrypt(
  view: EngineView,
  input: SessionInput & { readonly plaintext: Uint8Array },
): Promise<EngineStep<EncryptedMessage>> {
  const plaintext = plainBytes(input.plaintext);
  const { step, sessionKey, their, our, sessions, identities } = new SessionStep(view, input);
  return step.run('encrypt', async () => {
    await step.load([sessionKey]);
    const message = await signalEncrypt(plaintext, their, our, sessions, identities, new Date(input.now));
    return {
      kind: kindOf(message.type()),
      ciphertext: message.serialize(),
      registrationId: sessions.theirRegistrationId,
    };
  });
}

function kindOf(type: CiphertextMessageType): CiphertextKind {
  if (type === CiphertextMessageType.PreKey) return 'prekey';
  if (type === CiphertextMessageType.Whisper) return 'message';
  throw new SottoError('engine-record-invalid');
}

/** See `ProtocolEngine.decrypt`. */
export async function decrypt(
  view: EngineView,
  input: SessionInput & { readonly kind: CiphertextKind; readonly ciphertext: Uint8Array },
): Promise<EngineStep<DecryptedMessage>> {
  const ciphertext = plainBytes(input.ciphertext);
  const session = new SessionStep(view, input);
  return session.step.run('decrypt', () =>
    input.kind === 'prekey'
      ? decryptPreKeyMessage(session, ciphertext)
      : decryptMessage(session, ciphertext, input.work),
  );
}

async function decryptMessage(
  session: SessionStep,
  ciphertext: Uint8Array<ArrayBuffer>,
  work: DecryptionWork | undefined,
): Promise<DecryptedMessage> {
  const message = SignalMessage.deserialize(ciphertext);
  const { step, sessionKey, their, our, sessions, identities } = session;
  // Where the chain stands is not visible from outside: it is not farther than from its beginning.
  step.guard(() => work?.spend(Math.min(message.counter(), maxForwardSteps)));
  await step.load([sessionKey]);
  const plaintext = await signalDecrypt(message, their, our, sessions, identities);
  return { plaintext, identityKey: session.theirIdentityKey, usedPreKeys: {} };
}

async function decryptPreKeyMessage(
  session: SessionStep,
  ciphertext: Uint8Array<ArrayBuffer>,
): Promise<DecryptedMessage> {
  const message = PreKeySignalMessage.deserialize(ciphertext);
  const { step, their, our, sessions, identities } = session;
  const preKeys = new BufferedPreKeyStore(step);
  const signedPreKeys = new BufferedSignedPreKeyStore(step);
  const kemPreKeys = new BufferedKemPreKeyStore(step);
  await step.load(recordsNamedBy(session.sessionKey, message));
  const plaintext = await signalDecryptPreKey(
    message,
    their,
    our,
    sessions,
    identities,
    preKeys,
    signedPreKeys,
    kemPreKeys,
  );
  const usedPreKeys = {
    ...(preKeys.usedId === undefined ? {} : { oneTimeId: preKeys.usedId }),
    ...(kemPreKeys.usedId === undefined ? {} : { kemOneTimeId: kemPreKeys.usedId }),
  };
  return { plaintext, identityKey: session.theirIdentityKey, usedPreKeys };
}

/** What a first message will want, so that it is read in one round trip. The KEM key's id is not visible from outside. */
function recordsNamedBy(sessionKey: string, message: PreKeySignalMessage): readonly string[] {
  const oneTimeId = message.preKeyId();
  return [
    sessionKey,
    recordKeys.signedPreKey(message.signedPreKeyId()),
    ...(oneTimeId === null ? [] : [recordKeys.oneTimePreKey(oneTimeId)]),
  ];
}

/** See `ProtocolEngine.sessionState`. */
export async function sessionState(
  view: EngineView,
  their: DeviceAddress,
  now: number,
): Promise<SessionState> {
  const [record] = await view.get([recordKeys.session(their)]);
  if (!record) return { usable: false };
  const session = sessionFrom(record);
  const usable = translated('record', () => session.hasCurrentState(new Date(now)));
  try {
    return { usable, registrationId: session.remoteRegistrationId() };
  } catch {
    // libsignal's only way to say that every session in the record is archived.
    return { usable };
  }
}

/** See `ProtocolEngine.archiveSession`. */
export async function archiveSession(view: EngineView, their: DeviceAddress): Promise<EngineStep<undefined>> {
  const key = recordKeys.session(their);
  const [record] = await view.get([key]);
  if (!record) return { result: undefined, changes: [] };
  const session = sessionFrom(record);
  const value = translated('record', () => {
    session.archiveCurrentState();
    return sessionRecord(session);
  });
  return { result: undefined, changes: [{ key, value }] };
}

/** See `ProtocolEngine.removeSession`. */
export function removeSession(their: DeviceAddress): EngineStep<undefined> {
  return { result: undefined, changes: [{ key: recordKeys.session(their), value: undefined }] };
}
