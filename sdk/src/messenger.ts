/** Wires engine, storage, transport and features into a messenger: the only place in the SDK that does. */
import { AccountService, RelayClient, restoreMarkKey, type LoginEnd } from './account/index.js';
import { ContactBook, ContactLinks, contactDevices, contactView, Directory } from './contacts/index.js';
import { ContinuityCheck, freshStart } from './continuity/index.js';
import { isSottoError } from './errors.js';
import { EventHub } from './events.js';
import { silentLogger, systemClock, systemRandom, type Host } from './host.js';
import { journalEvent, type JournalEvent, type UndecryptableReason } from './journal-event.js';
import { LiveConnection } from './live-connection.js';
import {
  Composer,
  DeferredKeeper,
  Delivery,
  HandlerRunner,
  Inbox,
  Intake,
  Lookups,
  MessageArchive,
  MessageService,
  QuarantineKeeper,
  Receipts,
  Receiver,
  Renewals,
  Resends,
  Sender,
  applicationSpace,
  sweepSendLog,
} from './messages/index.js';
import type {
  Messenger,
  MessengerAccount,
  MessengerBackup,
  MessengerContacts,
  MessengerDiagnostics,
  MessengerMessages,
  MessengerOptions,
  MessengerPreKeys,
  MessengerRecords,
  MessengerSessions,
  PendingReset,
} from './messenger-api.js';
import { PreKeyService } from './prekeys/index.js';
import { SessionService } from './sessions/index.js';
import { Shutdown } from './shutdown.js';
import { HandlerContext, Journal, Writer, type JournalEntry } from './unit/index.js';

/**
 * Opens the account a storage holds, or an empty messenger to register one with.
 *
 * @example
 * ```ts
 * const messenger = await createMessenger({ engine: libsignalEngine(), storage, transport });
 * await messenger.account.register({ username: 'alice', password: 'correct horse battery' });
 * messenger.on('message', ({ message }) => console.log(message.body));
 * await messenger.connect();
 * ```
 *
 * @throws SottoError `storage-locked` when another process has the storage, `storage-corrupt`,
 * `engine-mismatch` when the account in it was made with another engine
 */
export async function createMessenger(options: MessengerOptions): Promise<Messenger> {
  const host: Host = {
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    logger: options.logger ?? silentLogger,
  };
  const events = new EventHub((name) => {
    host.logger.log('error', 'listener-failed', { event: name });
  });
  const writer = await Writer.open(options.storage, () => void events.emit('fenced', {}));
  try {
    const parts = wire(options, host, events, writer);
    await clearRestore(writer);
    await parts.account.assertEngine();
    await parts.sender.load();
    await parts.receipts.load();
    return new WiredMessenger(parts);
  } catch (error) {
    await writer.close();
    throw error;
  }
}

/** What a restore wrote that was not completed counts for nothing. */
async function clearRestore(writer: Writer): Promise<void> {
  const [mark] = await writer.get([restoreMarkKey]);
  if (mark) await (await import('./backup/index.js')).discardStagedRestore(writer);
}

function wire(options: MessengerOptions, host: Host, events: EventHub, writer: Writer) {
  const { engine, transport } = options;
  const context = new HandlerContext();
  const listening = new HandlerContext();
  const journal = new Journal<JournalEvent>(writer, journalEvent, (seq) => {
    host.logger.log('warn', 'dispatch-failed', { seq });
  });
  const onLoginEnded = (code: LoginEnd) => void events.emit(code, {});
  const relay = new RelayClient({ transport, writer, host, onLoginEnded });
  const account = new AccountService({ writer, engine, relay, host });
  const preKeys = new PreKeyService({ writer, engine, relay, account, host });
  const sessions = new SessionService({ engine, preKeys, host });
  const directory = new Directory(relay);
  const contacts: ContactBook = new ContactBook({
    ...{ writer, engine, account, sessions, directory, journal, host },
    onRequestAccepted: (unit, contact) => receipts.oweForRequest(unit, contact),
  });
  const contactLinks = new ContactLinks({ account, contacts, relayOrigin: transport.relayOrigin });
  const clocks = () => inbox.clocks;
  const composer = new Composer({
    ...{ account, contacts, sessions, host, clocks, trust: options.trust },
    onQueued: (entry) => {
      sender.queued(entry);
    },
  });
  const delivery = new Delivery({
    ...{ writer, account, contacts, directory, sessions, composer, journal, host, clocks },
  });
  const sender = new Sender({ writer, delivery, host });
  const receipts: Receipts = new Receipts({ writer, contacts, composer, host });
  const renewals = new Renewals({ contacts, sessions, composer, host });
  const resends = new Resends({ contacts, composer, sender, host });
  const handler = new HandlerRunner({ handler: options.onMessage, composer, context, host });
  const requestPolicy = options.messageRequests ?? 'ask';
  const receiver = new Receiver({
    ...{ writer, account, contacts, sessions, handler, receipts, renewals, resends },
    ...{ journal, host, requestPolicy },
    onSetAside: () => {
      quarantine.watch();
      deferred.watch();
    },
  });
  const intake = new Intake({ receiver, lookups: new Lookups(directory) });
  const quarantine = new QuarantineKeeper({ writer, contacts, intake, journal, host, clocks });
  const deferred = new DeferredKeeper({ writer, intake, journal, host });
  const inbox: Inbox = new Inbox({ writer, receiver, intake, quarantine, host });
  const archive = new MessageArchive(writer);
  const messages = new MessageService({ writer, composer, archive });
  const onCaughtUp = async () => {
    await Promise.all([sweepSendLog(writer, inbox.clocks), quarantine.settle()]);
    await deferred.settle();
  };
  const repair = freshStart({ sessions, composer, renewals, preKeys });
  const continuity = new ContinuityCheck({ writer, journal, host, repair });
  const onRoutine = async () => {
    const reset = await pendingReset(relay);
    if (reset) await events.emit('reset-pending', reset);
  };
  const live = new LiveConnection({
    ...{ transport, relay, continuity, inbox, sender, preKeys, events, host, onCaughtUp, onRoutine },
  });
  const shutdown = new Shutdown({
    ...{ live, transport, receipts, quarantine, deferred, sender, inbox, journal, writer, host, listening },
  });
  return {
    ...{ host, engine, relay, events, writer, context, listening, journal, account, preKeys },
    ...{ sessions, contacts, contactLinks, sender, receipts, quarantine, messages, live, shutdown },
    storage: options.storage,
  };
}

