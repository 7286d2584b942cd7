/** Writes the service worker into the build: the same code each time, under the list of this build's files. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The files that an application without a network needs: names of built ones change with their content. */
function filesOf(built: readonly string[], publicDir: string): string[] {
  const needed = built.filter((name) => !name.endsWith('.map') && !name.endsWith('.html'));
  return [
    '/',
    ...needed.map((name) => `/${name}`),
    ...readdirSync(publicDir).map((name) => `/${name}`),
  ].sort();
}

/** Vite's plugin. */
export function offlineFiles(): Plugin {
  let publicDir = '';
  return {
    name: 'offline-files',
    apply: 'build',
    configResolved: (config) => void (publicDir = config.publicDir),
    generateBundle(_options, bundle) {
      const files = filesOf(Object.keys(bundle), publicDir);
      const code = readFileSync(here('service-worker.js'), 'utf8');
      const inputs = [code, JSON.stringify(files), readFileSync(here('../index.html'), 'utf8')];
      const version = createHash('sha256').update(inputs.join('\0')).digest('hex').slice(0, 16);
      const head = `const version = '${version}';\nconst files = ${JSON.stringify(files)};\n`;
      this.emitFile({ type: 'asset', fileName: 'service-worker.js', source: head + code });
    },
  };
}
