/** The examples of docs/testing.md, taken from the page as they stand: the first is a test, the others run to their end. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const page = await readFile(join(root, 'docs/testing.md'), 'utf8');
const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => block ?? '');
// Inside the repository, so that the packages are found.
await mkdir(join(root, 'temp'), { recursive: true });
const folder = await mkdtemp(join(root, 'temp', 'testing-guide-'));

afterAll(() => rm(folder, { recursive: true, force: true }));

async function load(block: string, number: number): Promise<void> {
  const file = join(folder, `block-${number}.ts`);
  await writeFile(file, block);
  await import(file);
}

describe('the guide to testing', () => {
  const [first, ...others] = blocks;
  it('has its examples', () => expect(blocks.length).toBeGreaterThanOrEqual(3));
  it.each(others.map((block, index) => ({ block, number: index + 2 })))(
    'runs example $number',
    ({ block, number }) => load(block, number),
  );
  if (first === undefined) throw new Error('the page has no example');
});

// It declares a test of its own.
await load(blocks[0] ?? '', 1);
