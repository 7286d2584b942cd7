/** The messenger by keys alone: every way that people take in it, and the focus is seen and never lost. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Partner } from '../../support/node-partner.js';
import { password, type Person } from '../support/app.js';
import { hasStatus, messageOf } from '../support/deeds.js';
import type { Stage } from '../support/stage.js';

/** More stops than any screen has. */
const mostStops = 60;

const isFocused = (target: Locator) => target.evaluate((element) => element === document.activeElement);

/** What the browser itself has between the last thing on a page and the first. */
const betweenRounds = 'nothing on the page';

/** Whether what has the focus shows it: by an outline, or by the frame of its field. */
function visibleFocus(page: Page): Promise<string> {
  return page.evaluate((nothing) => {
    const { activeElement } = document;
    if (!activeElement || activeElement === document.body) return nothing;
    const framed = [activeElement, activeElement.parentElement!, activeElement.closest('label')];
    const isFramed = framed.some((element) => {
      if (!element) return false;
      const { outlineStyle, boxShadow } = getComputedStyle(element);
      return outlineStyle !== 'none' || boxShadow !== 'none';
    });
    return isFramed ? 'seen' : activeElement.outerHTML.slice(0, 120);
  }, betweenRounds);
}

/** Presses Tab until something has the focus, which is seen at every stop. Only what is before it is passed. */
async function tabTo(target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  const page = target.page();
  await target.waitFor();
  let rounds = 0;
  for (let stop = 0; stop < mostStops; stop += 1) {
    if (await isFocused(target)) return;
    await page.keyboard.press(key);
    const seen = await visibleFocus(page);
    if (seen === betweenRounds) rounds += 1;
    else expect(seen).toBe('seen');
    expect(rounds).toBeLessThanOrEqual(1);
  }
  throw new Error(`no way to ${String(target)} by ${key}`);
}

async function press(target: Locator): Promise<void> {
  await tabTo(target);
  await target.page().keyboard.press('Enter');
}

/** Waits until something has the focus by itself. */
const expectFocus = (target: Locator) => expect.poll(() => isFocused(target), { timeout: 10_000 }).toBe(true);

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const field = (page: Page) => page.getByLabel('Write a message');

