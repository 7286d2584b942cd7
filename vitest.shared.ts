/** What all test lanes share: the packages' names lead to their sources. */
import { fileURLToPath } from 'node:url';
import { configDefaults, type ViteUserConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Suites of the lanes that need more than Node. */
export const serviceTests = ['{sdk,server}/test/services/**/*.service.test.ts'];
/** See {@link serviceTests}. */
export const browserTests = ['test/browser/**/*.test.ts'];

/** Files that take half a minute and more: one that begins late leaves the other worker with nothing to do. */
const longest = [
  'sdk/test/simulation/',
  'sdk/test/every-write/',
  'server/test/protocol/',
  'test/end-to-end/kill',
  'sdk/test/engines/portable/conformance',
  'server/test/relay/command',
  'sdk/test/engines/interop/long-runs',
  'test/end-to-end/start',
  'test/browser/messenger/',
  'test/browser/in-browser',
  'server/test/services/protocol',
  'server/test/services/faults',
  'server/test/services/nodes',
];

/** The longest files first, the others as ever. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((path) => moduleId.includes(`/${path}`));
      return found === -1 ? longest.length : found;
    };
    // Sorting is stable: files of one rank stay as they were.
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

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
      sequence: { sequencer: LongestFirst },
      testTimeout: 30_000,
      hookTimeout: 60_000,
    },
  };
}
