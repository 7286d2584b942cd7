/**
 * The packages as their users get them: packed, and installed from the tarballs into an empty folder, with the
 * programs of `test/package` compiled beside them. Each happens once however many checks ask.
 */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../build.mjs';
import { root, run, runTool } from './run.mjs';

const packFolder = join(root, 'temp', 'pack');

/** Runs once however many checks ask; a failure is each asker's failure. */
function memoize(work) {
  let result;
  return () => (result ??= work());
}

const readManifest = (folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));

/** Both tarballs, by folder. */
export const packed = memoize(async () => {
  if (!(await build({ ifNeeded: true }))) throw new Error('the build failed');
  rmSync(packFolder, { recursive: true, force: true });
  mkdirSync(packFolder, { recursive: true });
  const args = ['pack', '-w', 'sdk', '-w', 'server', '--ignore-scripts', '--pack-destination', packFolder];
  const { ok, output } = await run('npm', args);
  if (!ok) throw new Error(output);
  const tarball = (name) =>
    join(packFolder, readdirSync(packFolder).find((file) => file.startsWith(name)) ?? name);
  return { sdk: tarball('sotto-sdk-'), server: tarball('sotto-relay-') };
});

/** An empty folder in which both packages and the SDK's peers are installed from the tarballs. */
export const installed = memoize(async () => {
  const tarballs = await packed();
  const folder = mkdtempSync(join(tmpdir(), 'sotto-consumer-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const { peerDependencies, devDependencies } = readManifest('sdk');
  const peers = Object.fromEntries(
    Object.keys(peerDependencies).map((name) => [name, devDependencies[name]]),
  );
  const dependencies = {
    '@sotto/sdk': `file:${tarballs.sdk}`,
    '@sotto/relay': `file:${tarballs.server}`,
    ...peers,
  };
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies }),
  );
  const args = [
    'install',
    '--prefer-offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
  ];
  const { ok, output } = await run('npm', args, { cwd: folder });
  if (!ok) throw new Error(`installing the tarballs failed:\n${output}`);
  return folder;
});

/** The programs of users of the packages. */
const programs = ['consumer.ts', 'portable.ts', 'vectors.ts'];

function consumerProject(resolution) {
  const nodenext = resolution === 'nodenext';
  return {
    compilerOptions: {
      target: 'ES2022',
      lib: ['ES2022', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
      module: nodenext ? 'NodeNext' : 'ESNext',
      moduleResolution: nodenext ? 'NodeNext' : 'Bundler',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      skipLibCheck: false,
      outDir: resolution,
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
    },
    files: programs,
  };
}

/** The vector files that `portable.ts` checks. */
const vectorFiles = ['fingerprint.json', 'sealed-sender.json', 'xeddsa.json'];

/** Them as a module: not every bundler takes JSON unasked. */
function vectorModule() {
  const files = vectorFiles.map((name) => JSON.parse(readFileSync(join(root, 'test-vectors', name), 'utf8')));
  const tests = Object.fromEntries(files.map(({ operation, tests }) => [operation, tests]));
  return `export const vectors = ${JSON.stringify(tests)};\n`;
}

/**
 * The programs compiled in the folder where the packages are installed.
 * @type {() => Promise<{ folder: string, programs: string }>} `programs`: where the compiled ones lie.
 */
export const compiledPrograms = memoize(async () => {
  const folder = await installed();
  for (const name of programs) copyFileSync(join(root, 'test', 'package', name), join(folder, name));
  const failures = [];
  for (const resolution of ['nodenext', 'bundler']) {
    const project = join(folder, `tsconfig.${resolution}.json`);
    writeFileSync(project, JSON.stringify(consumerProject(resolution)));
    const { ok, output } = await runTool('tsc', ['-p', project, '--pretty', 'false'], { cwd: folder });
    if (!ok) failures.push(`${resolution}:\n${output}`);
  }
  if (failures.length > 0) throw new Error(failures.join('\n'));
  const compiled = join(folder, 'nodenext');
  writeFileSync(join(compiled, 'vectors.js'), vectorModule());
  return { folder, programs: compiled };
});
