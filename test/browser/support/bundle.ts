/** Bundles sources for the browser, in memory, and tells what went into a bundle. */
import { builtinModules, isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';

/** A bundle: one module, and the built-ins of Node that it still asks for. */
export interface Bundle {
  readonly code: string;
  readonly nodeBuiltins: readonly string[];
}

async function bundle(options: BuildOptions): Promise<Bundle> {
  const result = await build({
    ...options,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@sotto/source'],
    logLevel: 'silent',
    // A built-in is left as an import, so that the metafile shows who asks for it.
    external: ['node:*', ...builtinModules],
  });
  const imports = Object.values(result.metafile.outputs).flatMap((output) => output.imports);
  const [file] = result.outputFiles ?? [];
  if (!file) throw new Error('esbuild wrote nothing');
  return {
    code: file.text,
    nodeBuiltins: imports.map(({ path }) => path).filter((path) => isBuiltin(path)),
  };
}

/** Bundles a file of this folder. */
export async function bundleFile(url: URL): Promise<Bundle> {
  return bundle({ entryPoints: [fileURLToPath(url)] });
}

/** Bundles everything an entry point of a package exports. */
export async function bundleEntry(specifier: string): Promise<Bundle> {
  const contents = `import * as entry from ${JSON.stringify(specifier)}; globalThis.entry = entry;`;
  const resolveDir = fileURLToPath(new URL('.', import.meta.url));
  return bundle({ stdin: { contents, resolveDir, sourcefile: 'entry.js' } });
}
