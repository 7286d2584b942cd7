/**
 * Moves a store from one generation of keys to the next. The old one is the truth until one commit exchanges the
 * header; what is copied before that, and left over after it, is removed by whoever acquires next. Knows no turns.
 */
import type { StorageAdapter, StorageFence } from '../../ports/storage.js';
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
  for await (const batch of inBatches(from.list(''))) await to.commit(batch, options);
  await to.commitWithHeader([], options);
  await removeGeneration(inner, from.generation.number, options);
}

/** Removes what an interrupted move has left: copies of the next generation, or remains of the former. */
export async function removeLeftovers(
  inner: StorageAdapter,
  generation: number,
  options: Written,
): Promise<void> {
  if (generation > 1) await removeGeneration(inner, generation - 1, options);
  await removeGeneration(inner, generation + 1, options);
}

async function removeGeneration(inner: StorageAdapter, generation: number, options: Written): Promise<void> {
  for await (const batch of inBatches(inner.list(generationPrefix(generation)))) {
    await inner.commit(
      batch.map(({ key }) => ({ key, value: undefined })),
      options,
    );
  }
}
