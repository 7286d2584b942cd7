/** Builds `@sotto/relay`: the library (`createRelay`) and the `sotto-relay` command. */
import { defineConfig } from 'tsup';
import manifest from './package.json' with { type: 'json' };

export default defineConfig({
  entry: { index: 'src/index.ts', main: 'src/main.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node20',
  splitting: true,
  sourcemap: true,
  clean: true,
  tsconfig: 'tsconfig.build.json',
  // tsup passes `baseUrl`, which TypeScript 6 calls deprecated.
  dts: { entry: { index: 'src/index.ts' }, compilerOptions: { ignoreDeprecations: '6.0' } },
  external: Object.keys(manifest.dependencies),
  removeNodeProtocol: false,
});
