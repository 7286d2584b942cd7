/** Every screen, light and dark, wide and on a phone: without barriers that axe finds, and nothing sticks out. */
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MessengerApp, type Person } from './support/app.js';
import { addContact, openChat, sharedBy, write } from './support/deeds.js';
import { barriersOn, overflowsOn } from './support/inspection.js';

const sizes: Readonly<Record<string, BrowserContextOptions>> = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 360, height: 720 }, hasTouch: true, isMobile: true },
};
/** Names as long as they may be, and a word that has no place to break. */
const longName = 'a_name_as_long_as_a_name_may_be_';
const longWord = 'Donaudampfschifffahrtsgesellschaft'.repeat(8);

let app: MessengerApp;
const people: Record<string, Person> = {};

beforeAll(async () => {
  app = await MessengerApp.start();
  const other = await app.register(longName);
  const { code } = await sharedBy(other.page);
  for (const [size, options] of Object.entries(sizes)) {
    const person = await app.register(`on_${size}`, { ...options, reducedMotion: 'reduce' });
    await addContact(person.page, code);
    await write(person.page, longWord);
    await write(person.page, 'short');
    people[size] = person;
  }
}, 120_000);

afterAll(() => app.close());

async function openList(page: Page): Promise<void> {
  await page.goto(app.url);
  await page.getByRole('navigation').getByRole('link', { name: longName }).waitFor();
}

const screens: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  list: openList,
  chat: async (page) => {
    await openList(page);
    await openChat(page, longName);
  },
  contact: async (page) => {
    await openList(page);
    await openChat(page, longName);
    await page.getByTitle('About').click();
    await page.getByRole('img', { name: 'Safety number' }).waitFor();
  },
  add: async (page) => {
    await page.goto(`${app.url}/add`);
    await page.getByLabel('Contact code or link').fill('nonsense');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('alert').waitFor();
  },
  share: async (page) => {
    await page.goto(`${app.url}/share`);
    await page.getByRole('img', { name: 'My contact' }).waitFor();
  },
  settings: async (page) => {
    await page.goto(`${app.url}/settings`);
    await page.getByText(/classical/).waitFor();
  },
};

describe.each(Object.keys(sizes))('on a %s', (size) => {
  it.each(Object.keys(screens))('%s', { timeout: 60_000 }, async (screen) => {
    const { page } = people[size]!;
    await screens[screen]!(page);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      expect(await barriersOn(page), colorScheme).toEqual([]);
    }
    expect(await overflowsOn(page)).toEqual([]);
  });

  it('start', { timeout: 60_000 }, async () => {
    const { page, context } = await app.open('nobody', { ...sizes[size], reducedMotion: 'reduce' });
    await page.getByRole('heading', { name: 'Create your account' }).waitFor();
    expect(await barriersOn(page)).toEqual([]);
    expect(await overflowsOn(page)).toEqual([]);
    await context.close();
  });
});

it('would notice a barrier and something that sticks out', { timeout: 60_000 }, async () => {
  const { page } = people['phone']!;
  await openList(page);
  await page.evaluate(() => {
    const wide = document.createElement('button');
    wide.style.cssText = 'position: fixed; left: 10px; width: 2000px; height: 20px';
    document.querySelector('nav')?.append(wide);
  });
  expect(await barriersOn(page)).toContain('button-name: button');
  expect((await overflowsOn(page)).length).toBeGreaterThan(0);
});
