/** A handler that counts: how many messages took effect, and how often each text did. */
import type { MessageHandler } from '@sotto/sdk';

const count = (value: Uint8Array | undefined) => (value ? Number(new TextDecoder().decode(value)) : 0);
const bytes = (value: number) => new TextEncoder().encode(String(value));

/** See the header. */
export const countingHandler: MessageHandler = async ({ body }, unit) => {
  if (body.kind !== 'text') return;
  // A text names itself: letters, digits and dashes.
  for (const key of ['total', `by/${body.text}`]) unit.put(key, bytes(count(await unit.get(key)) + 1));
};

/** What was counted. */
export async function counted(records: {
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly value: Uint8Array }>;
}): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for await (const { key, value } of records.list('')) found[key] = count(value);
  return found;
}
