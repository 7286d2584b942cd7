/** Bundles sources for the browser, in memory, and tells what went into a bundle. */
import { builtinModules, isBuiltin } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { readJson, vectorFileNames } from '../../../sdk/test/vectors/vector-json.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const resolveDir = fileURLToPath(new URL('../in-browser/', import.meta.url));

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

/** Bundles everything an entry point of a package exports. */
export async function bundleEntry(specifier: string): Promise<Bundle> {
  const contents = `import * as entry from ${JSON.stringify(specifier)}; globalThis.entry = entry;`;
  return bundle({ stdin: { contents, resolveDir, sourcefile: 'entry.js' } });
}

/** What a page has instead of the disk, and instead of the engine that is native code: that one in Node, from afar. */
const inPlaceOfNode: Plugin = {
  name: 'in-place-of-node',
  setup: (build) => {
    build.onResolve({ filter: /\/vector-json\.js$/ }, () => ({ path: 'vectors', namespace: 'disk' }));
    build.onLoad({ filter: /.*/, namespace: 'disk' }, () => {
      const files = Object.fromEntries(vectorFileNames.map((name) => [name, readJson(name)]));
      return { contents: `const files = ${JSON.stringify(files)};\n${readFromMemory}` };
    });
    build.onResolve({ filter: /(^@sotto\/sdk|\/src)\/engines\/libsignal(\/index\.js)?$/ }, () => ({
      path: fileURLToPath(new URL('../in-browser/remote-libsignal.ts', import.meta.url)),
    }));
  },
};

const readFromMemory = `
  export const vectorFileNames = Object.keys(files);
  export function readJson(name) {
    if (!Object.hasOwn(files, name)) throw new Error('no vector file ' + name);
    return structuredClone(files[name]);
  }`;

/**
 * Bundles test files to run in a page or a worker.
 * @param files - absolute paths, by where they run
 * @param env - what the files find in `process.env`
 */
export async function bundleTests(
  files: Readonly<Record<'page' | 'worker', readonly string[]>>,
  env: Readonly<Record<string, string>>,
): Promise<Bundle> {
  const membersOf = (scope: 'page' | 'worker') => {
    const members = files[scope].map(
      (file) => `${JSON.stringify(relative(root, file))}: () => import(${JSON.stringify(file)})`,
    );
    return `${scope}: { ${members.join(', ')} }`;
  };
  const contents = `import { offerTests } from './scope.js';
    offerTests({ ${membersOf('page')}, ${membersOf('worker')} });`;
  return bundle({
    stdin: { contents, resolveDir, sourcefile: 'tests.js' },
    plugins: [inPlaceOfNode],
    define: { 'process.env': JSON.stringify(env) },
    sourcemap: 'inline',
    sourcesContent: false,
  });
}

/** Bundles TypeScript that stands in no file, and imports nothing of Node. */
export async function bundleSource(contents: string): Promise<string> {
  return (await bundle({ stdin: { contents, resolveDir, sourcefile: 'source.ts', loader: 'ts' } })).code;
}

/** Bundles a file of `in-browser` as it is. */
export async function bundleFile(name: string): Promise<string> {
  const { code, nodeBuiltins } = await bundle({ entryPoints: [`${resolveDir}${name}`] });
  if (nodeBuiltins.length > 0) throw new Error(`${name} asks for ${nodeBuiltins.join(', ')}`);
  return code;
}
