/** Every screen, light and dark, wide and on a phone: without barriers that axe finds, and nothing sticks out. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Person } from '../support/app.js';
import { sharedBy } from '../support/deeds.js';
import {
  barriersOn,
  contrastBarriersOn,
  motionOn,
  overflowsOn,
  overlapsOn,
  smallTargetsOn,
} from '../support/inspection.js';
import { setScene, type Scene } from '../support/scene.js';
import { goTo, screens } from '../support/screens.js';
import type { Stage } from '../support/stage.js';

const sizes = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 360, height: 720 },
} as const;

async function inspect(page: Page): Promise<void> {
  // This person wants none, and the screen has just come.
  expect(await motionOn(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  expect(await barriersOn(page)).toEqual([]);
  expect(await overflowsOn(page)).toEqual([]);
  expect(await overlapsOn(page)).toEqual([]);
  expect(await smallTargetsOn(page)).toEqual([]);
  // Nothing but colours is another in the dark.
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  expect(await contrastBarriersOn(page)).toEqual([]);
}

/** Of the browser's storage buckets, what is used here. */
interface Buckets {
  keys(): Promise<readonly string[]>;
  delete(name: string): Promise<void>;
}

/** As a cleaning program would: the key goes, the data stay. */
async function loseKey(page: Page): Promise<void> {
  await page.goto(new URL('/manifest.webmanifest', page.url()).href);
  const removed = await page.evaluate(async () => {
    const { storageBuckets } = navigator as unknown as { storageBuckets: Buckets };
    const keys = (await storageBuckets.keys()).filter((name) => name.startsWith('sotto-key-'));
    for (const name of keys) await storageBuckets.delete(name);
    return keys.length;
  });
  expect(removed).toBeGreaterThan(0);
  await page.goto(new URL('/', page.url()).href);
}

/** One person with everything to show. */
export function looks(stage: Stage): void {
  let owner: Person;
  let scene: Scene;

  beforeAll(async () => {
    owner = await stage.app.open('anna', { reducedMotion: 'reduce' });
  }, 60_000);

  afterAll(async () => {
    await scene?.close();
    await owner.context.close();
  });

  const each = Object.entries(sizes);

  it.each(each)('the start looks right on a %s', { timeout: 60_000 }, async (_, size) => {
    await owner.page.setViewportSize(size);
    await owner.page.getByRole('heading', { name: 'Create your account' }).waitFor();
    await inspect(owner.page);
  });

  it.each(each)('an empty list looks right on a %s', { timeout: 60_000 }, async (_, size) => {
    const isNew = await owner.page.getByRole('heading', { name: 'Create your account' }).isVisible();
    if (isNew) await stage.app.signUp(owner);
    await owner.page.setViewportSize(size);
    await inspect(owner.page);
  });

  describe('with contacts of every kind', () => {
    beforeAll(async () => {
      await owner.page.setViewportSize(sizes.desktop);
      const { code } = await sharedBy(owner.page);
      scene = await setScene(stage.app, owner, code);
    }, 120_000);

    describe.each(each)('on a %s', (_, size) => {
      it.each(Object.keys(screens))('%s looks right', { timeout: 60_000 }, async (screen) => {
        const { page } = owner;
        await page.setViewportSize(size);
        await goTo(page, stage.app, screens[screen]!);
        await inspect(page);
      });
    });
  });

  it('would notice a barrier and something that sticks out', { timeout: 60_000 }, async () => {
    const { page } = owner;
    await goTo(page, stage.app, screens['list']!);
    await page.evaluate(() => {
      const wide = document.createElement('button');
      wide.style.cssText = 'position: fixed; left: 10px; top: 10px; width: 2000px; height: 20px';
      document.querySelector('nav')?.append(wide);
      wide.animate([{ opacity: 1 }, { opacity: 0.9 }], 60_000);
    });
    expect((await motionOn(page)).length).toBeGreaterThan(0);
    await page.evaluate(() => document.getAnimations().forEach((animation) => animation.cancel()));
    expect(await barriersOn(page)).toContain('button-name: button');
    expect((await overflowsOn(page)).length).toBeGreaterThan(0);
    expect((await overlapsOn(page)).length).toBeGreaterThan(0);
    expect((await smallTargetsOn(page)).length).toBeGreaterThan(0);
  });

  it.each(each)('a storage whose key is gone looks right on a %s', { timeout: 60_000 }, async (_, size) => {
    const { page } = owner;
    await page.setViewportSize(size);
    if (!(await page.getByRole('heading', { name: 'Your messages cannot be opened' }).isVisible())) {
      await loseKey(page);
    }
    await page.getByText('The key that opens them is gone from this browser.').waitFor();
    await inspect(page);
  });
}
