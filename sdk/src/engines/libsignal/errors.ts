/** The one table from libsignal's failures to this project's codes. Knows no store. */
import { ErrorCode, LibSignalErrorBase } from '@signalapp/libsignal-client';
import { SottoError, isSottoError, type SottoErrorCode } from '../../errors.js';

/** What was being done when libsignal failed. */
export type Operation =
  | 'sign'
  | 'generate'
  | 'start-session'
  | 'encrypt'
  | 'decrypt'
  | 'fingerprint'
  | 'compare'
  | 'record'
  | 'certificate'
  | 'seal';

type LocalCode = Extract<
  SottoErrorCode,
  | 'duplicate-message'
  | 'engine-record-invalid'
  | 'invalid-bundle'
  | 'invalid-key'
  | 'invalid-message'
  | 'invalid-certificate'
  | 'invalid-registration-id'
  | 'no-sender-key'
  | 'no-session'
>;

/** libsignal's codes that mean one thing wherever they arise. */
const byCode: Partial<Record<ErrorCode, LocalCode>> = {
  [ErrorCode.DuplicatedMessage]: 'duplicate-message',
  [ErrorCode.InvalidSession]: 'engine-record-invalid',
  [ErrorCode.InvalidRegistrationId]: 'invalid-registration-id',
  [ErrorCode.InvalidSenderKeySession]: 'no-sender-key',
};

/** libsignal has no code of its own for these; the beginning of the message is all there is. */
const byMessage: readonly (readonly [pattern: RegExp, code: LocalCode])[] = [
  [/^session with .* not found/, 'no-session'],
  [/^missing sender key state/, 'no-sender-key'],
];

/**
 * Whatever else fails is blamed on the input of the operation; encrypting takes only our own records as
 * input, and sealing has checked all of it but whether an agreement with the key comes to anything.
 */
const otherwise: Record<Operation, LocalCode> = {
  sign: 'invalid-key',
  generate: 'invalid-key',
  'start-session': 'invalid-bundle',
  encrypt: 'engine-record-invalid',
  decrypt: 'invalid-message',
  fingerprint: 'invalid-key',
  compare: 'invalid-message',
  record: 'engine-record-invalid',
  certificate: 'invalid-certificate',
  seal: 'invalid-key',
};

/** The failure to throw for one that libsignal (or JavaScript beneath it) threw. */
export function translateFailure(operation: Operation, failure: unknown): SottoError {
  if (isSottoError(failure)) return failure;
  return new SottoError(codeOf(operation, failure), { cause: strippedCause(failure) });
}

function codeOf(operation: Operation, failure: unknown): LocalCode {
  if (!(failure instanceof LibSignalErrorBase)) return otherwise[operation];
  const known = byCode[failure.code] ?? byMessage.find(([pattern]) => pattern.test(failure.message))?.[1];
  return known ?? otherwise[operation];
}

/** Which native call failed and how it is called, without the message: that one may quote what it was given. */
function strippedCause(failure: unknown): Error {
  if (!(failure instanceof LibSignalErrorBase)) return new Error('not a libsignal failure');
  return new Error(`libsignal: ${ErrorCode[failure.code] ?? 'unknown'} in ${failure.operation}`);
}

/** Runs something synchronous and translates what it throws. */
export function translated<Result>(operation: Operation, work: () => Result): Result {
  try {
    return work();
  } catch (failure) {
    throw translateFailure(operation, failure);
  }
}
