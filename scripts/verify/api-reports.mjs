/**
 * The public API of every entry point as a text file in `sdk/api`, so that a change of it shows in a
 * diff. Compares by default, writes with `--update`.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { entryPoints } from '../lib/entry-points.mjs';
import { root, runTool } from '../lib/run.mjs';

const sdk = join(root, 'sdk');
const reports = join(sdk, 'api');
const declarations = join(root, 'temp', 'types', 'sdk');

/** Where the compiler put the declarations of an entry point. */
function declarationFile({ source }) {
  return join(declarations, source.replace(/^\.\/src\//, '').replace(/\.ts$/, '.d.ts'));
}

function configure(entryPoint) {
  const base = ExtractorConfig.loadFile(join(root, 'api-extractor.json'));
  return ExtractorConfig.prepare({
    configObject: {
      ...base,
      projectFolder: sdk,
      mainEntryPointFilePath: declarationFile(entryPoint),
      apiReport: {
        enabled: true,
        reportFileName: `${entryPoint.name}.api.md`,
        reportFolder: reports,
        reportTempFolder: join(root, 'temp', 'api'),
        // Types made from schemas that stay inside: without those a change of the type would not show.
        includeForgottenExports: entryPoint.path === '.',
      },
    },
    configObjectFullPath: join(root, 'api-extractor.json'),
    packageJsonFullPath: join(sdk, 'package.json'),
  });
}

/** Compares or writes one report; what is used but not exported there goes into `forgotten`. */
function examine(entryPoint, update, forgotten) {
  if (!existsSync(declarationFile(entryPoint)))
    return [`${entryPoint.name}: there is no ${entryPoint.source}`];
  const problems = [];
  const result = Extractor.invoke(configure(entryPoint), {
    localBuild: update,
    messageCallback: (message) => {
      message.handled = true;
      if (message.messageId === 'ae-forgotten-export') forgotten.push({ entryPoint, text: message.text });
      if (message.logLevel !== 'error') return;
      const place = message.sourceFilePath ? ` (${message.sourceFilePath}:${message.sourceFileLine})` : '';
      problems.push(`${entryPoint.name}: ${message.text}${place}`);
    },
  });
  if (result.apiReportChanged && !update)
    problems.push(
      `${entryPoint.name}: the public API changed. If that is meant: npm run api, and review the diff.`,
    );
  return problems;
}

/** The names that an entry point exports, as its declarations say once compiled into a report. */
function exportedNames({ name }) {
  const report = join(root, 'temp', 'api', `${name}.api.md`);
  if (!existsSync(report)) return [];
  const declaration =
    /^export (?:declare )?(?:abstract )?(?:class|const|function|interface|namespace|type) (\w+)/gm;
  const text = readFileSync(report, 'utf8');
  const lists = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list]) => list.split(','));
  return [
    ...[...text.matchAll(declaration)].map(([, found]) => found),
    ...lists.map((item) => item.trim().split(' ').at(-1)),
  ];
}

/**
 * A type that a user meets must be one that a user can name: some entry point exports it. Values (in lower
 * case) are schemas that a type is made from.
 */
function findUnnameable(entries, forgotten) {
  const names = new Set(entries.flatMap(exportedNames));
  return forgotten
    .map(({ entryPoint, text }) => ({ entryPoint, symbol: /symbol "([^"]+)"/.exec(text)?.[1] ?? text }))
    .filter(({ symbol }) => /^[A-Z]/.test(symbol) && !names.has(symbol))
    .map(
      ({ entryPoint, symbol }) =>
        `${entryPoint.name}: "${symbol}" is part of the public API, but no entry point exports it`,
    );
}

/** Reports of entry points that are no more. */
function leftOvers(names) {
  const present = existsSync(reports) ? readdirSync(reports) : [];
  return present.filter((file) => file.endsWith('.api.md') && !names.includes(basename(file, '.api.md')));
}

/**
 * Makes the reports and compares them with those in git.
 * @param {{ update?: boolean }} [options] `update`: write them instead
 * @returns {Promise<string[]>} What is wrong; empty when all is well.
 */
export async function checkApiReports({ update = false } = {}) {
  rmSync(declarations, { recursive: true, force: true });
  const compiled = await runTool('tsc', ['-p', join(sdk, 'tsconfig.build.json')]);
  if (!compiled.ok) return [`the declarations do not compile:\n${compiled.output}`];
  mkdirSync(reports, { recursive: true });
  const entries = entryPoints();
  const gone = leftOvers(entries.map(({ name }) => name));
  if (update) for (const file of gone) rmSync(join(reports, file));
  const stale = update ? [] : gone.map((file) => `${file}: its entry point is gone. npm run api removes it.`);
  const forgotten = [];
  const problems = entries.flatMap((entry) => examine(entry, update, forgotten));
  return [...problems, ...findUnnameable(entries, forgotten), ...stale];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = await checkApiReports({ update: process.argv.includes('--update') });
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
