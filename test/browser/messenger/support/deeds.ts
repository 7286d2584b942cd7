/** What people do in the messenger, by what they see and hear of it. */
import type { Locator, Page } from 'playwright-core';

/** Everything on the page that shows how to find its person. */
export async function sharedBy(page: Page): Promise<{ code: string; link: string }> {
  await page.getByRole('link', { name: 'Show my code' }).first().click();
  await page.getByRole('img', { name: 'My contact as a QR code' }).waitFor();
  const texts = await page.locator('.copy .text').allTextContents();
  return { code: texts[0]!.trim(), link: texts[1]!.trim() };
}

/** Adds a contact by code or link, and lands in the conversation. */
export async function addContact(page: Page, text: string): Promise<void> {
  await page.getByRole('link', { name: 'Add a contact' }).first().click();
  await page.getByLabel('Contact code or link').fill(text);
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('region', { name: /^Messages with/ }).waitFor();
}

export async function openChat(page: Page, name: string): Promise<void> {
  await page
    .getByRole('navigation')
    .getByRole('link', { name: new RegExp(name) })
    .click();
  await page.getByRole('region', { name: `Messages with ${name}` }).waitFor();
}

export async function write(page: Page, text: string): Promise<void> {
  const field = page.getByLabel('Write a message');
  await field.fill(text);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
}

/** The row of a message. */
export function messageOf(page: Page, text: string): Locator {
  return page.locator('li[data-seq]').filter({ hasText: text });
}

/** Waits until a message of this person has got so far. */
export async function hasStatus(
  page: Page,
  text: string,
  status: 'pending' | 'sent' | 'delivered',
): Promise<void> {
  await messageOf(page, text).locator(`[data-status=${status}]`).waitFor();
}
