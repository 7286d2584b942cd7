/**
 * Why a message of the post-quantum ratchet was refused. To the outside all of it is `invalid-message`;
 * the finer reason is the error's cause, for tests and for whoever debugs. Knows no state.
 */
import { SottoError } from '../../../errors.js';

/** The reasons, by their names in the specification (4.5–4.8). */
export type RefusalReason =
  | 'MsgDecode'
  | 'MinimumVersion'
  | 'VersionMismatch'
  | 'EpochOutOfRange'
  | 'MacVerifyFailed'
  | 'ErroneousDataReceived'
  | 'KeyAlreadyRequested'
  | 'KeyTrimmed'
  | 'KeyJump';

/** A refusal, to be thrown. */
export function refusal(reason: RefusalReason): SottoError<'invalid-message'> {
  return new SottoError('invalid-message', { cause: reason });
}
