/**
 * Runs test files in a page or a worker with the test runner and the assertions that run them in Node:
 * vitest's own, bundled. Knows no test.
 */
import { startTests } from 'vitest/internal/browser';
import type { RunnerTask } from 'vitest';

/** How a test ended. */
export interface TestResult {
  /** The titles of its groups and its own. */
  readonly name: string;
  readonly durationMs: number;
  /** What it failed with; absent when it passed. */
  readonly error?: string;
}

/** Test files by name. Importing one declares its tests. */
export type TestFiles = Readonly<Record<string, () => Promise<unknown>>>;

type Runner = Parameters<typeof startTests>[1];

const config: Runner['config'] = {
  root: '/',
  name: undefined,
  setupFiles: [],
  passWithNoTests: false,
  testNamePattern: undefined,
  allowOnly: false,
  sequence: { seed: 1, hooks: 'stack', setupFiles: 'list' },
  chaiConfig: undefined,
  maxConcurrency: 1,
  // As in Node's lanes: see vitest.shared.ts.
  testTimeout: 30_000,
  hookTimeout: 60_000,
  retry: 0,
  includeTaskLocation: false,
  tags: [],
  tagsFilter: undefined,
  strictTags: false,
};

/** Runs all files, one after the other. A file that cannot be loaded is a failed test of its name. */
export async function runTests(files: TestFiles): Promise<readonly TestResult[]> {
  const importFile = (path: string) =>
    files[path.slice(1)]?.() ?? Promise.reject(new Error(`no file ${path}`));
  const paths = Object.keys(files).map((name) => `/${name}`);
  const tasks = await startTests(paths, { config, importFile });
  return tasks.flatMap((file) => resultsOf(file, []));
}

function resultsOf(task: RunnerTask, groups: readonly string[]): readonly TestResult[] {
  const names = [...groups, task.name];
  const durationMs = task.result?.duration ?? 0;
  const result = { name: names.join(' > '), durationMs, ...failureOf(task) };
  if (task.type === 'test') return [result];
  const inside = task.tasks.flatMap((each) => resultsOf(each, names));
  // What a group fails with itself: its hooks, or loading its file.
  const own = task.result?.errors?.length ? [result] : [];
  return [...own, ...inside];
}

/** Only what ran and passed has passed: a skipped test is not one of those. */
function failureOf({ result, mode }: RunnerTask): { readonly error?: string } {
  if (result?.state === 'pass') return {};
  const errors = result?.errors?.map(({ stack, message, diff }) => `${stack ?? message}\n${diff ?? ''}`);
  return { error: errors?.join('\n') ?? `did not run (${result?.state ?? mode})` };
}
