/**
 * Builds `@sotto/sdk`: one ES module per entry point of the exports map, code that entries share in
 * chunks of its own, so that there is one `SottoError` class however many entries are imported.
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
  entry,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  splitting: true,
  sourcemap: true,
  clean: true,
  tsconfig: 'tsconfig.build.json',
  // tsup passes `baseUrl`, which TypeScript 6 calls deprecated.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  external: [/^node:/, ...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)],
  // By default tsup strips `node:` off imports, and some built-ins exist under that name only.
  removeNodeProtocol: false,
});
