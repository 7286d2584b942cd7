/** What no screen may have: barriers that axe finds, and anything that sticks out to the side. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import type { AxeResults } from 'axe-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Waits until nothing moves any more: what fades in has no contrast yet. */
async function atRest(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    document.getAnimations().every(({ playState }) => playState !== 'running'),
  );
}

/** @returns what axe finds on the page as it is, by rule and element */
export async function barriersOn(page: Page): Promise<string[]> {
  await atRest(page);
  // Through the debugger: the page's policy lets no foreign script in.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}

/** @returns visible elements that reach past the window's sides, or hold a text that does not fit */
export async function overflowsOn(page: Page): Promise<string[]> {
  await atRest(page);
  return page.evaluate(() => {
    const name = (element: Element) => `${element.tagName.toLowerCase()}.${element.className}`;
    const isShown = (element: Element) =>
      element.checkVisibility({ visibilityProperty: true }) && !element.closest('.visually-hidden, .skip');
    return [...document.body.querySelectorAll('*')].filter(isShown).flatMap((element) => {
      const { left, right, width } = element.getBoundingClientRect();
      const sticksOut = width > 0 && (left < -1 || right > innerWidth + 1);
      const { overflowX } = getComputedStyle(element);
      const isCut =
        overflowX === 'visible' && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
      return sticksOut || (isCut && !(element instanceof SVGElement)) ? [name(element)] : [];
    });
  });
}
