/** Signatures take their time; whoever else waits for the relay must not. */
import { describe, expect, it } from 'vitest';
import { wireLimits } from '@sotto/sdk/wire';
import { checkKeys, listKeys } from '../../src/keys/key-checks.js';
import { relayLimits } from '../../src/relay-limits.js';
import { Person } from '../support/people.js';

/** How often the event loop came round during some work: nothing else goes on in this process. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let next = setImmediate(function count() {
    turns += 1;
    next = setImmediate(count);
  });
  await work();
  clearImmediate(next);
  return turns;
}

describe('the check of a full upload', () => {
  it('lets others have their turn after every few signatures', async () => {
    const owner = new Person();
    const count = wireLimits.maxPreKeysPerUpload;
    const keys = listKeys({ kemOneTime: Array.from({ length: count }, (_, id) => owner.kemPreKey(id)) });
    const turns = await turnsDuring(async () => {
      const verdicts = await checkKeys(owner.identityKey, keys);
      expect(verdicts.every(({ valid }) => valid)).toBe(true);
    });
    expect(turns).toBeGreaterThanOrEqual(Math.floor(count / relayLimits.signaturesPerTurn));
  });
});
