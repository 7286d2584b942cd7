/**
 * `npm run bench -- NAME [--json]`: runs one bench of `bench/cases`, ours beside its peer. With `--json`
 * one line per case, otherwise a table. Knows no case.
 */
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type BenchCase, type BenchResult, formatTable, runCase } from './harness.js';

const folder = new URL('./cases/', import.meta.url);

/** What a file of `bench/cases` exports under the name `cases`. */
interface BenchModule {
  readonly cases: readonly BenchCase[];
}

// Garbage of one slice must not be collected in the next one, which may be the other side's.
setFlagsFromString('--expose-gc');
globalThis.gc = runInNewContext('gc') as typeof globalThis.gc;

const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3));
const words = process.argv.slice(2);
const json = words.includes('--json');
const [name, only] = words.filter((word) => !word.startsWith('--'));

if (name === undefined || !names.includes(name)) {
  console.error(`Usage: npm run bench -- NAME [CASE] [--json]\nNAME is one of: ${names.join(', ')}`);
  process.exitCode = 2;
} else {
  await run(name);
}

async function run(bench: string): Promise<void> {
  const { cases } = (await import(new URL(`${bench}.ts`, folder).href)) as BenchModule;
  const results: BenchResult[] = [];
  for (const one of cases.filter((candidate) => only === undefined || candidate.name === only)) {
    const result = await runCase(bench, one);
    results.push(result);
    if (json) console.log(JSON.stringify(result));
  }
  if (!json) console.log(formatTable(results));
}
