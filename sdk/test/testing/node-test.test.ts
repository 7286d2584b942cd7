import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const file = fileURLToPath(new URL('./node-test-cases.ts', import.meta.url));

it('runs the suites under node:test', async () => {
  const loader = ['--conditions=@sotto/source', '--import', import.meta.resolve('tsx')];
  // Without it the child would report to the runner above instead of to its output.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const { stdout } = await promisify(execFile)(process.execPath, [...loader, '--test-reporter=tap', file], {
    env,
  });
  expect(stdout).toMatch(/^# pass (?:6[0-9]|[7-9][0-9]|[1-9][0-9]{2})$/m);
  expect(stdout).toMatch(/^# fail 0$/m);
});
