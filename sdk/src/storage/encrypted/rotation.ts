/**
 * Moves a store from one generation of keys to the next. The old one is the truth until one commit exchanges the
 * header. Before the first copy the next header is laid beside it: a move that is cut goes on from there as long
 * as nothing was committed to the old generation since. Knows no turns.
 */
import type { StorageAdapter, StorageEntry, StorageFence } from '../../ports/storage.js';
import { generationPrefix } from './layout.js';
import { inBatches, type SealedReader, type SealedWriter } from './sealed-store.js';

interface Written {
  readonly fence: StorageFence;
}

/** Copies everything, exchanges the header, and removes the old. */
export async function moveStore(
  inner: StorageAdapter,
  from: SealedReader,
  to: SealedWriter,
  options: Written,
): Promise<void> {
  await removeGeneration(inner, to.generation.number, options);
  await to.announce(options);
  for await (const batch of inBatches(from.list(''))) await to.commit(batch, options);
  await exchange(inner, from, to, options);
}

/** As {@link moveStore}, for one that was cut: what is copied already stays. */
export async function resumeMove(
  inner: StorageAdapter,
  from: SealedReader,
  to: SealedWriter,
  options: Written,
): Promise<void> {
  for await (const batch of inBatches(from.list(''))) {
    const missing = await missingOf(inner, to, batch);
    if (missing.length > 0) await to.commit(missing, options);
  }
  await exchange(inner, from, to, options);
}

async function exchange(
  inner: StorageAdapter,
  from: SealedReader,
  to: SealedWriter,
  options: Written,
): Promise<void> {
  await to.commitWithHeader([], options);
  await removeGeneration(inner, from.generation.number, options);
}

async function missingOf(
  inner: StorageAdapter,
  to: SealedWriter,
  batch: readonly StorageEntry[],
): Promise<readonly StorageEntry[]> {
  const copies = await inner.get(batch.map(({ key }) => to.generation.valueKey(key)));
  return batch.filter((_, index) => copies[index] === undefined);
}

/** Removes everything of a generation: remains of the former, or copies for one that is not to come. */
export async function removeGeneration(
  inner: StorageAdapter,
  generation: number,
  options: Written,
): Promise<void> {
  for await (const batch of inBatches(inner.list(generationPrefix(generation)))) {
    await inner.commit(
      batch.map(({ key }) => ({ key, value: undefined })),
      options,
    );
  }
}
