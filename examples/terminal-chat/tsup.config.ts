/** Builds the chat into one file that Node runs. Its packages stay packages. */
import { defineConfig } from 'tsup';
import manifest from './package.json' with { type: 'json' };

export default defineConfig({
  entry: { main: 'src/main.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  clean: true,
  external: Object.keys(manifest.dependencies),
  removeNodeProtocol: false,
});
