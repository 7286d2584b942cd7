/** Two people in two browser profiles, from the first message to signing out. */
import { describe, expect, it } from 'vitest';
import { Partner } from '../../support/node-partner.js';
import type { Stage } from '../support/stage.js';
import { filmQrCode } from '../support/camera.js';
import { addContact, hasStatus, messageOf, openChat, sharedBy, write } from '../support/deeds.js';
import { aNewKey } from './new-key.js';

/** Alice and bob. Each test goes on where the one before has ended. */
export function twoPeople(stage: Stage): void {
  describe('two people in two browsers', { timeout: 90_000 }, () => {
    it('meet by a contact code: a message request, which is accepted', async () => {
      await addContact(stage.alice.page, stage.codeOfBob);
      await stage.alice.page.getByText('Code checked').first().waitFor();
      await write(stage.alice.page, 'hello, in a low voice');
      await hasStatus(stage.alice.page, 'hello, in a low voice', 'sent');

      await stage.bob.page.getByText('Message request').waitFor();
      await openChat(stage.bob.page, 'alice');
      await stage.bob.page.getByRole('heading', { name: 'alice wants to write to you' }).waitFor();
      // Nothing tells her that he has seen it.
      expect(await stage.alice.page.locator('[data-status=delivered]').count()).toBe(0);
      await stage.bob.page.getByRole('button', { name: 'Accept' }).click();
      await hasStatus(stage.alice.page, 'hello, in a low voice', 'delivered');
    });

    it('chat both ways', async () => {
      await write(stage.bob.page, 'I hear you');
      await messageOf(stage.alice.page, 'I hear you').waitFor();
      await hasStatus(stage.bob.page, 'I hear you', 'delivered');
      await write(stage.alice.page, 'two\nlines');
      await messageOf(stage.bob.page, 'two').waitFor();
    });

    it('keep what is written offline, also over a reload, and send it later', async () => {
      await stage.alice.context.setOffline(true);
      await stage.alice.page.getByText('Offline. What you write is sent later.').first().waitFor();
      await write(stage.alice.page, 'written without a network');
      await hasStatus(stage.alice.page, 'written without a network', 'pending');
      await stage.alice.page.reload();
      await hasStatus(stage.alice.page, 'written without a network', 'pending');
      await stage.alice.context.setOffline(false);
      await messageOf(stage.bob.page, 'written without a network').waitFor();
      await hasStatus(stage.alice.page, 'written without a network', 'delivered');
    });

    it('open it again: what is new is counted and marked until it is read, and a draft waits', async () => {
      const { page } = stage.bob;
      await page.goto(stage.app.url);
      for (const text of ['one thing', 'and another']) await write(stage.alice.page, text);
      const row = page.getByRole('navigation').getByRole('link', { name: /alice.*and another.*2 unread/ });
      await row.click();
      await page.getByText('New messages').waitFor();
      expect(await page.locator('li[data-seq]:has(.unread)').textContent()).toContain('one thing');
      await row.waitFor({ state: 'detached' });
      await messageOf(page, 'hello, in a low voice').waitFor();
      await page.getByLabel('Write a message').fill('not yet said');
      await page.getByRole('link', { name: 'Settings' }).click();
      await openChat(page, 'alice');
      expect(await page.getByLabel('Write a message').inputValue()).toBe('not yet said');
      await page.getByLabel('Write a message').fill('');
    });

    it('verify each other by a QR code that the camera sees', async () => {
      filmQrCode(stage.app.cameraFile, stage.linkOfBob);
      await stage.alice.page.getByRole('link', { name: 'Add a contact' }).first().click();
      await stage.alice.page.getByRole('button', { name: 'Use the camera' }).click();
      await stage.alice.page.getByRole('region', { name: 'Messages with bob' }).waitFor();
      await stage.alice.page.locator('#content').getByText('Verified', { exact: true }).waitFor();
    });

    it('follow a link that they were sent', async () => {
      const { page } = stage.alice;
      await page.goto(stage.linkOfBob);
      expect(await page.getByLabel('Contact code or link').inputValue()).toBe(stage.linkOfBob);
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      await page.getByRole('region', { name: 'Messages with bob' }).waitFor();
    });

    it('verify by a picture of the other’s safety number', async () => {
      const { page } = stage.bob;
      await stage.alice.page.getByTitle('About bob').click();
      const code = stage.alice.page.getByRole('img', { name: 'Safety number as a QR code' });
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
      const { page } = stage.alice;
      // A link to bob with alice’s own key: what a forger would hand out.
      const own = await sharedBy(page);
      const forged = stage.linkOfBob.replace(/key=.*/, /key=.*/.exec(own.link)![0]);
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
      await stage.bob.page.goto(stage.app.url);
      await openChat(stage.bob.page, 'alice');
      await stage.bob.page.getByTitle('About alice').click();
      await stage.bob.page.getByRole('button', { name: 'Block', exact: true }).click();
      await stage.bob.page.getByRole('button', { name: 'Unblock' }).waitFor();
      await write(stage.alice.page, 'into the void');
      await hasStatus(stage.alice.page, 'into the void', 'sent');
      await stage.bob.page.getByRole('button', { name: 'Unblock' }).click();
      await stage.bob.page.getByRole('button', { name: 'Block', exact: true }).waitFor();
      await openChat(stage.bob.page, 'alice');
      await write(stage.bob.page, 'I am back');
      await messageOf(stage.alice.page, 'I am back').waitFor();
      expect(await messageOf(stage.bob.page, 'into the void').count()).toBe(0);
    });

    it('talk to a client in Node on libsignal', async () => {
      const { page } = stage.bob;
      const node = await Partner.open(stage.app.url, 'node_client');
      try {
        const { accountId } = await node.messenger.contacts.add(stage.codeOfBob);
        await node.messenger.messages.send(accountId, { text: 'hello from Node' });
        await openChat(page, 'node_client');
        await page.getByRole('button', { name: 'Accept' }).click();
        await write(page, 'hello from the browser');
        await hasStatus(page, 'hello from the browser', 'delivered');
        expect(node.heard.map(({ body }) => body)).toEqual([
          { kind: 'text', text: 'hello from the browser' },
        ]);
        await node.messenger.messages.send(accountId, { text: 'I can read you' });
        await messageOf(page, 'I can read you').waitFor();
      } finally {
        await node.messenger.close();
      }
    });

    it('use three tabs as one, also when the one that has the messenger is killed', async () => {
      const [first] = stage.alice.context.pages();
      const tabs = [await stage.alice.context.newPage(), await stage.alice.context.newPage()] as const;
      for (const tab of tabs) {
        await tab.goto(stage.app.url);
        await openChat(tab, 'bob');
      }
      await openChat(stage.bob.page, 'alice');
      await write(tabs[0], 'from the second tab');
      await hasStatus(tabs[0], 'from the second tab', 'delivered');
      await messageOf(tabs[1], 'from the second tab').waitFor();
      await first!.close();
      await write(tabs[1], 'from the third tab');
      await hasStatus(tabs[1], 'from the third tab', 'delivered');
      await messageOf(tabs[0], 'from the third tab').waitFor();
      expect(await messageOf(stage.bob.page, 'from the third tab').count()).toBe(1);
    });

    aNewKey(stage);

    it('sign out, and a reload asks to begin anew', async () => {
      const { page } = stage.bob;
      await page.getByRole('link', { name: 'Settings' }).click();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Sign out', exact: true }).click();
      await page.getByRole('heading', { name: 'Create your account' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Create your account' }).waitFor();
    });
  });
}
