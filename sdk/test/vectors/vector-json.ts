/** The JSON files of `test-vectors/`, from the disk. Bundles for browsers put another module in this one's place. */
import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../../../test-vectors/', import.meta.url);

/** The names of all vector files. */
export const vectorFileNames: readonly string[] = [
  ...readdirSync(folder),
  ...readdirSync(new URL('backup/', folder)).map((name) => `backup/${name}`),
].filter((name) => name.endsWith('.json') && name !== 'schema.json');

/** Any JSON file of the folder. */
export function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
}
