/** Shows that failures say nothing that must stay secret. Knows no engine. */
import { assert } from './assert.js';

/** As much of a secret is looked for: whoever shows more of it shows this. */
const shownLength = 16;

/** The ways in which the beginning of some bytes would show in a text. */
export function spellings(bytes: Uint8Array): string[] {
  const shown = bytes.slice(0, shownLength);
  const hex = [...shown].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  // Without the last letters, in which the following bytes have a part.
  return [hex, shown.join(','), btoa(String.fromCharCode(...shown)).slice(0, 20)];
}

/** @throws Error when the action succeeds, or its error or one of the causes shows a secret */
export async function assertKeepsSecrets(
  action: () => Promise<unknown>,
  secrets: readonly string[],
  what: string,
): Promise<void> {
  const told = await action().then(() => undefined, everythingSaid);
  assert(told !== undefined, `${what}: was accepted`);
  for (const secret of secrets) assert(!told.includes(secret), `${what}: the error shows a secret`);
}

/** All that an error and its causes print. */
function everythingSaid(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = Object.getOwnPropertyNames(error).map((name) => JSON.stringify(Reflect.get(error, name)));
  return [
    String(error),
    error.stack,
    ...own,
    error.cause === undefined ? '' : everythingSaid(error.cause),
  ].join('\n');
}
