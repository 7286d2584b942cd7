/** The few assertions the conformance suites need, so that they run under any test runner. Knows no runner. */
import { equalBytes } from '../bytes.js';
import { isSottoError, type SottoErrorCode } from '../errors.js';

/** Fails with a message. @throws Error always */
export function fail(message: string): never {
  throw new Error(message);
}

/** @throws Error unless the condition holds */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) fail(message);
}

/** Compares by value: bytes by content, everything else as JSON spells it. @throws Error when they differ */
export function assertEqual(actual: unknown, expected: unknown, message: string): void {
  if (actual instanceof Uint8Array && expected instanceof Uint8Array) {
    if (!equalBytes(actual, expected))
      fail(`${message}: bytes differ (${actual.length} and ${expected.length} long)`);
    return;
  }
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (left !== right) fail(`${message}: got ${left}, expected ${right}`);
}

/**
 * Expects a rejection with a `SottoError` of one of the codes, and returns its code.
 * @throws Error when it resolves, or rejects with anything else
 */
export async function assertRejects(
  action: () => Promise<unknown>,
  codes: SottoErrorCode | readonly SottoErrorCode[],
  message: string,
): Promise<SottoErrorCode> {
  const allowed = typeof codes === 'string' ? [codes] : codes;
  const code = await rejectionCode(action, message);
  if (!allowed.includes(code)) fail(`${message}: rejected with ${code}, expected ${allowed.join(' or ')}`);
  return code;
}

async function rejectionCode(action: () => Promise<unknown>, message: string): Promise<SottoErrorCode> {
  try {
    await action();
  } catch (error) {
    if (isSottoError(error)) return error.code;
    throw new Error(`${message}: rejected with something that is not a SottoError`, { cause: error });
  }
  return fail(`${message}: resolved`);
}

/**
 * Expects a rejection with a `TypeError`: what a value is answered with that has not the form of its type.
 * @throws Error when it resolves, or rejects with anything else
 */
export async function assertTypeError(action: () => Promise<unknown>, message: string): Promise<void> {
  assert((await thrownBy(action)) instanceof TypeError, `${message}: not rejected with a TypeError`);
}

/** What a promise rejects with; `undefined` when it resolves. */
export async function thrownBy(action: () => Promise<unknown>): Promise<unknown> {
  return action().then(
    () => undefined,
    (error: unknown) => error,
  );
}
