/**
 * Makes a process of a browser as slow as on a processor that is some times slower: it is stopped for most of the
 * time, all of its threads with it. The browser's own way slows a page's thread alone, and here half of the work
 * is in a worker. Linux and macOS.
 */
import { Worker } from 'node:worker_threads';
import type { Page } from 'playwright-core';

/** How long it runs at a stretch: shorter than anything that is measured. */
const runMs = 4;

/** Beside everything else that this process does: a stretch that ends late makes the stop after it longer. */
const keeper = `
  const { workerData: { pid, slowdown, runMs, flag } } = require('node:worker_threads');
  while (Atomics.load(flag, 0) === 0) {
    process.kill(pid, 'SIGCONT');
    const began = performance.now();
    Atomics.wait(flag, 0, 0, runMs);
    const ranMs = performance.now() - began;
    process.kill(pid, 'SIGSTOP');
    Atomics.wait(flag, 0, 0, ranMs * (slowdown - 1));
  }
  process.kill(pid, 'SIGCONT');
`;

/** @returns what ends it */
export function slowDown(pid: number, slowdown: number): () => Promise<void> {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(keeper, { eval: true, workerData: { pid, slowdown, runMs, flag } });
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
  return async () => {
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
    await ended;
  };
}

/** The process that a page and its workers run in: the one that works while the page does. */
export async function rendererOf(page: Page): Promise<number> {
  const browser = page.context().browser();
  if (!browser) throw new Error('a page of a browser that was launched for one profile');
  const devtools = await browser.newBrowserCDPSession();
  const times = async () => {
    const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
    return processInfo.filter(({ type }) => type === 'renderer');
  };
  const before = new Map((await times()).map(({ id, cpuTime }) => [id, cpuTime]));
  await page.evaluate(() => {
    const end = performance.now() + 100;
    while (performance.now() < end);
  });
  const spent = (await times()).map(({ id, cpuTime }) => ({ id, spent: cpuTime - (before.get(id) ?? 0) }));
  await devtools.detach();
  return spent.reduce((most, one) => (one.spent > most.spent ? one : most)).id;
}
