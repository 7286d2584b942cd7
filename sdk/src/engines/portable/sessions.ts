/** The sessions with one device, through the engine port. Knows no message content. */
import { equalBytes } from '../../bytes.js';
import type {
  DecryptedMessage,
  EngineStep,
  EngineView,
  SessionInput,
  SessionState,
} from '../../ports/index.js';
import type { CiphertextKind, DeviceAddress } from '../../wire/index.js';
import { currentRatchetKey } from './double-ratchet/state.js';
import type { Primitives } from './primitives/primitives.js';
import { decodeSessionRecord } from './session-record/codec.js';
import { SessionKeys } from './session-record/keys.js';
import { isUsable } from './session-record/session.js';
import { loadSessionRecord, removeSessions, replaceCurrent } from './session-record/store.js';
import { decryptPreKeySignalMessage } from './sessions-accept.js';
import { assertBytes, assertMoment, sessionContext } from './sessions-context.js';
import { decryptSignalMessage } from './sessions-decrypt.js';

/** See `ProtocolEngine.decrypt`. */
export async function decrypt(
  primitives: Primitives,
  view: EngineView,
  input: SessionInput & { readonly kind: CiphertextKind; readonly ciphertext: Uint8Array },
): Promise<EngineStep<DecryptedMessage>> {
  const { kind, ciphertext } = input;
  assertBytes(ciphertext);
  const context = sessionContext(primitives, view, input);
  return kind === 'prekey'
    ? decryptPreKeySignalMessage(context, ciphertext)
    : decryptSignalMessage(context, ciphertext);
}

/** See `ProtocolEngine.sessionState`. */
export async function sessionState(
  view: EngineView,
  their: DeviceAddress,
  nowMs: number,
): Promise<SessionState> {
  assertMoment(nowMs);
  const record = await loadSessionRecord(view, new SessionKeys(their));
  if (!record?.current) return { usable: false };
  const { current } = record;
  return { usable: isUsable(current, nowMs), registrationId: current.theirRegistrationId };
}

/** See `ProtocolEngine.archiveSession`. */
export async function archiveSession(view: EngineView, their: DeviceAddress): Promise<EngineStep<undefined>> {
  const keys = new SessionKeys(their);
  const record = await loadSessionRecord(view, keys);
  const changes = record?.current ? await replaceCurrent(view, keys, record, undefined) : [];
  return { result: undefined, changes };
}

/** See `ProtocolEngine.removeSession`. */
export async function removeSession(view: EngineView, their: DeviceAddress): Promise<EngineStep<undefined>> {
  return { result: undefined, changes: await removeSessions(view, new SessionKeys(their)) };
}

/** See `DecryptionErrors.currentRatchetKeyMatches`. */
export async function currentRatchetKeyMatches(
  { curve }: Primitives,
  view: EngineView,
  their: DeviceAddress,
  ratchetKey: Uint8Array,
): Promise<boolean> {
  const record = await loadSessionRecord(view, new SessionKeys(their));
  if (!record?.current) return false;
  return equalBytes(await currentRatchetKey(curve, record.current.ratchet.doubleRatchet), ratchetKey);
}

/** Registration ids of devices in our current sessions with them; `undefined` where there is none. In one round trip. */
export async function registrationIdsOf(
  view: EngineView,
  theirs: readonly DeviceAddress[],
): Promise<readonly (number | undefined)[]> {
  if (theirs.length === 0) return [];
  const records = await view.get(theirs.map((their) => new SessionKeys(their).current));
  return records.map((record) => record && decodeSessionRecord(record).current?.theirRegistrationId);
}
