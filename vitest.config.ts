import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The fast suites, run against the sources. Processes that a test starts find them by the `@sotto/source` condition. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@sotto\/sdk\/(.+)$/, replacement: source('./sdk/src/$1/index.ts') },
      { find: /^@sotto\/sdk$/, replacement: source('./sdk/src/index.ts') },
      { find: /^@sotto\/relay\/(.+)$/, replacement: source('./server/src/$1.ts') },
      { find: /^@sotto\/relay$/, replacement: source('./server/src/index.ts') },
    ],
  },
  test: {
    include: ['{sdk,server}/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
