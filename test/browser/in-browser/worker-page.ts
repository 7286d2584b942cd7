/** A page whose messenger is in a worker: what Node lets it do, as `workerPage`. */
import type { Message } from '@sotto/sdk';
import { connectMessenger, type RemoteMessenger } from '@sotto/sdk/remote';
import { indexedDbStorage } from '@sotto/sdk/storage/indexeddb';
import { counted } from './counting-handler.js';

/** What Node calls. */
export interface WorkerPage {
  /** Registers, adds a contact and writes to it; resolves when as many messages were heard. */
  talk(options: {
    readonly relayUrl: string;
    readonly username: string;
    readonly contactCode: string;
    readonly texts: readonly string[];
    readonly heard: number;
  }): Promise<{
    readonly heard: string[];
    readonly counted: Record<string, number>;
    readonly failure: unknown;
  }>;
  /** Private keys out of the worker's storage, base64url, and from then on in this page, as texts and as bytes. */
  secrets(): Promise<readonly string[]>;
  close(): Promise<void>;
}

let messenger: RemoteMessenger;
const kept: unknown[] = [];

const textOf = ({ body }: Message) => (body.kind === 'text' ? body.text : '');

const workerPage: WorkerPage = {
  talk: async ({ relayUrl, username, contactCode, texts, heard: count }) => {
    const url = new URL('/worker.js', location.href);
    url.hash = encodeURIComponent(relayUrl);
    messenger = await connectMessenger(new Worker(url, { type: 'module' }));
    const heard: string[] = [];
    const enough = new Promise<void>((resolve) => {
      messenger.on('message', ({ message }) => {
        if (heard.push(textOf(message)) === count) resolve();
      });
    });
    await messenger.account.register({ username, password: 'a long password of the page' });
    await messenger.connect();
    const { accountId } = await messenger.contacts.add(contactCode);
    for (const text of texts) await messenger.messages.send(accountId, { text });
    await enough;
    const failure: unknown = await messenger.contacts.add('nonsense').catch((error: unknown) => ({
      code: (error as { code?: unknown }).code,
      name: (error as Error).name,
    }));
    return { heard, counted: await counted(messenger.records), failure };
  },
  secrets: async () => {
    const [account] = await indexedDbStorage('worker').get(['account/self']);
    const { d } = JSON.parse(new TextDecoder().decode(account)) as { d: Record<string, string> };
    const secrets = [d['identityPrivateKey'] as string, d['deviceAuthSeed'] as string];
    kept.push(account, secrets);
    return secrets;
  },
  close: () => messenger.close(),
};
Object.assign(globalThis, { workerPage });
