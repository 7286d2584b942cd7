/**
 * What becomes of a call whose answer was lost with the tab that carried it out: made again, unless that could do
 * something twice. A send has an id by which it is one; what a repeated call fails with because the first has
 * taken effect is its success. Knows no tab.
 */
import { SottoError, isSottoError } from '../errors.js';
import type { Messenger } from '../messenger-api.js';
import type { Random } from '../ports/host.js';
import { randomToken } from '../random.js';
import { messageId } from './values.js';
import { callMethod, type ArgumentsOf, type RemoteMethod, type ResultOf } from './surface.js';

/** Failures that tell of the messenger, not of the call: another one may do it. */
const losses = ['remote-closed', 'messenger-closed', 'fenced', 'storage-closed'] as const;

/** Whether a call failed because its messenger was lost. */
export function isLoss(error: unknown): boolean {
  return losses.some((code) => isSottoError(error, code));
}

/** A call in a form that can be made again. */
export function repeatable<Method extends RemoteMethod>(
  method: Method,
  args: ArgumentsOf<Method>,
  random: Random,
): ArgumentsOf<Method> {
  if (method !== 'messages.send') return args;
  const [recipient, content, options] = args as readonly unknown[] as ArgumentsOf<'messages.send'>;
  const id = options?.id ?? messageId.parse(randomToken(random));
  return [recipient, content, { ...options, id }] as unknown as ArgumentsOf<Method>;
}

/** @throws SottoError `outcome-unknown` for what must not be made again */
export function assertRepeatable(method: RemoteMethod): void {
  // It deletes: what it would delete now may be another account.
  if (method === 'account.signOut') throw new SottoError('outcome-unknown');
}

/** Makes a call again whose answer was lost. */
export async function callAgain<Method extends RemoteMethod>(
  messenger: Messenger,
  method: Method,
  args: ArgumentsOf<Method>,
): Promise<ResultOf<Method>> {
  try {
    return await callMethod(messenger, method, args);
  } catch (error) {
    const done = await effectOf(messenger, method, args, error);
    if (!done) throw error;
    return done.result as ResultOf<Method>;
  }
}

/** What the first call must have done, if that is why the second failed. */
async function effectOf(
  messenger: Messenger,
  method: RemoteMethod,
  args: readonly unknown[],
  error: unknown,
): Promise<{ readonly result: unknown } | undefined> {
  if (method === 'account.register' && isSottoError(error, 'already-registered')) {
    const [{ username }] = args as ArgumentsOf<'account.register'>;
    const result = await messenger.account.profile();
    return result?.username === username.toLowerCase() ? { result } : undefined;
  }
  if (method === 'contacts.remove' && isSottoError(error, 'unknown-contact')) return { result: undefined };
  if (method === 'messages.retry' && isSottoError(error, 'unknown-message')) {
    const result = await messenger.messages.get(...(args as ArgumentsOf<'messages.retry'>));
    return result.status === 'received' ? undefined : { result };
  }
  return undefined;
}
