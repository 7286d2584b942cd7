/**
 * The parts of a backup that no entry point shows, as they are installed: run from source, every inner function
 * would be named again at each call, which costs half of what is measured here.
 */
import type * as archiveReader from '../../../sdk/src/backup/archive-reader.js';
import type * as archiveWriter from '../../../sdk/src/backup/archive-writer.js';
import type * as byteReader from '../../../sdk/src/backup/byte-reader.js';
import type * as chunks from '../../../sdk/src/backup/chunks.js';
import type * as source from '../../../sdk/src/backup/device-source.js';
import type * as unit from '../../../sdk/src/unit/index.js';

const dist = new URL('../../../sdk/dist/', import.meta.url);

async function built<Module>(path: string): Promise<Module> {
  return (await import(new URL(path, dist).href)) as Module;
}

export const { archiveStream, makeArchiveKeys } =
  await built<typeof archiveWriter>('backup/archive-writer.js');
export const { verifyArchive } = await built<typeof archiveReader>('backup/archive-reader.js');
export const { deviceSource } = await built<typeof source>('backup/device-source.js');
export const { openChunks, sealChunks } = await built<typeof chunks>('backup/chunks.js');
export const { ByteReader } = await built<typeof byteReader>('backup/byte-reader.js');
export const { Writer } = await built<typeof unit>('unit/index.js');
