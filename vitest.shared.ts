/** What all test lanes share: the packages' names lead to their sources. */
import { fileURLToPath } from 'node:url';
import { configDefaults, type ViteUserConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Suites of the lanes that need more than Node. */
export const serviceTests = ['{sdk,server}/test/services/**/*.service.test.ts'];
/** See {@link serviceTests}. */
export const browserTests = ['test/browser/**/*.test.ts'];

/** A lane's configuration. Processes that a test starts find the sources by the `@sotto/source` condition. */
export function lane(include: string[], exclude: string[] = []): ViteUserConfig {
  return {
    resolve: {
      alias: [
        {
          find: /^@electric-sql\/pglite$/,
          replacement: source('./server/test/support/pglite-from-image.ts'),
        },
        { find: /^@sotto\/sdk\/(.+)$/, replacement: source('./sdk/src/$1/index.ts') },
        { find: /^@sotto\/sdk$/, replacement: source('./sdk/src/index.ts') },
        { find: /^@sotto\/relay$/, replacement: source('./server/src/index.ts') },
      ],
    },
    test: {
      include,
      exclude: [...configDefaults.exclude, ...exclude],
      pool: 'forks',
      maxWorkers: 2,
      testTimeout: 30_000,
      hookTimeout: 60_000,
    },
  };
}
