/** A process that takes a folder's lock, says how it went, and holds it until it is ended. */
import { lockFolder } from '../../src/storage/folder-lock.js';

try {
  await lockFolder(process.argv[2] as string);
  process.stdout.write('held\n');
  setInterval(() => {}, 60_000);
} catch (error) {
  process.stdout.write(`${(error as Error).name}\n`);
}
