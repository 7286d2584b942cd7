/** What a storage is asked for in this bench: commits as a message makes them, and pages of a conversation. */
import type { StorageAdapter, StorageFence } from '@sotto/sdk';
import type { Side } from '../../harness.js';

/** About what one message writes: ratchet, row, marks. */
const putsPerCommit = 8;
/** About what they weigh: a ratchet's record is some kilobytes, marks are a few bytes. */
const valueBytes = 600;
/** Messages of one page. */
const pageLength = 50;

/** A value that does not compress. */
export const sampleValue = () => crypto.getRandomValues(new Uint8Array(valueBytes));

/** The name of a message. */
const messageKey = (seq: number) => `message/carol/${seq}`;

/** The puts of one commit: some on the same keys each time, one that is new. */
export function commitPuts(seq: number, value: Uint8Array): { key: string; value: Uint8Array }[] {
  const same = Array.from({ length: putsPerCommit - 1 }, (_, index) => ({ key: `state/${index}`, value }));
  return [...same, { key: messageKey(seq), value }];
}

/** Names of a page that ends somewhere in what is there. */
function pageKeys(records: number, round: number): string[] {
  const start = (round * 7_919) % Math.max(1, records - pageLength);
  return Array.from({ length: pageLength }, (_, index) => messageKey(start + index));
}

/** So many messages in large commits; no value is like another, or a database could store them in less. */
export function* messageBatches(records: number): Iterable<{ key: string; value: Uint8Array }[]> {
  const batch = 1_000;
  for (let first = 0; first < records; first += batch) {
    const length = Math.min(batch, records - first);
    yield Array.from({ length }, (_, index) => ({ key: messageKey(first + index), value: sampleValue() }));
  }
}

/** Puts so many messages. */
export async function fill(storage: StorageAdapter, fence: StorageFence, records: number): Promise<void> {
  for (const batch of messageBatches(records)) await storage.commit(batch, { fence });
}

/** Commits, one after another. @param first - the first new message */
export function commitSide(storage: StorageAdapter, fence: StorageFence, first: number): Side {
  const value = sampleValue();
  let seq = first;
  return async (count) => async () => {
    for (let done = 0; done < count; done += 1) {
      await storage.commit(commitPuts(seq, value), { fence });
      seq += 1;
    }
  };
}

/** Pages, one after another. */
export function pageSide(storage: Pick<StorageAdapter, 'get'>, records: number): Side {
  let round = 0;
  return async (count) => async () => {
    for (let done = 0; done < count; done += 1) {
      const values = await storage.get(pageKeys(records, round));
      if (values.includes(undefined)) throw new Error('a page with a hole');
      round += 1;
    }
  };
}
