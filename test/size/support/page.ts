/** Bundles a page in memory, as a user's bundler does, and tells which modules it ended up with. */
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle, type Metafile, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Code that a control adds to the end of a source file: `file` as the test names it, from the root. */
export interface Addition {
  readonly file: string;
  readonly code: string;
}

function appending({ file, code }: Addition): Plugin {
  return {
    name: 'addition',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) =>
        relative(root, path) === file
          ? { contents: `${readFileSync(path, 'utf8')}\n${code}`, loader: 'ts' }
          : undefined,
      );
    },
  };
}

/**
 * The modules of which something is left in a page, after what it does not use is shaken off: by their path from
 * the root, and what stays outside of the bundle (optional peers, built-ins of Node) by its name. What is loaded
 * only when it is asked for is no part of the page.
 */
export async function modulesOf(code: string, additions: readonly Addition[] = []): Promise<string[]> {
  const { metafile } = await bundle({
    stdin: { contents: code, resolveDir: root, sourcefile: 'page.js' },
    absWorkingDir: root,
    bundle: true,
    minifySyntax: true,
    write: false,
    outdir: root,
    splitting: true,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@sotto/source'],
    external: [
      'socket.io-client',
      '@signalapp/libsignal-client',
      'classic-level',
      'node:*',
      ...builtinModules,
    ],
    plugins: additions.map(appending),
    logLevel: 'silent',
  });
  return loadedAtOnce(metafile.outputs).flatMap(({ inputs, imports }) => [
    ...Object.entries(inputs)
      .filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && path !== 'page.js')
      .map(([path]) => path),
    ...imports.filter(({ external }) => external === true).map(({ path }) => path),
  ]);
}

type Outputs = Metafile['outputs'];

/** The page's own file, and the files that these import before anything runs. */
function loadedAtOnce(outputs: Outputs): Outputs[string][] {
  const pending = Object.keys(outputs).filter((path) => outputs[path]?.entryPoint?.endsWith('page.js'));
  for (const path of pending) {
    for (const { kind, external, path: imported } of outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && external !== true && !pending.includes(imported))
        pending.push(imported);
    }
  }
  return pending.map((path) => outputs[path] as Outputs[string]);
}
