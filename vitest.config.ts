import { defineConfig } from 'vitest/config';
import { browserTests, lane, serviceTests } from './vitest.shared.js';

/** The fast suites: nothing but Node. */
export default defineConfig(
  lane(
    ['{sdk,server}/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    [...serviceTests, ...browserTests],
  ),
);
