/**
 * Every check of the portable engine is needed: with one of them removed, the attack that it meets
 * succeeds. The engine is bundled with the attacks, changed in one place, and run.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { mutations, otherComparisons, type Mutation } from './mutations.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const engines = join(root, 'sdk/src/engines');
mkdirSync(join(root, 'temp'), { recursive: true });
const folder = mkdtempSync(join(root, 'temp', 'mutants-'));
let built = 0;

type Guards = Readonly<Record<string, () => Promise<void>>>;

async function guardsWith(mutation?: Mutation): Promise<Guards> {
  const outfile = join(folder, `${(built += 1)}.mjs`);
  await build({
    entryPoints: [join(root, 'sdk/test/engines/mutation/guards.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
    plugins: mutation
      ? [
          {
            name: 'mutation',
            setup: (bundler) => {
              bundler.onLoad({ filter: /\.ts$/ }, ({ path }) =>
                relative(engines, path) === mutation.file
                  ? { contents: mutated(path, mutation), loader: 'ts' }
                  : undefined,
              );
            },
          },
        ]
      : [],
  });
  return ((await import(pathToFileURL(outfile).href)) as { guards: Guards }).guards;
}

function mutated(path: string, { find, replace }: Mutation): string {
  const source = readFileSync(path, 'utf8');
  expect(source.split(find), `${path} has it once: ${find}`).toHaveLength(2);
  return source.replace(find, replace);
}

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the portable engine', { timeout: 120_000 }, () => {
  const names = [...new Set(mutations.map(({ guard }) => guard))];

  it.each([...names, 'end of a certificate', 'own sealed messages'])('meets: %s', async (name) => {
    await (
      await whole
    )[name]!();
  });

  it.each(mutations)('without its check fails: $guard ($file)', async (mutation) => {
    const guards = await guardsWith(mutation);
    await expect(guards[mutation.guard]!()).rejects.toThrow();
  });

  it('has no check that is not removed here', () => {
    const listed = [...mutations.map(({ find }) => find), ...Object.keys(otherComparisons)];
    const pattern = /\b(?:verifySignature|verifySignatureLater|equalBytes|assertVector|isCanonical)\(/;
    for (const file of readdirSync(join(engines, 'portable'), { recursive: true, encoding: 'utf8' })) {
      // That one compares what platforms compute, and has tests of its own.
      if (!file.endsWith('.ts') || file.endsWith('known-answers.ts')) continue;
      const lines = readFileSync(join(engines, 'portable', file), 'utf8').split('\n');
      for (const line of lines.filter((text) => pattern.test(text) && !/^\s*(?:\*|export )/.test(text))) {
        const known = listed.some((text) => line.includes(text) || text.includes(line.trim()));
        expect(known, `${file}: ${line.trim()}`).toBe(true);
      }
    }
  });
});

const whole = guardsWith();
