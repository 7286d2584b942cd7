/**
 * Every `ts` block of README.md and docs is a module that must compile against the sources. A block
 * marked ```ts continued goes on where the block before it ended. Line numbers in messages are those
 * of the document.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root, runTool } from '../lib/run.mjs';

const work = join(root, 'temp', 'docs');

function documents() {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'));
  const packages = ['sdk/README.md', 'server/README.md'];
  const guides = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('api/'))
    .map((name) => join('docs', name));
  return [...top, ...packages, ...guides];
}

function readDocument(document) {
  try {
    return readFileSync(join(root, document), 'utf8');
  } catch {
    return '';
  }
}

/** The blocks of a document, each with blank lines before it so that its lines keep their numbers. */
function extractModules(document) {
  const modules = [];
  let open = false;
  readDocument(document)
    .split('\n')
    .forEach((line, index) => {
      if (open && /^\s*```\s*$/.test(line)) {
        open = false;
        return;
      }
      const fence = /^\s*```(?:ts|typescript)\b(.*)$/.exec(line);
      if (fence && !open) {
        open = true;
        if (!fence[1].includes('continued') || modules.length === 0) modules.push([]);
      } else if (open) {
        modules.at(-1)[index] = line;
      }
    });
  return modules.map((lines) => `${Array.from(lines, (line) => line ?? '').join('\n')}\nexport {};\n`);
}

function writeModules(document) {
  const modules = extractModules(document);
  modules.forEach((text, index) => {
    const file = join(work, `${document}.${index + 1}.ts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  });
  return modules.length;
}

function writeProject() {
  const project = {
    extends: relative(work, join(root, 'tsconfig.json')),
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    include: ['**/*.ts'],
    exclude: [],
  };
  writeFileSync(join(work, 'tsconfig.json'), JSON.stringify(project));
  // Top-level await needs modules; the packages are found by walking up to the root.
  writeFileSync(join(work, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
}

/** @returns {Promise<string[]>} The compiler's complaints. */
export async function checkDocs() {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const count = documents()
    .map(writeModules)
    .reduce((sum, one) => sum + one, 0);
  if (count === 0) return ['no document has a ts block'];
  writeProject();
  const { ok, output } = await runTool('tsc', ['-p', work, '--pretty', 'false']);
  return ok ? [] : [output.replaceAll(/^temp\/docs\/(.+?)\.\d+\.ts/gm, '$1')];
}
