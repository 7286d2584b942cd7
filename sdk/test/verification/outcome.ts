/** What a check did, as a value to compare. */
import { isSottoError } from '../../src/errors.js';

/** `valid`, or the code it threw. Anything but a `SottoError` is thrown on. */
export function outcomeOf(check: () => void): string {
  try {
    const returned: unknown = check();
    // A verdict as a value is a verdict that can be overlooked.
    return returned === undefined ? 'valid' : 'returned a value';
  } catch (error) {
    if (isSottoError(error)) return error.code;
    throw error;
  }
}
