/**
 * A client process of the kill test: a messenger with real parts whose handler counts in the unit of
 * the message. Whatever it has to know after being killed is in its storage. Parameters: relay, folder,
 * username, how many messages to send. Says what happens as one JSON value per line; takes the lines
 * `peer CODE` and `report`.
 */
import { createInterface } from 'node:readline';
import {
  createMessenger,
  isSottoError,
  type AccountId,
  type Message,
  type MessageHandler,
  type Messenger,
} from '@sotto/sdk';
import { levelStorage } from '@sotto/sdk/storage/level';
import { socketIoTransport } from '@sotto/sdk/transport/socket-io';
import { engineFor } from '../../../sdk/test/support/engines.js';

const [relayUrl = '', folder = '', username = '', total = '0'] = process.argv.slice(2);

/** Own messages that are not at the relay yet: above that, sending waits. */
const maxPending = 32;
const pageLength = 200;

/** What the handler has done, as the records say. */
export interface ClientReport {
  /** The handler's counter. */
  readonly count: number;
  /** What the handler wrote for each count, in order. */
  readonly effects: readonly string[];
  /** The texts of the stored messages that came in, in the order of the conversation. */
  readonly received: readonly string[];
  /** Texts and states of the own stored messages, in the order of the conversation. */
  readonly sent: readonly { readonly text: string; readonly status: Message['status'] }[];
}

const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const textOf = ({ body }: Message) => (body.kind === 'text' ? body.text : '?');

const count: MessageHandler = async (message, unit) => {
  const counted = Number(decode(await unit.get('count')));
  unit.put('count', encode(String(counted + 1)));
  unit.put(`effect/${counted}`, encode(textOf(message)));
};

async function allMessages(messenger: Messenger, peer: AccountId): Promise<Message[]> {
  const all: Message[] = [];
  for (;;) {
    const before = all[0] ? { beforeSeq: all[0].seq } : {};
    const page = await messenger.messages.list(peer, { ...before, limit: pageLength });
    all.unshift(...page);
    if (page.length < pageLength) return all;
  }
}

async function report(messenger: Messenger, peer: AccountId): Promise<ClientReport> {
  const [counted] = await messenger.records.get(['count']);
  const effects: string[] = [];
  for await (const { key, value } of messenger.records.list('effect/')) {
    effects[Number(key.slice('effect/'.length))] = decode(value);
  }
  const messages = await allMessages(messenger, peer);
  const own = messages.filter(({ sender }) => sender !== peer);
  return {
    count: Number(decode(counted)),
    effects,
    received: messages.filter(({ sender }) => sender === peer).map(textOf),
    sent: own.map((message) => ({ text: textOf(message), status: message.status })),
  };
}

/** The relay may be away at any moment: whatever needs it is repeated when it is back. */
async function insistently<Result>(messenger: Messenger, work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    const online = new Promise<void>((resolve) => {
      const stop = messenger.on('connection', ({ kind }) => {
        if (kind !== 'online') return;
        stop();
        resolve();
      });
    });
    try {
      return await work();
    } catch (error) {
      const passing = ['offline', 'request-timeout', 'unavailable'] as const;
      if (!passing.some((code) => isSottoError(error, code))) throw error;
      await online;
    }
  }
}

class Outgoing {
  readonly #messenger: Messenger;
  readonly #pending = new Set<number>();
  #whenLess: (() => void) | undefined;

  constructor(messenger: Messenger) {
    this.#messenger = messenger;
    messenger.on('message-status', ({ message }) => {
      this.#pending.delete(message.seq);
      this.#whenLess?.();
      if (message.status === 'failed') say({ kind: 'failed', code: message.failure });
    });
  }

  /** Goes on where an earlier life stopped: the stored rows say how many there are. */
  async send(peer: AccountId): Promise<void> {
    const own = (await allMessages(this.#messenger, peer)).filter(({ sender }) => sender !== peer);
    for (const { seq, status } of own) if (status === 'pending') this.#pending.add(seq);
    for (let next = own.length; next < Number(total); next += 1) {
      await this.#below(maxPending);
      const { seq } = await this.#messenger.messages.send(peer, { text: String(next) });
      this.#pending.add(seq);
      if ((await this.#messenger.messages.get(peer, seq)).status !== 'pending') this.#pending.delete(seq);
    }
    await this.#below(1);
    say({ kind: 'all-sent' });
  }

  async #below(limit: number): Promise<void> {
    while (this.#pending.size >= limit) {
      await new Promise<void>((resolve) => {
        this.#whenLess = resolve;
      });
    }
  }
}

async function peerOf(messenger: Messenger, code: string): Promise<AccountId> {
  const [known] = await messenger.contacts.list();
  return (known ?? (await insistently(messenger, () => messenger.contacts.add(code)))).accountId;
}

async function run(): Promise<void> {
  const messenger = await createMessenger({
    engine: engineFor(username),
    storage: levelStorage(folder),
    transport: socketIoTransport({ url: relayUrl }),
    onMessage: count,
    messageRequests: 'accept',
    logger: { log: (level, event, fields) => console.error(level, event, JSON.stringify(fields ?? {})) },
  });
  messenger.on('message', ({ message }) => void say({ kind: 'received', seq: message.seq }));
  messenger.on('undecryptable', ({ reason }) => void say({ kind: 'undecryptable', reason }));
  messenger.on('handler-failed', ({ reason }) => void say({ kind: 'handler-failed', reason }));
  const outgoing = new Outgoing(messenger);
  const account = await messenger.account.profile();
  const profile =
    account ?? (await messenger.account.register({ username, password: 'correct horse battery' }));
  await messenger.connect();
  say({ kind: 'ready', contactCode: profile.contactCode });
  let peer: AccountId | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, argument = ''] = line.split(' ');
    if (command === 'peer') {
      peer = await peerOf(messenger, argument);
      outgoing.send(peer).catch(fail);
    }
    if (command === 'report' && peer) say({ kind: 'report', report: await report(messenger, peer) });
  }
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}

run().catch(fail);
