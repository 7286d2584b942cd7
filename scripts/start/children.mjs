/** Child processes that live and die together. Knows nothing of what they do. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { root } from '../lib/run.mjs';

const endWithParent = fileURLToPath(new URL('end-with-parent.mjs', import.meta.url));

/** Longer than a relay may take to drain; then a child is ended for good. */
const patienceMs = 15_000;

/**
 * @typedef {{ process: import('node:child_process').ChildProcess, lines: import('node:readline').Interface,
 *   ended: Promise<void> }} Child
 */

/** See the header. */
export class Children {
  /** @type {Child[]} */
  #children = [];
  #ending = false;
  #ended;
  #resolveEnded;
  #exitCode = 0;

  constructor() {
    this.#ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  /** Resolves to the exit code when all have ended: 0 if they were asked to, 1 if one ended by itself. */
  get ended() {
    return this.#ended;
  }

  /**
   * Starts a script of this repository. What it writes to standard error is shown as it comes; a signal
   * from the keyboard does not reach it, so that it is asked to end once and in order.
   * @param {string} script relative to the root
   * @param {NodeJS.ProcessEnv} env
   * @returns {Child}
   */
  start(script, env) {
    const child = spawn(process.execPath, ['--import', endWithParent, join(root, script)], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    const ended = new Promise((resolve) =>
      child.once('exit', () => resolve()).once('error', () => resolve()),
    );
    const entry = { process: child, lines: createInterface({ input: child.stdout }), ended };
    this.#children.push(entry);
    void ended.then(() => {
      if (!this.#ending) this.#end(1);
    });
    return entry;
  }

  /** Ends all of them, gently at first. */
  end() {
    this.#end(0);
  }

  #end(exitCode) {
    if (this.#ending) return;
    this.#ending = true;
    this.#exitCode = exitCode;
    for (const { process: child } of this.#children) child.kill('SIGTERM');
    const timer = setTimeout(() => {
      for (const { process: child } of this.#children) child.kill('SIGKILL');
    }, patienceMs);
    void Promise.all(this.#children.map(({ ended }) => ended)).then(() => {
      clearTimeout(timer);
      this.#resolveEnded(this.#exitCode);
    });
  }
}
