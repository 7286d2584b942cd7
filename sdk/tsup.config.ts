/**
 * Builds `@sotto/sdk`: one ES module per source file, so that a bundler leaves out what a page does not use
 * file by file, as it would from the sources. Joined into larger files, one schema that is built when its file
 * is loaded would keep the validator in every page that imports anything beside it. Declarations are made per
 * entry point of the exports map.
 */
import { defineConfig } from 'tsup';
import manifest from './package.json' with { type: 'json' };

const entry = Object.fromEntries(
  Object.values(manifest.exports)
    .filter((target) => typeof target === 'object')
    .map((target) => target['@sotto/source'])
    .map((source) => [source.replace('./src/', '').replace(/\.ts$/, ''), source]),
);

export default defineConfig({
  entry: ['src/**/*.ts'],
  bundle: false,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  sourcemap: true,
  clean: true,
  tsconfig: 'tsconfig.build.json',
  // tsup passes `baseUrl`, which TypeScript 6 calls deprecated.
  dts: { entry, compilerOptions: { ignoreDeprecations: '6.0' } },
  // By default tsup strips `node:` off imports, and some built-ins exist under that name only.
  removeNodeProtocol: false,
});
