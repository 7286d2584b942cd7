/** Makes modules that child processes of the storage suite load quickly: JavaScript, built once. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Builds a file of this folder. @returns its address, and how to remove it */
export async function buildChildModule(name: string) {
  // Inside the repository, so that the packages are found.
  await mkdir(join(root, 'temp'), { recursive: true });
  const folder = await mkdtemp(join(root, 'temp', 'storage-child-'));
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  return { url: pathToFileURL(outfile), remove: () => rm(folder, { recursive: true, force: true }) };
}
