/** Who is to blame for a key that is none: the same bytes are a bad bundle here and a bad message there. */
import { isSottoError, SottoError, type SottoErrorCode } from '../../errors.js';

/** Codes by which lower layers say that bytes are no key, or no signature by it. */
const blamed: readonly SottoErrorCode[] = ['invalid-key', 'invalid-signature'];

/** Runs work over somebody's keys; one that is no good becomes a failure with a code that says whose it was. */
export async function blaming<Result>(
  code: 'invalid-bundle' | 'invalid-message' | 'engine-record-invalid',
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isSottoError(error) && blamed.includes(error.code)) throw new SottoError(code, { cause: error });
    throw error;
  }
}
