/**
 * The parts of a backup that no entry point shows, as they are installed: run from source, every inner function
 * would be named again at each call, which costs half of what is measured here.
 */
const dist = new URL('../../../sdk/dist/', import.meta.url);

async function built<Module>(path: string): Promise<Module> {
  return (await import(new URL(path, dist).href)) as Module;
}

export const { archiveStream, makeArchiveKeys } =
  await built<typeof import('../../../sdk/src/backup/archive-writer.js')>('backup/archive-writer.js');
export const { verifyArchive } =
  await built<typeof import('../../../sdk/src/backup/archive-reader.js')>('backup/archive-reader.js');
export const { deviceSource } =
  await built<typeof import('../../../sdk/src/backup/device-source.js')>('backup/device-source.js');
export const { openChunks, sealChunks } =
  await built<typeof import('../../../sdk/src/backup/chunks.js')>('backup/chunks.js');
export const { ByteReader } =
  await built<typeof import('../../../sdk/src/backup/byte-reader.js')>('backup/byte-reader.js');
export const { Writer } = await built<typeof import('../../../sdk/src/unit/index.js')>('unit/index.js');
