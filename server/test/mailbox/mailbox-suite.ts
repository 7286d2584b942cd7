/**
 * What every mailbox store must do, as tests. A store passes a way to open itself on an empty,
 * migrated database of its own. Knows no SQL.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Mailbox } from '../../src/mailbox/mailbox.js';
import { keepingCases } from './keeping-cases.js';
import { makeScene, type MailboxUnderTest, type SceneTest } from './mailbox-suite-kit.js';
import { sendingCases } from './sending-cases.js';

export type { MailboxUnderTest } from './mailbox-suite-kit.js';

/** Runs the suite. @param name - of the store */
export function mailboxSuite(name: string, openUnderTest: () => Promise<MailboxUnderTest>): void {
  describe(`mailbox over ${name}`, () => {
    let store: MailboxUnderTest;
    let mailbox: Mailbox;
    beforeAll(async () => {
      store = await openUnderTest();
      mailbox = store.open();
    });
    afterAll(() => store.close());

    const test: SceneTest = (title, run) => {
      it(title, async () => run(await makeScene(store, mailbox)));
    };
    sendingCases(test);
    keepingCases(test);
  });
}
