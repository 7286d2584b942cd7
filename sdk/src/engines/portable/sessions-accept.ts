/** Decrypting messages that may begin a session (spec: pqxdh 2.4 and 2.7). */
import { equalBytes } from '../../bytes.js';
import { SottoError } from '../../errors.js';
import type { DecryptedMessage, EngineStep } from '../../ports/index.js';
import { recipientRatchet } from './double-ratchet/state.js';
import { blaming } from './failures.js';
import { parsePreKeySignalMessage, type PreKeySignalMessage } from './messages/pre-key-signal-message.js';
import { sessionVersion } from './messages/signal-message.js';
import { respond, type InitiatorKeys } from './pqxdh.js';
import { findPreKeys, usePreKeys, type NamedPreKeys } from './pre-keys.js';
import type { KeyPair } from './primitives/keys.js';
import { readArchive } from './session-record/archive.js';
import type { Session, SessionRecord } from './session-record/session.js';
import { emptySessionRecord, loadArchived, loadSessionRecord } from './session-record/store.js';
import { assertPinned, jumpLimit, ourIdentity, type SessionContext } from './sessions-context.js';
import { keep, open } from './sessions-decrypt.js';
import { initialSpqrState } from './spqr/ratchet.js';

/** The state that a message is for, and the pre-keys it took to make it if it is new. */
interface Accepted {
  readonly session: Session;
  readonly preKeys?: NamedPreKeys;
}

/** Decrypts a message of the kind `prekey`. */
export async function decryptPreKeySignalMessage(
  context: SessionContext,
  ciphertext: Uint8Array,
): Promise<EngineStep<DecryptedMessage>> {
  const message = parsePreKeySignalMessage(ciphertext);
  const record = (await loadSessionRecord(context.view, context.keys)) ?? emptySessionRecord;
  assertPinned(context.input, message.identityKey);
  const { session, preKeys } = await accept(context, record, message);
  // The outer identity key is authenticated by nothing else when the session was there before.
  if (!equalBytes(session.ratchet.theirIdentity, message.identityKey))
    throw new SottoError('invalid-message');
  const opened = await open(context, session, message.message);
  const used = preKeys ? usePreKeys(preKeys, message.baseKey) : [];
  const kept = await keep(context, record, opened.session);
  return {
    result: {
      plaintext: opened.plaintext,
      identityKey: message.identityKey.slice(),
      usedPreKeys: preKeys ? usedIds(preKeys) : {},
    },
    changes: [...kept, ...opened.changes, ...used],
  };
}

function usedIds({ names, kemLastResort }: NamedPreKeys): DecryptedMessage['usedPreKeys'] {
  return {
    ...(names.oneTimeId === undefined ? {} : { oneTimeId: names.oneTimeId }),
    ...(kemLastResort ? {} : { kemOneTimeId: names.kemId }),
  };
}

async function accept(
  context: SessionContext,
  record: SessionRecord,
  message: PreKeySignalMessage,
): Promise<Accepted> {
  const known = message.version === sessionVersion ? await knownSession(context, record, message) : undefined;
  return known ? { session: known } : newSession(context, record, message);
}

/** The state that an earlier copy of the message began: a repeated first message touches no pre-key. */
async function knownSession(
  { view, keys }: SessionContext,
  { current, archive }: SessionRecord,
  { baseKey }: PreKeySignalMessage,
): Promise<Session | undefined> {
  if (current && equalBytes(current.baseKey, baseKey)) return current;
  const match = readArchive(archive).find((archived) => equalBytes(archived.baseKey, baseKey));
  if (!match) return undefined;
  const [session] = await loadArchived(view, keys, [match.id]);
  if (!session) throw new SottoError('engine-record-invalid');
  return session;
}

async function newSession(
  context: SessionContext,
  record: SessionRecord,
  message: PreKeySignalMessage,
): Promise<Accepted> {
  const { version, kem, signedPreKeyId: signedId, preKeyId: oneTimeId } = message;
  // An older handshake, without a KEM, is not taken any more.
  if (version !== sessionVersion || !kem) throw new SottoError('invalid-message');
  const preKeys = await findPreKeys(context.view, { signedId, oneTimeId, kemId: kem.id });
  const { identityKey, baseKey } = message;
  const initiator = { identityKey, baseKey, kemCiphertext: kem.ciphertext };
  const session = await recipientSession(context, preKeys, initiator, {
    id: record.nextId,
    theirRegistrationId: message.registrationId,
  });
  return { session, preKeys };
}

async function recipientSession(
  { primitives, input }: SessionContext,
  preKeys: NamedPreKeys,
  initiator: InitiatorKeys,
  names: Pick<Session, 'id' | 'theirRegistrationId'>,
): Promise<Session> {
  const identity = ourIdentity(input.our);
  const our = {
    identityKey: identity.privateKey,
    signedPreKey: preKeys.signed,
    oneTimePreKey: preKeys.oneTime,
    kemSecretKey: preKeys.kemSecretKey,
  };
  const secrets = await blaming('invalid-message', () => respond(primitives, our, initiator));
  const maxJump = jumpLimit(input, identity.publicKey, initiator.identityKey);
  return {
    ...names,
    baseKey: initiator.baseKey,
    ourRegistrationId: input.our.registrationId,
    pending: undefined,
    ratchet: {
      ourIdentity: identity.publicKey,
      theirIdentity: initiator.identityKey,
      doubleRatchet: recipientRatchet(secrets, preKeys.signed as KeyPair<'ratchet'>),
      spqr: initialSpqrState({ role: 'responder', authKey: secrets.pqKey, maxJump }),
    },
  };
}
