/** Commits to a level storage in a process whose files may not grow far, and says how it went. */
import { isSottoError } from '../../src/errors.js';
import { levelStorage } from '../../src/storage/level/index.js';

const [path] = process.argv.slice(2);
const storage = levelStorage(path as string);
const fence = await storage.acquire();
const value = new Uint8Array(4_096).fill(7);
const commit = (seq: number, key: string) =>
  storage.commit(
    [
      { key: `${key}/row`, value },
      { key: 'count', value: Uint8Array.of(seq) },
    ],
    { fence },
  );

let acknowledged = 0;
let code = 'none';
// Two hundred rows are more than the file may have.
for (; acknowledged < 200 && code === 'none'; acknowledged += 1) {
  await commit(acknowledged + 1, `before/${acknowledged}`).catch((error: unknown) => {
    code = isSottoError(error) ? error.code : String(error);
    acknowledged -= 1;
  });
}
const [count, refused] = await storage.get(['count', `before/${acknowledged}/row`]);
const { state } = await storage.health();
const untouched = count?.[0] === acknowledged && refused === undefined;
// The next file has room.
await commit(201, 'after');
await storage.close();
const reopened = levelStorage(path as string);
const [again] = await reopened.get(['count']);
let rows = 0;
for await (const _ of reopened.list('before/')) rows += 1;
await reopened.close();
console.log(JSON.stringify({ code, acknowledged, untouched, state, again: again?.[0], rows }));
