/**
 * Decrypting within the sessions with one device (spec: double-ratchet 3.5): the current state first, then
 * the archived ones; whichever succeeds becomes the current one. First messages are in `sessions-accept.ts`.
 */
import { isSottoError, SottoError } from '../../errors.js';
import type { DecryptedMessage, EngineChange, EngineStep } from '../../ports/index.js';
import { addressesBytes } from './messages/service-id.js';
import { parseSignalMessage, sessionVersion, type SignalMessage } from './messages/signal-message.js';
import { readArchive } from './session-record/archive.js';
import { withoutPending, type Session, type SessionRecord } from './session-record/session.js';
import { SkippedPages } from './session-record/skipped-pages.js';
import {
  forgottenPages,
  loadArchived,
  loadSessionRecord,
  putCurrent,
  replaceCurrent,
} from './session-record/store.js';
import { assertPinned, jumpLimit, type SessionContext } from './sessions-context.js';
import { ratchetDecrypt } from './triple-ratchet.js';

/** A message that a state decrypted. */
export interface OpenedMessage {
  /** The state after it. */
  readonly session: Session;
  readonly plaintext: Uint8Array;
  /** Of the state's skipped keys. */
  readonly changes: readonly EngineChange[];
}

/** Decrypts a message of the kind `message`. */
export async function decryptSignalMessage(
  context: SessionContext,
  ciphertext: Uint8Array,
): Promise<EngineStep<DecryptedMessage>> {
  const { view, keys, input } = context;
  const message = parseSignalMessage(ciphertext);
  const record = await loadSessionRecord(view, keys);
  if (!record) throw new SottoError('no-session');
  const opened = await openWithAny(context, record, message);
  const { session, plaintext, changes } = opened;
  const { theirIdentity } = session.ratchet;
  assertPinned(input, theirIdentity);
  const result = { plaintext, identityKey: theirIdentity.slice(), usedPreKeys: {} };
  return { result, changes: [...(await keep(context, record, session)), ...changes] };
}

/** What makes a state with a message more in it the current one, wherever it was before. */
export async function keep(
  { view, keys }: SessionContext,
  record: SessionRecord,
  session: Session,
): Promise<readonly EngineChange[]> {
  if (record.current?.id === session.id) return [putCurrent(keys, record, session)];
  return replaceCurrent(view, keys, record, session);
}

async function openWithAny(
  context: SessionContext,
  record: SessionRecord,
  message: SignalMessage,
): Promise<OpenedMessage> {
  const attempt: Attempt = {};
  const opened = record.current && (await tryOpen(context, record.current, message, attempt));
  return opened ?? openWithArchived(context, record, message, attempt);
}

async function openWithArchived(
  context: SessionContext,
  record: SessionRecord,
  message: SignalMessage,
  attempt: Attempt,
): Promise<OpenedMessage> {
  const ids = readArchive(record.archive).map(({ id }) => id);
  for (const session of await loadArchived(context.view, context.keys, ids)) {
    const opened = session && (await tryOpen(context, session, message, attempt));
    if (opened) return opened;
  }
  throw attempt.deferred ?? new SottoError('invalid-message');
}

/** Whether a state might have opened the message for more than it may cost now: others may for less. */
interface Attempt {
  deferred?: SottoError;
}

/** `undefined` when the message may be another state's. A duplicate is nobody else's. */
async function tryOpen(
  context: SessionContext,
  session: Session,
  message: SignalMessage,
  attempt: Attempt,
): Promise<OpenedMessage | undefined> {
  try {
    return await open(context, session, message);
  } catch (error) {
    if (isSottoError(error, 'decryption-deferred')) attempt.deferred = error;
    else if (!isSottoError(error, 'invalid-message')) throw error;
    return undefined;
  }
}

/**
 * Decrypts a message with one state.
 * @throws SottoError `duplicate-message`, `invalid-message`
 */
export async function open(
  { primitives, view, keys, input }: SessionContext,
  session: Session,
  message: SignalMessage,
): Promise<OpenedMessage> {
  if (message.version !== sessionVersion) throw new SottoError('invalid-message');
  const pages = new SkippedPages(view, keys, session.id);
  const { ratchet: before } = session;
  const { work } = input;
  const { ratchet, plaintext } = await ratchetDecrypt(primitives, before, message, {
    maxJump: jumpLimit(input, before.ourIdentity, before.theirIdentity),
    addresses: () => addressesBytes(input.their, input.our.address),
    openSkipped: pages.open,
    ...(work && {
      spend: (steps: number) => {
        work.spend(steps);
      },
    }),
  });
  const changes = [...pages.changes(), ...forgottenPages(keys, session.id, before, ratchet)];
  return { session: withoutPending({ ...session, ratchet }), plaintext, changes };
}
