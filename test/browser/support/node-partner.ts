/** A client in Node on Signal's own library, at a real relay: who pages talk to. */
import { createMessenger, type Message, type Messenger, type ProtocolEngine } from '@sotto/sdk';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { memoryStorage } from '@sotto/sdk/storage/memory';
import { socketIoTransport } from '@sotto/sdk/transport/socket-io';
import { createRelay, openPGliteDatabase } from '@sotto/relay';
import { countingHandler } from '../in-browser/counting-handler.js';

/** A relay in this process, which pages of some origins may use. */
export async function startRelay(origins: readonly string[]) {
  const database = await openPGliteDatabase();
  const relay = await createRelay(
    {
      port: 0,
      limitFactor: 10_000,
      logLevel: 'silent',
      allowedOrigins: origins.map((url) => new URL(url).origin),
    },
    { database },
  );
  return {
    url: relay.url,
    close: async () => {
      await relay.close();
      await database.close();
    },
  };
}

/** See the header. */
export class Partner {
  readonly messenger: Messenger;
  readonly heard: Message[] = [];
  readonly undecryptable: string[] = [];
  readonly contactCode: string;

  private constructor(messenger: Messenger, contactCode: string) {
    this.messenger = messenger;
    this.contactCode = contactCode;
    messenger.on('message', ({ message }) => void this.heard.push(message));
    messenger.on('undecryptable', ({ reason }) => void this.undecryptable.push(reason));
  }

  /** Registers, and goes online. */
  static async open(
    relayUrl: string,
    username: string,
    engine: ProtocolEngine = libsignalEngine(),
  ): Promise<Partner> {
    const messenger = await createMessenger({
      engine,
      storage: memoryStorage(),
      transport: socketIoTransport({ url: relayUrl }),
      messageRequests: 'accept',
      onMessage: countingHandler,
    });
    const password = `a long password of ${username}`;
    const { contactCode } = await messenger.account.register({ username, password });
    const partner = new Partner(messenger, contactCode);
    await messenger.connect();
    return partner;
  }
}
