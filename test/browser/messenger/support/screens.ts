/** Every screen of the messenger in the scene, and how one gets there. */
import type { Page } from 'playwright-core';
import type { MessengerApp } from './app.js';
import { filmQrCode } from './camera.js';
import { openChat } from './deeds.js';
import { longName } from './scene.js';

/** Leads from the list to a screen. */
export type Way = (page: Page, app: MessengerApp) => Promise<unknown>;

const contactOf =
  (name: string): Way =>
  async (page) => {
    await openChat(page, name);
    await page.getByTitle(`About ${name}`).click();
    await page.getByRole('img', { name: 'Safety number as a QR code' }).waitFor();
  };

const linkTo = (page: Page, name: string) => page.getByRole('link', { name, exact: true }).first().click();

/** By name. */
export const screens: Readonly<Record<string, Way>> = {
  list: (page) => page.getByRole('navigation').getByRole('link', { name: /mira/ }).waitFor(),
  chat: (page) => openChat(page, 'mira'),
  'long-words': (page) => openChat(page, longName),
  failed: async (page) => {
    await openChat(page, 'leon');
    await page.getByRole('button', { name: 'Try again' }).waitFor();
  },
  unreadable: async (page) => {
    await openChat(page, 'olga');
    await page.getByText(/from olga could not be read/).waitFor();
  },
  request: async (page) => {
    await openChat(page, 'stranger');
    await page.getByRole('heading', { name: 'stranger wants to write to you' }).waitFor();
  },
  blocked: async (page) => {
    await openChat(page, 'nuisance');
    await page.getByText('You have blocked nuisance.').waitFor();
  },
  'changed-dialog': async (page) => {
    await page.getByRole('navigation').getByRole('link', { name: /tom/ }).click();
    await page.getByRole('dialog').waitFor();
  },
  changed: async (page) => {
    // The dialogue comes up with the conversation.
    await page.getByRole('navigation').getByRole('link', { name: /mira/ }).click();
    await page.getByRole('region', { name: 'Messages with mira' }).waitFor();
    await goHome(page);
    await page.getByRole('navigation').getByRole('link', { name: /tom/ }).click();
    await page.getByRole('button', { name: 'Not now' }).click();
    await page.getByText('The key of tom has changed.').waitFor();
  },
  contact: contactOf('mira'),
  'contact-unverified': contactOf('joan'),
  add: async (page) => {
    await linkTo(page, 'Add a contact');
    await page.getByLabel('Contact code or link').fill('nonsense');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('alert').waitFor();
  },
  scanner: async (page, app) => {
    filmQrCode(app.cameraFile);
    await linkTo(page, 'Add a contact');
    await page.getByRole('button', { name: 'Use the camera' }).click();
    await page.getByText('Hold the code in front of the camera.').waitFor();
  },
  offline: async (page) => {
    await openChat(page, 'mira');
    await page.context().setOffline(true);
    const note = page.getByText('Offline. What you write is sent later.');
    await note.filter({ visible: true }).waitFor();
  },
  share: async (page) => {
    await linkTo(page, 'Show my code');
    await page.getByRole('img', { name: 'My contact as a QR code' }).waitFor();
  },
  settings: async (page) => {
    await linkTo(page, 'Settings');
    await page.getByText(/classical/).waitFor();
  },
  'sign-out': async (page) => {
    await linkTo(page, 'Settings');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('dialog').waitFor();
  },
};

async function goHome(page: Page): Promise<void> {
  const list = page.getByRole('navigation');
  while (!(await list.isVisible()))
    await page.getByRole('link', { name: 'Back', exact: true }).last().click();
}

/** From wherever one is to a screen. */
export async function goTo(page: Page, app: MessengerApp, way: Way): Promise<void> {
  await page.context().setOffline(false);
  const dialog = page.getByRole('dialog');
  if (await dialog.isVisible()) await dialog.getByRole('button').last().click();
  await goHome(page);
  await way(page, app);
}
