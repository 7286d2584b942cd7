/** Encrypting with the current session (spec: double-ratchet 3.3). Knows no message content. */
import { SottoError } from '../../errors.js';
import type { EncryptedMessage, EngineStep, EngineView, SessionInput } from '../../ports/index.js';
import { serializePreKeySignalMessage } from './messages/pre-key-signal-message.js';
import { addressesBytes } from './messages/service-id.js';
import type { Primitives } from './primitives/primitives.js';
import { isUsable, type Session } from './session-record/session.js';
import { forgottenPages, loadSessionRecord, putCurrent } from './session-record/store.js';
import { assertBytes, assertPinned, sessionContext } from './sessions-context.js';
import { ratchetEncrypt } from './triple-ratchet.js';

/** See `ProtocolEngine.encrypt`. */
export async function encrypt(
  primitives: Primitives,
  view: EngineView,
  input: SessionInput & { readonly plaintext: Uint8Array },
): Promise<EngineStep<EncryptedMessage>> {
  const { plaintext, our, their, now } = input;
  assertBytes(plaintext);
  const { keys } = sessionContext(primitives, view, input);
  const record = await loadSessionRecord(view, keys);
  const session = record?.current;
  if (!record || !session || !isUsable(session, now)) throw new SottoError('no-session');
  const addresses = session.pending && addressesBytes(our.address, their);
  const { ratchet, signalMessage } = await ratchetEncrypt(primitives, session.ratchet, {
    plaintext,
    addresses,
  });
  assertPinned(input, ratchet.theirIdentity);
  const changes = [
    putCurrent(keys, record, { ...session, ratchet }),
    ...forgottenPages(keys, session.id, session.ratchet, ratchet),
  ];
  return { result: wrap(session, signalMessage), changes };
}

/** Until the first answer a message carries everything the recipient needs to start the session. */
function wrap(session: Session, signalMessage: Uint8Array): EncryptedMessage {
  const { pending, theirRegistrationId: registrationId } = session;
  if (!pending) return { kind: 'message', ciphertext: signalMessage, registrationId };
  const ciphertext = serializePreKeySignalMessage({
    preKeyId: pending.oneTimeId,
    baseKey: session.baseKey,
    identityKey: session.ratchet.ourIdentity,
    messageBytes: signalMessage,
    registrationId: session.ourRegistrationId,
    signedPreKeyId: pending.signedId,
    kem: { id: pending.kemId, ciphertext: pending.kemCiphertext },
  });
  return { kind: 'prekey', ciphertext, registrationId };
}
