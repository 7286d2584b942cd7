/**
 * PGlite for tests, put in its place by the lanes' configuration. A new database begins as a copy of one that was
 * made before, with this version of PGlite, which takes a quarter of the time that making one takes; everything
 * else is PGlite's. Databases of processes that tests start are made anew.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type * as Package from '@electric-sql/pglite';

const requirePackage = createRequire(import.meta.url);
const entry = requirePackage.resolve('@electric-sql/pglite').replace(/\.cjs$/, '.js');
const { PGlite: Original, protocol, types } = (await import(pathToFileURL(entry).href)) as typeof Package;
const packageFile = path.join(path.dirname(entry), '../package.json');
const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string };
const cache = fileURLToPath(new URL('../../../node_modules/.cache/sotto/', import.meta.url));
const imageFile = path.join(cache, `pglite-${version}.tar`);

export { protocol, types };

let image: Promise<Blob> | undefined;

async function readImage(): Promise<Blob> {
  if (!existsSync(imageFile)) await writeImage();
  return new Blob([await readFile(imageFile)]);
}

/** Whole or not at all: several processes may be about it. */
async function writeImage(): Promise<void> {
  const database = await Original.create();
  const dump = await database.dumpDataDir('none');
  await database.close();
  await mkdir(cache, { recursive: true });
  const own = `${imageFile}.${process.pid}`;
  await writeFile(own, new Uint8Array(await dump.arrayBuffer()));
  await rename(own, imageFile);
}

const isNew = (folder: string | undefined) =>
  folder === undefined || !existsSync(path.join(folder, 'PG_VERSION'));

/** What the relay takes of the package, but for how a new database is made. */
export const PGlite = {
  async create(options: Package.PGliteOptions): Promise<Package.PGlite> {
    return Original.create(
      isNew(options.dataDir) ? { ...options, loadDataDir: await (image ??= readImage()) } : options,
    );
  },
};
