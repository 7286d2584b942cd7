/** Folders for one test, under the system's own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A name in a new folder that nothing else uses, and how to remove it all. */
export async function temporaryPath(name: string) {
  const folder = await mkdtemp(join(tmpdir(), 'sotto-'));
  return { path: join(folder, name), remove: () => rm(folder, { recursive: true, force: true }) };
}
