/** Reads a list of records from one messenger after another: what was read before is left out. */
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import type { Messenger } from '../messenger-api.js';

/** Keys that are remembered, so that a list can go on elsewhere; a longer one fails with its messenger. */
const maxRememberedKeys = 100_000;

type Pair = { readonly key: string; readonly value: Uint8Array };

/**
 * @param next - the messenger to read from, asked again when one was lost
 * @param isLoss - whether a failure was that; whoever tells this lets go of it
 */
export async function* listAcross<Target extends { readonly messenger: Messenger }>(
  prefix: string,
  next: () => Promise<Target>,
  isLoss: (error: unknown, target: Target) => boolean,
): AsyncGenerator<Pair, void, undefined> {
  const seen = new Set<string>();
  for (let attempt = 0; ; attempt += 1) {
    const target = await next();
    try {
      for await (const pair of target.messenger.records.list(prefix)) {
        if (seen.has(pair.key)) continue;
        if (seen.size <= maxRememberedKeys) seen.add(pair.key);
        yield pair;
      }
      return;
    } catch (error) {
      if (!isLoss(error, target) || attempt >= limits.maxShareAttempts) throw error;
      if (seen.size > maxRememberedKeys) throw new SottoError('remote-closed', { cause: error });
    }
  }
}
