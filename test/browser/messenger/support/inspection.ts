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

type Axe = { readonly axe: { run(options?: object): Promise<AxeResults> } };

async function axeOn(page: Page, options: object): Promise<string[]> {
  await atRest(page);
  // Through the debugger: the page's policy lets no foreign script in.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  const { violations } = await page.evaluate((how) => (globalThis as unknown as Axe).axe.run(how), options);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}

/** @returns what axe finds on the page as it is, by rule and element */
export function barriersOn(page: Page): Promise<string[]> {
  return axeOn(page, { resultTypes: ['violations'] });
}

/** @returns what axe finds wrong with colours alone */
export function contrastBarriersOn(page: Page): Promise<string[]> {
  return axeOn(page, { resultTypes: ['violations'], runOnly: ['color-contrast'] });
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

/** @returns pairs of things to press that lie over each other, of those that can be seen and reached */
export async function overlapsOn(page: Page): Promise<string[]> {
  await atRest(page);
  return page.evaluate(() => {
    const scope = document.querySelector('dialog[open]') ?? document.body;
    const targets = [...scope.querySelectorAll('a[href], button, input, textarea')].filter(
      (element) =>
        element.checkVisibility({ visibilityProperty: true }) &&
        !element.closest('.visually-hidden, .skip, .to-end'),
    );
    const boxes = targets.map((element) => ({ element, box: element.getBoundingClientRect() }));
    return boxes.flatMap(({ element, box }, index) =>
      boxes
        .slice(index + 1)
        .filter(({ element: other, box: over }) => {
          const isInside = element.contains(other) || other.contains(element);
          const width = Math.min(box.right, over.right) - Math.max(box.left, over.left);
          const height = Math.min(box.bottom, over.bottom) - Math.max(box.top, over.top);
          return !isInside && width > 1 && height > 1;
        })
        .map(({ element: other }) => `${element.outerHTML.slice(0, 80)} / ${other.outerHTML.slice(0, 80)}`),
    );
  });
}

/** @returns what moves on the page at this moment */
export function motionOn(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    document.getAnimations().flatMap(({ effect }) => {
      const { target } = effect as KeyframeEffect;
      return Number(effect?.getComputedTiming().duration) > 1 ? [target?.outerHTML.slice(0, 80) ?? ''] : [];
    }),
  );
}

/** A target's smallest side, in pixels: WCAG 2.2 AA. */
const smallestTarget = 24;

/** @returns things to press that are too small for a finger; links within a sentence may be */
export async function smallTargetsOn(page: Page): Promise<string[]> {
  await atRest(page);
  return page.evaluate((least) => {
    const isShown = (element: Element) =>
      element.checkVisibility({ visibilityProperty: true }) && !element.closest('.visually-hidden, .skip, p');
    return [...document.querySelectorAll('a[href], button, input, textarea, label:has(input)')]
      .filter((element) => isShown(element))
      .filter((element) => {
        const { width, height } = (element.closest('label') ?? element).getBoundingClientRect();
        return Math.min(width, height) < least;
      })
      .map((element) => element.outerHTML.slice(0, 80));
  }, smallestTarget);
}
