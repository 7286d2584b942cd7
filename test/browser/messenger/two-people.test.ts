/** Two people in two browser profiles, over a real relay that serves the messenger itself. */
import { createMessenger } from '@sotto/sdk';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { memoryStorage } from '@sotto/sdk/storage/memory';
import { socketIoTransport } from '@sotto/sdk/transport/socket-io';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MessengerApp, password, type Person } from './support/app.js';
import { filmQrCode } from './support/camera.js';
import { addContact, hasStatus, messageOf, openChat, sharedBy, write } from './support/deeds.js';

/** More than the list draws at once, several times. */
const manyMessages = 250;

let app: MessengerApp;
let alice: Person;
let bob: Person;
let codeOfBob: string;
let linkOfBob: string;

beforeAll(async () => {
  app = await MessengerApp.start();
  [alice, bob] = await Promise.all([app.register('alice'), app.register('bob')]);
  ({ code: codeOfBob, link: linkOfBob } = await sharedBy(bob.page));
}, 120_000);

afterAll(() => app.close());

describe('two people in two browsers', { timeout: 90_000 }, () => {
  it('meet by a contact code: a message request, which is accepted', async () => {
    await addContact(alice.page, codeOfBob);
    await alice.page.getByText('Code checked').first().waitFor();
    await write(alice.page, 'hello, in a low voice');
    await hasStatus(alice.page, 'hello, in a low voice', 'sent');

    await bob.page.getByText('Message request').waitFor();
    await openChat(bob.page, 'alice');
    await bob.page.getByRole('heading', { name: 'alice wants to write to you' }).waitFor();
    // Nothing tells her that he has seen it.
    expect(await alice.page.locator('[data-status=delivered]').count()).toBe(0);
    await bob.page.getByRole('button', { name: 'Accept' }).click();
    await hasStatus(alice.page, 'hello, in a low voice', 'delivered');
  });

  it('chat both ways', async () => {
    await write(bob.page, 'I hear you');
    await messageOf(alice.page, 'I hear you').waitFor();
    await hasStatus(bob.page, 'I hear you', 'delivered');
    await write(alice.page, 'two\nlines');
    await messageOf(bob.page, 'two').waitFor();
  });

  it('keep what is written offline, also over a reload, and send it later', async () => {
    await alice.context.setOffline(true);
    await alice.page.getByText('Offline. What you write is sent later.').waitFor();
    await write(alice.page, 'written without a network');
    await hasStatus(alice.page, 'written without a network', 'pending');
    await alice.page.reload();
    await hasStatus(alice.page, 'written without a network', 'pending');
    await alice.context.setOffline(false);
    await messageOf(bob.page, 'written without a network').waitFor();
    await hasStatus(alice.page, 'written without a network', 'delivered');
  });

  it('find their drafts and chats where they left them, and the app opens again', async () => {
    await bob.page.goto(app.url);
    await openChat(bob.page, 'alice');
    await messageOf(bob.page, 'hello, in a low voice').waitFor();
  });

  it('verify each other by a QR code that the camera sees', async () => {
    filmQrCode(app.cameraFile, linkOfBob);
    await alice.page.getByRole('link', { name: 'Add a contact' }).first().click();
    await alice.page.getByRole('button', { name: 'Use the camera' }).click();
    await alice.page.getByRole('region', { name: 'Messages with bob' }).waitFor();
    await alice.page.locator('#content').getByText('Verified', { exact: true }).waitFor();
  });

  it('verify by a picture of the other’s safety number', async () => {
    const { page } = bob;
    await alice.page.getByTitle('About bob').click();
    const code = alice.page.getByRole('img', { name: 'Safety number as a QR code' });
    const picture = {
      name: 'safety.png',
      mimeType: 'image/png',
      buffer: await code.screenshot({ scale: 'css' }),
    };
    await page.getByTitle('About alice').click();
    await page.getByRole('button', { name: 'Scan theirs' }).click();
    await page.getByLabel('Choose a picture').last().setInputFiles(picture);
    await page.getByText('Equal: this contact is verified.').waitFor();
  });

  it('are told of a changed key, cannot write, and get the old one back when the relay still shows it', async () => {
    const { page } = alice;
    // A link to bob with alice’s own key: what a forger would hand out.
    const own = await sharedBy(page);
    const forged = linkOfBob.replace(/key=.*/, /key=.*/.exec(own.link)![0]);
    await page.getByRole('link', { name: 'Add a contact' }).first().click();
    await page.getByLabel('Contact code or link').fill(forged);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByText('The key is not the one you know.').waitFor();
    await openChat(page, 'bob');
    const dialog = page.getByRole('dialog', { name: 'bob has another key' });
    await dialog.getByRole('button', { name: 'Not now' }).click();
    await page.getByText('The key of bob has changed.').waitFor();
    expect(await page.getByLabel('Write a message').count()).toBe(0);
    await page.getByRole('button', { name: 'Decide' }).click();
    await dialog.getByRole('button', { name: 'I doubt it' }).click();
    await page.getByLabel('Write a message').waitFor();
    await page.locator('#content').getByText('Verified', { exact: true }).waitFor();
  });

  it('block each other, and take it back', async () => {
    await bob.page.goto(app.url);
    await openChat(bob.page, 'alice');
    await bob.page.getByTitle('About alice').click();
    await bob.page.getByRole('button', { name: 'Block', exact: true }).click();
    await bob.page.getByRole('button', { name: 'Unblock' }).waitFor();
    await write(alice.page, 'into the void');
    await hasStatus(alice.page, 'into the void', 'sent');
    await bob.page.getByRole('button', { name: 'Unblock' }).click();
    await bob.page.getByRole('button', { name: 'Block', exact: true }).waitFor();
    await openChat(bob.page, 'alice');
    await write(bob.page, 'I am back');
    await messageOf(alice.page, 'I am back').waitFor();
    expect(await messageOf(bob.page, 'into the void').count()).toBe(0);
  });

  it('talk to a client in Node on libsignal, and scroll through what it says', async () => {
    const node = await createMessenger({
      engine: libsignalEngine(),
      storage: memoryStorage(),
      transport: socketIoTransport({ url: app.url }),
      messageRequests: 'accept',
    });
    try {
      await node.account.register({ username: 'node_client', password });
      await node.connect();
      const { page } = bob;
      const { accountId } = await node.contacts.add(codeOfBob);
      for (let index = 1; index <= manyMessages / 2; index += 1) {
        // Requests are bounded: the first is accepted before the others come.
        await node.messages.send(accountId, { text: `number ${index} of many` });
        if (index > 1) continue;
        await openChat(page, 'node_client');
        await page.getByRole('button', { name: 'Accept' }).click();
      }
      await messageOf(page, `number ${manyMessages / 2} of many`).waitFor();
      const rows = page.locator('li[data-seq]');
      expect(await rows.count()).toBeLessThan(manyMessages / 2);
      await page
        .getByRole('region', { name: 'Messages with node_client' })
        .evaluate((list) => list.scrollTo(0, 0));
      await messageOf(page, 'number 1 of many').first().waitFor();
      await page.getByRole('button', { name: 'To the newest message' }).click();
      await write(page, 'seen');
      await hasStatus(page, 'seen', 'delivered');
    } finally {
      await node.close();
    }
  });

  it('use three tabs as one, also when the one that has the messenger is killed', async () => {
    const [first] = alice.context.pages();
    const tabs = [await alice.context.newPage(), await alice.context.newPage()] as const;
    for (const tab of tabs) {
      await tab.goto(app.url);
      await openChat(tab, 'bob');
    }
    await openChat(bob.page, 'alice');
    await write(tabs[0], 'from the second tab');
    await hasStatus(tabs[0], 'from the second tab', 'delivered');
    await messageOf(tabs[1], 'from the second tab').waitFor();
    await first!.close();
    await write(tabs[1], 'from the third tab');
    await hasStatus(tabs[1], 'from the third tab', 'delivered');
    await messageOf(tabs[0], 'from the third tab').waitFor();
    expect(await messageOf(bob.page, 'from the third tab').count()).toBe(1);
  });

  it('sign out, and a reload asks to begin anew', async () => {
    const { page } = bob;
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Create your account' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Create your account' }).waitFor();
  });

  it('asked for nothing but their relay, and nothing went wrong in their pages', () => {
    expect(app.strangeRequests).toEqual([]);
    expect(app.faults).toEqual([]);
  });
});
