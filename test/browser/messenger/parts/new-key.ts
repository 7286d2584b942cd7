/** Somebody loses their device and begins anew: a key that is really another, until it is verified again. */
import { describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { addContact, hasStatus, messageOf, openChat, sharedBy, write } from '../support/deeds.js';
import type { Person } from '../support/app.js';
import type { Stage } from '../support/stage.js';

const waiting = ['it is me', 'really', 'I have a new phone'];

/** The relay lets somebody else have a name: as after a reset of the account, of which no contact hears but by the key. */
async function forget({ app }: Stage, username: string): Promise<void> {
  await app.database.query('DELETE FROM accounts WHERE username = $1', [username]);
}

/** The next account that a page makes gets a known number, as that of a reset account stays. */
async function drawAccountId(page: Page, accountId: string): Promise<void> {
  await page.getByRole('heading', { name: 'Create your account' }).waitFor();
  const [worker] = page.workers();
  await worker!.evaluate((id) => {
    const draw = crypto.getRandomValues.bind(crypto);
    const bytes = Uint8Array.from(id.replaceAll('-', '').match(/../g)!, (pair) => parseInt(pair, 16));
    let isDrawn = false;
    crypto.getRandomValues = (array) => {
      if (isDrawn || array === null || array.byteLength !== bytes.length) return draw(array);
      isDrawn = true;
      (array as unknown as Uint8Array).set(bytes);
      return array;
    };
  }, accountId);
}

async function safetyNumberOn(page: Page, name: string): Promise<string> {
  await page.getByTitle(`About ${name}`).click();
  const groups = page.locator('.digits li');
  await groups.first().waitFor();
  return (await groups.allTextContents()).join(' ');
}

const textsOf = (page: Page) => page.locator('li[data-seq] .text').allTextContents();

/** Goes on after alice and bob have verified each other, and leaves them so. */
export function aNewKey(stage: Stage): void {
  describe('a new key', { timeout: 90_000 }, () => {
    let newBob: Person;
    let numberBefore: string;

    it('blocks what is written, and keeps what comes in waiting', async () => {
      const { alice, bob, app } = stage;
      const [, page] = alice.context.pages() as [Page, Page];
      await openChat(page, 'bob');
      const accountId = /chat\/([0-9a-f-]+)/.exec(page.url())![1]!;
      numberBefore = await safetyNumberOn(page, 'bob');
      const { code } = await sharedBy(page);
      await openChat(page, 'bob');
      const before = (await textsOf(page)).length;

      await bob.context.close();
      await forget(stage, 'bob');
      newBob = await app.open('bob anew');
      await drawAccountId(newBob.page, accountId);
      await app.signUp({ ...newBob, name: 'bob' });
      await addContact(newBob.page, code);
      for (const text of waiting) await write(newBob.page, text);
      await hasStatus(newBob.page, waiting.at(-1)!, 'sent');

      const dialog = page.getByRole('dialog', { name: 'bob has another key' });
      await dialog.getByText('It may be somebody who pretends to be this person.').waitFor();
      await page.keyboard.press('Escape');
      expect(await dialog.isVisible()).toBe(true);
      await dialog.getByRole('button', { name: 'Not now' }).click();
      await page.getByText('The key of bob has changed.').waitFor();
      expect(await page.getByLabel('Write a message').count()).toBe(0);
      expect((await textsOf(page)).length).toBe(before);
      stage.alice = { ...alice, page };
      stage.bob = newBob;
    });

    it('is accepted: what waited comes in order, the talk goes on, and nothing counts as checked', async () => {
      const { page } = stage.alice;
      await page.getByRole('button', { name: 'Decide' }).click();
      await page.getByRole('button', { name: 'They told me: accept the new key' }).click();
      await messageOf(page, waiting.at(-1)!).waitFor();
      expect((await textsOf(page)).slice(-waiting.length).map((text) => text.trim())).toEqual(
        waiting.map((text) => expect.stringContaining(text) as string),
      );
      await page.locator('#content').getByText('Not verified').waitFor();
      await hasStatus(newBob.page, waiting[0]!, 'delivered');
      await write(page, 'so it is you');
      await messageOf(newBob.page, 'so it is you').waitFor();
      await hasStatus(page, 'so it is you', 'delivered');
    });

    it('is verified by safety numbers, side by side', async () => {
      const { page } = stage.alice;
      const [here, there] = [await safetyNumberOn(page, 'bob'), await safetyNumberOn(newBob.page, 'alice')];
      expect(here).toBe(there);
      expect(here).toMatch(/^(\d{5} ){11}\d{5}$/);
      expect(here).not.toBe(numberBefore);
      for (const one of [page, newBob.page]) {
        await one.getByRole('button', { name: 'They are equal' }).click();
        await one.locator('#content').getByText('Verified', { exact: true }).waitFor();
      }
    });
  });
}