async function pendingReset(relay: RelayClient): Promise<PendingReset | undefined> {
  return (await relay.authorized('reset.status', {})).pending ?? undefined;
}

/** Loaded when it is asked for: most pages never do. */
const diagnostics = () => import('./diagnostics/index.js');

type Parts = ReturnType<typeof wire>;

class WiredMessenger implements Messenger {
  readonly #parts: Parts;
  #journalStarted = false;

  readonly account: MessengerAccount;
  readonly backup: MessengerBackup;
  readonly contacts: MessengerContacts;
  readonly messages: MessengerMessages;
  readonly preKeys: MessengerPreKeys;
  readonly sessions: MessengerSessions;
  readonly records: MessengerRecords;
  readonly diagnostics: MessengerDiagnostics;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.account = this.#accountApi();
    this.backup = this.#backupApi();
    this.contacts = this.#contactsApi();
    this.messages = this.#messagesApi();
    this.preKeys = {
      status: () => this.#call(() => parts.preKeys.status()),
      replenish: () => this.#call(() => parts.preKeys.replenish()),
    };
    this.sessions = { reset: (account) => this.#call(() => this.#resetSessions(account)) };
    this.records = {
      get: (keys) => this.#call(() => parts.writer.get(keys.map((key) => applicationSpace + key))),
      list: (prefix) => this.#listRecords(prefix),
    };
    this.diagnostics = {
      counters: () => this.#call(async () => (await diagnostics()).readCounters(parts.writer)),
      supportBundle: () =>
        this.#call(async () =>
          (await diagnostics()).makeSupportBundle({ ...parts, connection: this.connection }),
        ),
    };
  }

  get connection() {
    return this.#parts.live.state;
  }

  on: Messenger['on'] = (name, listener) => this.#parts.events.on(name, listener);

  connect(): Promise<void> {
    return this.#call(async () => {
      const { account, journal, listening, live } = this.#parts;
      await account.require();
      if (!this.#journalStarted) {
        this.#journalStarted = true;
        await journal.start((entry) => listening.run(() => this.#dispatch(entry)));
      }
      await live.open();
    });
  }

  disconnect(): Promise<void> {
    return this.#call(() => this.#parts.live.close());
  }

  async close(): Promise<void> {
    await this.#call(() => this.#parts.shutdown.close());
  }

  /** Calls from inside a handler would wait for the unit they are part of. */
  async #call<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#parts.context.assertOutside();
    return work();
  }

  #accountApi(): MessengerAccount {
    const { account, live } = this.#parts;
    return {
      profile: () => this.#call(() => account.profile()),
      login: (password) =>
        this.#call(async () => {
          await account.login(password);
          await live.reopen();
        }),
      register: (input) =>
        this.#call(async () => {
          const profile = await account.register(input);
          await this.#firstKeys();
          return profile;
        }),
      reset: (input) =>
        this.#call(async () => {
          const { resetAccount } = await import('./account/reset.js');
          const state = await resetAccount(this.#parts, input);
          if (state.state === 'done') await this.#firstKeys();
          return state;
        }),
      pendingReset: () => this.#call(() => pendingReset(this.#parts.relay)),
      objectToReset: () =>
        this.#call(async () => {
          await this.#parts.relay.proven('reset.object', {});
        }),
      signOut: (options = {}) => this.#call(() => this.#signOut(options.deleteAccount ?? false)),
    };
  }

  /** The account is there: keys that did not get through follow with the first connection. */
  async #firstKeys(): Promise<void> {
    const { preKeys, host } = this.#parts;
    await preKeys.replenish().catch((error: unknown) => {
      const code = isSottoError(error) ? error.code : 'unexpected';
      host.logger.log('warn', 'pre-keys-deferred', { code });
    });
  }

  /** Few pages of an application back up or restore: the code comes when one does. */
  #backupApi(): MessengerBackup {
    const parts = this.#parts;
    const load = () => import('./backup/index.js');
    return {
      createRecoveryKey: async () => (await load()).createRecoveryKey(parts.host.random),
      create: (input, run) => this.#call(async () => (await load()).createBackup(parts, input, run)),
      inspect: async (stream) => (await load()).inspectArchive(stream),
      verify: async (stream, { secret }, run) => (await load()).verifyArchive(stream, secret, run),
      restore: (stream, input, run) =>
        this.#call(async () => {
          const summary = await (await load()).restoreBackup(parts, stream, input, run);
          await this.#firstKeys();
          return summary;
        }),
      settings: () => this.#call(async () => (await load()).restoredSettings(parts.writer)),
    };
  }

  #contactsApi(): MessengerContacts {
    const { contacts, contactLinks, quarantine } = this.#parts;
    return {
      add: (code) => this.#call(() => contacts.add(code)),
      addByLink: (link) => this.#call(() => contactLinks.add(link)),
      share: (options) => this.#call(() => contactLinks.share(options)),
      list: () => this.#call(() => contacts.list()),
      get: (account) =>
        this.#call(async () => {
          const entry = await contacts.find(account);
          return entry && contactView(entry);
        }),
      accept: (account) => this.#call(() => contacts.accept(account)),
      block: (account) => this.#call(() => contacts.block(account)),
      unblock: (account) => this.#call(() => contacts.unblock(account)),
      remove: (account) =>
        this.#call(async () => {
          await contacts.remove(account);
          await quarantine.discard(account);
        }),
      acceptIdentity: (account) =>
        this.#call(async () => {
          const contact = await contacts.acceptIdentity(account);
          await quarantine.drain(account);
          return contact;
        }),
      recheckIdentity: (account) => this.#call(() => contacts.recheckIdentity(account)),
      safetyNumber: (account) => this.#call(() => contacts.safetyNumber(account)),
      verify: (account, comparison) => this.#call(() => contacts.verify(account, comparison)),
    };
  }

  #messagesApi(): MessengerMessages {
    const { messages } = this.#parts;
    return {
      send: (recipient, content, options) => this.#call(() => messages.send(recipient, content, options)),
      retry: (conversation, seq) => this.#call(() => messages.retry(conversation, seq)),
      get: (conversation, seq) => this.#call(() => messages.get(conversation, seq)),
      list: (conversation, page = {}) => this.#call(() => messages.page(conversation, page)),
      conversations: () => this.#call(() => messages.conversations()),
      markRead: (conversation, seq) => this.#call(() => messages.markRead(conversation, seq)),
    };
  }

  async #signOut(deleteAccount: boolean): Promise<void> {
    const { account, live, shutdown, journal, writer, host } = this.#parts;
    const wasOpen = live.isOpen;
    // First, or the relay's goodbye to a device without an account would ask for the password.
    await live.close();
    if (deleteAccount) {
      await account.deleteAtRelay().catch(async (error: unknown) => {
        if (wasOpen) await live.open();
        throw error;
      });
    } else {
      await account.logout().catch((error: unknown) => {
        const code = isSottoError(error) ? error.code : 'unexpected';
        host.logger.log('warn', 'logout-skipped', { code });
      });
    }
    await shutdown.quieten();
    journal.stop();
    await writer.destroy();
  }

  #resetSessions(account: Parameters<MessengerSessions['reset']>[0]): Promise<void> {
    const { contacts, sessions, writer } = this.#parts;
    return writer.run(async (unit) => {
      const entry = await contacts.require(account);
      for (const { address } of contactDevices(entry)) await sessions.archive(unit, address);
    });
  }

  async *#listRecords(prefix: string) {
    this.#parts.context.assertOutside();
    for await (const { key, value } of this.#parts.writer.list(applicationSpace + prefix)) {
      yield { key: key.slice(applicationSpace.length), value };
    }
  }

  async #dispatch({ seq, event }: JournalEntry<JournalEvent>): Promise<void> {
    const { events, contacts, messages } = this.#parts;
    if (event.type === 'contact') {
      const entry = await contacts.find(event.accountId);
      const contact = entry && contactView(entry);
      return events.emit('contact', { seq, accountId: event.accountId, change: event.change, contact });
    }
    if (event.type === 'undecryptable') {
      const { accountId, deviceId } = event;
      const reason = event.reason as UndecryptableReason;
      return events.emit('undecryptable', { seq, sender: { accountId, deviceId }, reason });
    }
    if (event.type === 'continuity') {
      return events.emit('continuity', { seq, verdict: event.verdict, generation: event.generation });
    }
    const message = await messages.get(event.conversationId, event.messageSeq);
    if (event.type !== 'handler-failed') return events.emit(event.type, { seq, message });
    return events.emit('handler-failed', { seq, message, reason: event.reason });
  }
}
