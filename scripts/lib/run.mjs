/** Runs child processes for the scripts here. Knows no step and no tool. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** How much output of one process is kept; the end of it is what explains a failure. */
const maxOutputCharacters = 2_000_000;

/**
 * Runs a command and waits for it.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, inherit?: boolean }} [options] `inherit`: show the output as it comes
 * @returns {Promise<{ ok: boolean, code: number, output: string }>} Never rejects; a command that cannot start has code 127.
 */
export function run(command, args, { cwd = root, env = process.env, inherit = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', inherit ? 'inherit' : 'pipe', inherit ? 'inherit' : 'pipe'],
    });
    let output = '';
    const collect = (chunk) => (output = (output + chunk).slice(-maxOutputCharacters));
    child.stdout?.setEncoding('utf8').on('data', collect);
    child.stderr?.setEncoding('utf8').on('data', collect);
    child.on('error', (error) => resolve({ ok: false, code: 127, output: `${output}${error.message}\n` }));
    child.on('close', (code) => resolve({ ok: code === 0, code: code ?? 1, output }));
  });
}

/**
 * Runs a tool that is a dependency of this repository, by its file, so that no shell and no lookup is in between.
 * @param {string} name The name in `node_modules/.bin`.
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export function runTool(name, args, options) {
  return run(
    process.execPath,
    [fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url)), ...args],
    options,
  );
}

/** Node flags that run TypeScript sources of this repository. */
export const sourceFlags = ['--conditions=@sotto/source', '--import', 'tsx'];
