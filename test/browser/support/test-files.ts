/** Names test files from the root of the repository. */
import { fileURLToPath } from 'node:url';

const root = new URL('../../../', import.meta.url);

/** The absolute paths of files in a folder, which is given from the root and ends in `/`. */
export function filesIn(folder: string, names: readonly string[]): readonly string[] {
  return names.map((name) => fileURLToPath(new URL(folder + name, root)));
}
