/**
 * Bundles TypeScript sources for child processes that are started many times: compiling at every start
 * costs three times what the start itself does. The packages they need stay outside.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../..', import.meta.url));

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

/** Bundled sources. */
export interface Bundle {
  /** The file to run for one of the entries. */
  file(name: string): string;
  remove(): void;
}

/** What is installed for the packages of this repository, which are bundled themselves. */
function installedPackages(): string[] {
  return ['sdk', 'server', 'examples/terminal-chat'].flatMap((folder) => {
    const text = readFileSync(join(root, folder, 'package.json'), 'utf8');
    const { dependencies, peerDependencies } = JSON.parse(text) as Manifest;
    return Object.keys({ ...dependencies, ...peerDependencies }).filter(
      (name) => !name.startsWith('@sotto/'),
    );
  });
}

/** @param entries - name and source, relative to the root of the repository */
export async function bundleSources(entries: Readonly<Record<string, string>>): Promise<Bundle> {
  // Inside the repository, where the packages are found.
  const parent = join(root, 'temp', 'bundles');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'tests-'));
  await build({
    entryPoints: { ...entries },
    absWorkingDir: root,
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@sotto/source'],
    external: installedPackages(),
    outExtension: { '.js': '.mjs' },
    logLevel: 'error',
  });
  return {
    file: (name) => join(folder, `${name}.mjs`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
