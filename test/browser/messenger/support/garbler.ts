/** A contact in Node some of whose messages arrive so that nobody can read them. */
import type { AccountId, ProtocolEngine } from '@sotto/sdk';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { Partner } from '../../support/node-partner.js';

/** See the header. */
export class Garbler {
  readonly partner: Partner;
  readonly #switch: { isOn: boolean };

  private constructor(partner: Partner, isGarbling: { isOn: boolean }) {
    this.partner = partner;
    this.#switch = isGarbling;
  }

  static async open(relayUrl: string, username: string): Promise<Garbler> {
    const inner = libsignalEngine();
    const garbling = { isOn: false };
    const encrypt: ProtocolEngine['encrypt'] = async (...input) => {
      const step = await inner.encrypt(...input);
      const { ciphertext } = step.result;
      // The last byte is the authentication code's.
      if (garbling.isOn) ciphertext[ciphertext.length - 1]! ^= 1;
      return step;
    };
    return new Garbler(await Partner.open(relayUrl, username, { ...inner, encrypt }), garbling);
  }

  /** Writes so many messages that cannot be read. All of them are at the relay afterwards. */
  async sendGarbled(to: AccountId, count: number): Promise<void> {
    const { messenger } = this.partner;
    let sent = 0;
    const allSent = new Promise<void>((resolve) => {
      messenger.on('message-status', ({ message }) => {
        if (message.status === 'sent' && (sent += 1) === count) resolve();
      });
    });
    this.#switch.isOn = true;
    for (let index = 0; index < count; index += 1)
      await messenger.messages.send(to, { text: `lost ${index}` });
    await allSent;
    this.#switch.isOn = false;
  }
}