/** Somebody with nothing but keys, and one who writes to them. */
export function keyboard(stage: Stage): void {
  describe('somebody with nothing but keys', { timeout: 60_000 }, () => {
    let person: Person;
    let page: Page;
    let friend: Partner;

    beforeAll(async () => {
      [person, friend] = await Promise.all([
        stage.app.open('kay'),
        Partner.open(stage.app.url, 'keys_friend'),
      ]);
      ({ page } = person);
    });
    afterAll(async () => {
      await friend.messenger.close();
      await person.context.close();
    });

    it('creates an account', async () => {
      await tabTo(page.getByLabel('Username'));
      await page.keyboard.type('kay');
      await tabTo(page.getByLabel('Password', { exact: true }));
      await page.keyboard.type(password);
      await press(button(page, 'Create account'));
      await expectFocus(page.getByRole('heading', { name: 'Sotto' }));
    });

    it('adds a contact by code, and lands in the field in which one writes', async () => {
      await press(page.getByRole('link', { name: 'Add a contact' }).first());
      await expectFocus(page.getByLabel('Contact code or link'));
      await page.keyboard.type(friend.contactCode);
      await page.keyboard.press('Enter');
      await expectFocus(field(page));
      await page.keyboard.type('without a mouse');
      await page.keyboard.press('Shift+Enter');
      await page.keyboard.type('at all');
      await page.keyboard.press('Enter');
      await hasStatus(page, 'without a mouse', 'delivered');
      await expectFocus(field(page));
    });

    it('hears of what comes in', async () => {
      const [known] = await friend.messenger.contacts.list();
      const live = page.locator('[aria-live=polite]');
      for (const text of ['I hear you', 'I hear you']) {
        const before = await live.innerHTML();
        await friend.messenger.messages.send(known!.accountId, { text });
        await expect.poll(() => live.textContent()).toContain('keys_friend: I hear you');
        // The same words again are another announcement.
        await expect.poll(() => live.innerHTML()).not.toBe(before);
        await live.evaluate((element) => element.firstElementChild!.toggleAttribute('data-heard'));
      }
    });

    it('goes to the contact and back, verifies, blocks and takes it back, and the focus stays near', async () => {
      const about = page.getByTitle('About keys_friend');
      await tabTo(about, 'Shift+Tab');
      await page.keyboard.press('Enter');
      await expectFocus(page.getByRole('heading', { name: 'Contact', exact: true }));
      await press(button(page, 'They are equal'));
      await expectFocus(button(page, 'Scan theirs'));
      await page.locator('#content').getByText('Verified', { exact: true }).waitFor();
      await press(button(page, 'Block'));
      await expectFocus(button(page, 'Unblock'));
      await page.keyboard.press('Enter');
      await expectFocus(button(page, 'Block'));
      await tabTo(page.getByRole('link', { name: 'Back', exact: true }).last(), 'Shift+Tab');
      await page.keyboard.press('Enter');
      await expectFocus(field(page));
      await page.keyboard.press('Escape');
      await expectFocus(page.getByRole('link', { name: 'Add a contact' }).first());
    });

    it('accepts a message request', async () => {
      const stranger = await Partner.open(stage.app.url, 'keys_stranger');
      try {
        const { contactCode } = await ownShare(page);
        const known = await stranger.messenger.contacts.add(contactCode);
        await stranger.messenger.messages.send(known.accountId, { text: 'you do not know me' });
        await press(page.getByRole('link', { name: /keys_stranger/ }));
        await expectFocus(page.getByRole('region', { name: 'Messages with keys_stranger' }));
        await press(button(page, 'Accept'));
        await expectFocus(field(page));
        await page.keyboard.type('now I do');
        await page.keyboard.press('Enter');
        await hasStatus(page, 'now I do', 'delivered');
        await tabTo(page.getByRole('link', { name: /keys_friend/ }), 'Shift+Tab');
        await page.keyboard.press('Enter');
        await messageOf(page, 'without a mouse').waitFor();
        await expectFocus(field(page));
      } finally {
        await stranger.messenger.close();
      }
    });

    it('gets the focus back from a dialogue, which keeps it as long as it is open', async () => {
      await tabTo(page.getByRole('link', { name: 'Settings' }), 'Shift+Tab');
      await page.keyboard.press('Enter');
      await expectFocus(page.getByRole('heading', { name: 'Settings' }));
      const signOut = button(page, 'Sign out');
      await press(signOut);
      const dialog = page.getByRole('dialog');
      await expectFocus(dialog.getByRole('button', { name: 'Cancel' }));
      for (let stop = 0; stop < 8; stop += 1) {
        await page.keyboard.press('Tab');
        expect(
          await page.evaluate(() => document.activeElement?.closest('dialog, body')?.tagName ?? 'NONE'),
        ).not.toBe('NONE');
        expect(await page.evaluate(() => document.activeElement?.closest('#app') === null)).toBe(true);
      }
      await page.keyboard.press('Escape');
      await expectFocus(signOut.first());
    });

    it('chooses how it looks, and leaves the settings', async () => {
      await tabTo(page.getByRole('radio', { checked: true }));
      await page.keyboard.press('ArrowDown');
      await expect.poll(() => page.getByRole('radio', { name: 'Light' }).isChecked()).toBe(true);
      expect(await visibleFocus(page)).toBe('seen');
      // Round the whole page: no stop keeps the focus to itself.
      const stops = new Set<string>();
      for (let stop = 0; stop < mostStops; stop += 1) {
        await page.keyboard.press('Tab');
        stops.add(
          await page.evaluate(() =>
            (
              document.activeElement?.getAttribute('aria-label') ??
              document.activeElement?.textContent ??
              ''
            ).trim(),
          ),
        );
      }
      expect([...stops]).toEqual(expect.arrayContaining(['Show my code', 'Back', 'Sign out']));
      await tabTo(page.getByRole('link', { name: 'Back', exact: true }).last(), 'Shift+Tab');
      await page.keyboard.press('Enter');
      await expectFocus(page.getByRole('link', { name: 'Settings' }));
    });

    it('signs out, and begins again at the top', async () => {
      await page.keyboard.press('Enter');
      await press(button(page, 'Sign out'));
      await tabTo(page.getByRole('dialog').getByRole('button', { name: 'Sign out', exact: true }));
      await page.keyboard.press('Enter');
      await expectFocus(page.getByRole('heading', { name: 'Create your account' }));
    });
  });
}

/** What the page shows of how to find its person; by keys there and back. */
async function ownShare(page: Page): Promise<{ contactCode: string }> {
  await press(page.getByRole('link', { name: 'Show my code' }).first());
  await expectFocus(page.getByRole('heading', { name: 'My code' }));
  const contactCode = (await page.locator('.copy .text').first().textContent())!.trim();
  await tabTo(page.getByRole('link', { name: 'Back', exact: true }).last(), 'Shift+Tab');
  await page.keyboard.press('Enter');
  await expectFocus(page.getByRole('link', { name: 'Show my code' }).first());
  return { contactCode };
}
