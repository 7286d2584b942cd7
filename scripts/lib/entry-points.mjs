/** The entry points of the SDK, read from its exports map. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

/** Those that are about Node; every other entry point must run in a browser. */
const nodeOnly = ['./engines/libsignal', './storage/level'];

/**
 * @typedef {{ path: string, name: string, specifier: string, source: string }} EntryPoint
 * `path` as in the exports map, `name` as a file name, `source` relative to `sdk`.
 */

/** @returns {EntryPoint[]} */
export function entryPoints() {
  const { name: packageName, exports } = JSON.parse(readFileSync(join(root, 'sdk', 'package.json'), 'utf8'));
  return Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([path, target]) => ({
      path,
      name: path === '.' ? 'index' : path.slice(2).replaceAll('/', '-'),
      specifier: `${packageName}${path.slice(1)}`,
      source: target['@sotto/source'],
    }));
}

/** @returns {EntryPoint[]} */
export function browserSafeEntries() {
  return entryPoints().filter(({ path }) => !nodeOnly.includes(path));
}
