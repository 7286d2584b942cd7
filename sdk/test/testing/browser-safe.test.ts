import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

const entry = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));

async function bundle(path: string) {
  return build({
    entryPoints: [entry(path)],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    logLevel: 'silent',
    metafile: true,
  });
}

it.each(['testing/index.ts', 'storage/memory/index.ts', 'transport/memory/index.ts'])(
  'bundles %s for browsers, without a Node built-in',
  async (path) => {
    const { metafile, errors } = await bundle(path);
    expect(errors).toEqual([]);
    const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
    expect(imports.filter(({ external }) => external)).toEqual([]);
  },
);

it('would notice a Node built-in', async () => {
  await expect(bundle('storage/level/index.ts')).rejects.toThrow(/Could not resolve "fs"/);
});
