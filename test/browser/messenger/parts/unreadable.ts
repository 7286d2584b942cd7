/** Messages that cannot be read: one notice, however many they are, and good ones come all the same. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccountId } from '@sotto/sdk';
import type { Person } from '../support/app.js';
import { Partner } from '../../support/node-partner.js';
import { addContact, hasStatus, messageOf, openChat, write } from '../support/deeds.js';
import { Garbler } from '../support/garbler.js';
import { barriersOn } from '../support/inspection.js';
import type { Stage } from '../support/stage.js';

/** More than are counted. */
const flood = 120;

/** Dora, and gus, whose messages are spoilt. Each test goes on where the one before has ended. */
export function unreadable(stage: Stage): void {
  describe('messages that cannot be read', { timeout: 90_000 }, () => {
    let dora: Person;
    let gus: Garbler;
    let ofDora: AccountId;

    beforeAll(async () => {
      dora = await stage.app.register('dora');
      gus = await Garbler.open(stage.app.url, 'gus');
      await addContact(dora.page, gus.partner.contactCode);
      await write(dora.page, 'hello');
      await hasStatus(dora.page, 'hello', 'delivered');
      ofDora = (await gus.partner.messenger.contacts.list())[0]!.accountId;
    }, 90_000);

    afterAll(async () => {
      await gus.partner.messenger.close();
      await dora.context.close();
    });

    const notice = () => dora.page.getByRole('status').filter({ hasText: 'could not be read' });

    it('are told in one notice, and asked for', async () => {
      await gus.sendGarbled(ofDora, 1);
      await notice().waitFor();
      expect(await notice().textContent()).toBe(
        'A message from gus could not be read. It is asked for again automatically.',
      );
      await messageOf(dora.page, 'lost 0').waitFor();
      expect(await barriersOn(dora.page)).toEqual([]);
    });

    it('are dismissed, and the focus goes to the messages', async () => {
      await dora.page.getByRole('button', { name: 'Dismiss this notice' }).click();
      await notice().waitFor({ state: 'detached' });
      const messages = dora.page.getByRole('region', { name: 'Messages with gus' });
      expect(await messages.evaluate((element) => element === document.activeElement)).toBe(true);
    });

    it('are one notice in a flood, which ends counting, and good ones come through', async () => {
      await gus.sendGarbled(ofDora, flood);
      await dora.page.getByText('More than 99 messages from gus could not be read.').waitFor();
      expect(await notice().count()).toBe(1);
      expect(await notice().locator('p').count()).toBe(1);
      await gus.partner.messenger.messages.send(ofDora, { text: 'can you read this?' });
      await messageOf(dora.page, 'can you read this?').waitFor();
    });

    it('are in no other conversation', async () => {
      const ivy = await Partner.open(stage.app.url, 'ivy');
      try {
        await addContact(dora.page, ivy.contactCode);
        await notice().waitFor({ state: 'detached' });
        await openChat(dora.page, 'gus');
        await notice().waitFor();
      } finally {
        await ivy.messenger.close();
      }
    });
  });
}
