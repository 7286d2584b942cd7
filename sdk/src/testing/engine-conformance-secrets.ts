/** Shows that failures say nothing that must stay secret. Knows no engine. */
import { assert } from './assert.js';

/** The ways in which bytes would show in a text. */
export function spellings(bytes: Uint8Array): string[] {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex, bytes.join(','), btoa(String.fromCharCode(...bytes)).slice(0, 24)];
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
