/** What all parts of the messenger's tests stand on: one relay, one browser, and two people who stay. */
import { MessengerApp, type Person } from './app.js';
import { sharedBy } from './deeds.js';

/** See the header. Filled before the first test. */
export class Stage {
  app!: MessengerApp;
  alice!: Person;
  bob!: Person;
  codeOfBob = '';
  linkOfBob = '';

  async open(): Promise<void> {
    this.app = await MessengerApp.start();
    [this.alice, this.bob] = await Promise.all([this.app.register('alice'), this.app.register('bob')]);
    ({ code: this.codeOfBob, link: this.linkOfBob } = await sharedBy(this.bob.page));
  }

  async close(): Promise<void> {
    await this.app.close();
  }
}
