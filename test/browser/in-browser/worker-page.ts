/** A page whose messenger is in a worker: what Node lets it do, as `workerPage`. */
import type { Message } from '@sotto/sdk';
import { connectMessenger, type RemoteMessenger } from '@sotto/sdk/remote';
import { indexedDbStorage } from '@sotto/sdk/storage/indexeddb';
import { counted } from './counting-handler.js';

/** What a page sees of a backup. */
export interface BackupSeen {
  /** The first bytes, as text. */
  readonly begins: string;
  readonly phases: readonly string[];
  readonly messages: readonly number[];
  readonly refused: readonly unknown[];
}

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
  /** Has a backup made in the worker, and read there again: what came here of it, and how it is refused. */
  backUp(): Promise<BackupSeen>;
  /** Private keys out of the worker's storage, base64url, and from then on in this page, as texts and as bytes. */
  secrets(): Promise<readonly string[]>;
  close(): Promise<void>;
}

let messenger: RemoteMessenger;
const kept: unknown[] = [];

const textOf = ({ body }: Message) => (body.kind === 'text' ? body.text : '');

async function backUp(): Promise<BackupSeen> {
  const { backup } = messenger;
  const secret = { recoveryKey: await backup.createRecoveryKey() };
  const phases = new Set<string>();
  const run = { onProgress: ({ phase }: { readonly phase: string }) => void phases.add(phase) };
  const file = await new Response(await backup.create({ secret }, run)).blob();
  const totals = await backup.verify(file.stream(), { secret }, run);
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'resolved',
      (error: { readonly code?: unknown }) => error.code,
    );
  const other = { recoveryKey: await backup.createRecoveryKey() };
  const stopping = new AbortController();
  const stopped = await backup.create({ secret }, { signal: stopping.signal });
  stopping.abort(Object.assign(new Error('enough'), { code: 'stopped here' }));
  return {
    begins: await file.slice(0, 8).text(),
    phases: [...phases],
    messages: [totals.messages, totals.contacts],
    refused: [
      await codeOf(backup.verify(file.stream(), { secret: other })),
      await codeOf(backup.verify(file.slice(0, -1).stream(), { secret })),
      await codeOf(backup.restore(file.stream(), { secret })),
      await codeOf(stopped.getReader().read()),
      // Nothing is held open over there.
      ...(await Promise.all([1, 2, 3, 4].map(() => codeOf(backup.inspect(file.stream()))))),
    ],
  };
}

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
  backUp,
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
