/**
 * The side of a port where the messenger is not: an object that is used like one. What it is asked goes over the
 * port, what it is told is checked, and when the port ends so does everything that waits.
 */
import * as z from 'zod/mini';
import { SottoError } from '../errors.js';
import type { MessengerEventName, MessengerEvents, MessengerListener } from '../events.js';
import { EventHub } from '../events.js';
import { silentLogger, systemClock, systemRandom } from '../host.js';
import { limits } from '../limits.js';
import type { Messenger } from '../messenger-api.js';
import type { Clock, Logger, Random } from '../ports/host.js';
import type { ConnectionState } from '../ports/transport.js';
import { randomToken } from '../random.js';
import { backupOver } from './backup-over.js';
import { CallLane } from './call-lane.js';
import type { RemoteArchives } from './connect-archives.js';
import { eventValues, isJournalled } from './event-values.js';
import { unpackFailure } from './failures.js';
import { remoteVersion, serverFrame, tagged, type ClientSays, type ServerFrame } from './frames.js';
import { Heartbeat } from './heartbeat.js';
import { ListReader } from './list-reader.js';
import { listenTo, type RemotePort } from './port.js';
import { methodsOver, surface, type ArgumentsOf, type RemoteMethod, type ResultOf } from './surface.js';

/** A hello may come before anybody listens: it is said again this often. */
const helloMs = 100;

/** How a connection over a port has ended. */
export type RemoteEnd =
  /** The messenger was closed, or the other side stopped exposing it. */
  | 'closed'
  /** `detach` was called. */
  | 'detached'
  /** The port ended, or the other side no longer answers. */
  | 'lost';

/** A messenger at the other side of a port. */
export interface RemoteMessenger extends Messenger {
  /** Resolves when the connection over the port has ended. Calls under way have failed as `remote-closed` by then. */
  readonly ended: Promise<RemoteEnd>;
  /** Lets go of the port. The messenger goes on; `close` would end it. */
  detach(): void;
}

/** Options of {@link connectMessenger}. */
export interface ConnectOptions {
  /** Default: the platform's. */
  readonly clock?: Clock;
  /** Default: the platform's secure randomness. */
  readonly random?: Random;
  /** Default: drops every line. */
  readonly logger?: Logger;
}

/**
 * Reaches the messenger that {@link exposeMessenger} offers at the other side of a port: the same interface,
 * events and errors. Resolves when the other side has answered.
 *
 * What is different: a call that was under way when the other side went is `remote-closed`, and may or may not
 * have taken effect; arguments that do not fit are a `TypeError` without further words; at most 256 calls are
 * under way at once and 10,000 more wait (`limit-exceeded`).
 *
 * @example
 * ```ts
 * // page.ts
 * const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
 * const messenger = await connectMessenger(worker);
 * messenger.on('message', ({ message }) => console.log(message.body));
 * await messenger.connect();
 * ```
 *
 * @param port - listened to, and not closed
 * @throws SottoError `remote-closed` when nobody answers for 30 seconds, `remote-version`
 */
export async function connectMessenger(
  port: RemotePort,
  options: ConnectOptions = {},
): Promise<RemoteMessenger> {
  const client = new RemoteClient(port, options);
  await client.opened;
  return client.messenger;
}

class RemoteClient {
  readonly opened: Promise<void>;
  readonly messenger: RemoteMessenger;
  readonly #port: RemotePort;
  readonly #clock: Clock;
  readonly #client: string;
  readonly #events: EventHub;
  readonly #listenerCounts = new Map<MessengerEventName, number>();
  readonly #calls: CallLane;
  readonly #lists = new Map<number, ListReader>();
  #archives: Promise<RemoteArchives> | undefined;
  readonly #heartbeat: Heartbeat;
  readonly #stopListening: () => void;
  readonly #resolveEnded: (end: RemoteEnd) => void;
  #resolveOpened: () => void = () => undefined;
  #rejectOpened: (error: SottoError) => void = () => undefined;
  #cancelHello: () => void = () => undefined;
  #connection: ConnectionState = { kind: 'closed' };
  /** Journalled events are heard one after another. */
  #hearing: Promise<void> = Promise.resolve();
  #lastId = 0;
  #end: RemoteEnd | undefined;

  constructor(port: RemotePort, { clock, random, logger }: ConnectOptions) {
    this.#port = port;
    this.#clock = clock ?? systemClock;
    this.#client = randomToken(random ?? systemRandom);
    this.#events = new EventHub((name) => {
      (logger ?? silentLogger).log('error', 'listener-failed', { event: name });
    });
    this.#calls = new CallLane((id, method, args) => {
      this.#say({ type: 'call', id, method, args: [...args] });
    });
    this.#heartbeat = this.#makeHeartbeat();
    let resolveEnded: (end: RemoteEnd) => void = () => undefined;
    const ended = new Promise<RemoteEnd>((resolve) => (resolveEnded = resolve));
    this.#resolveEnded = resolveEnded;
    this.messenger = this.#makeMessenger(ended);
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve;
      this.#rejectOpened = reject;
    });
    this.#stopListening = listenTo(port, {
      message: (data) => {
        const { success, data: frame } = serverFrame.safeParse(data);
        if (success) this.#take(frame);
      },
      ended: () => {
        this.#finish('lost');
      },
    });
    this.#hello(0);
  }

  #makeHeartbeat(): Heartbeat {
    return new Heartbeat({
      clock: this.#clock,
      ping: () => {
        this.#say({ type: 'ping' });
      },
      onSilence: () => {
        this.#finish('lost');
      },
    });
  }

  #makeMessenger(ended: Promise<RemoteEnd>): RemoteMessenger {
    const { records, ...methods } = methodsOver((method, args) => this.#call(method, args));
    const state = () => this.#connection;
    return {
      ...methods,
      records: { ...records, list: (prefix) => this.#list(prefix) },
      backup: backupOver(() => this.#openArchives()),
      on: (name, listener) => this.#on(name, listener),
      get connection() {
        return state();
      },
      ended,
      detach: () => {
        this.#say({ type: 'bye' });
        this.#finish('detached');
      },
    };
  }

  #hello(waitedMs: number): void {
    if (waitedMs >= limits.remoteOpenTimeoutMs) {
      this.#finish('lost');
      return;
    }
    this.#say({ type: 'hello', version: remoteVersion, client: this.#client });
    this.#cancelHello = this.#clock.schedule(helloMs, () => {
      this.#hello(waitedMs + helloMs);
    });
  }

  #take(frame: ServerFrame): void {
    if (this.#end) return;
    this.#heartbeat.heard();
    switch (frame.type) {
      case 'welcome':
        if (frame.client === this.#client) this.#welcomed(frame);
        break;
      case 'result':
        this.#calls.settled(frame.id, frame.value);
        break;
      case 'failure':
        this.#calls.failed(frame.id, unpackFailure(frame.failure));
        this.#lists.get(frame.id)?.fail(unpackFailure(frame.failure));
        break;
      case 'pair':
        this.#lists.get(frame.id)?.push(frame.pair);
        break;
      case 'end':
        this.#lists.get(frame.id)?.end();
        break;
      case 'event':
        this.#tell(frame.id, frame.name, frame.event);
        break;
      case 'archive':
        void this.#archives?.then((archives) => archives.take(frame.id, frame.said)).catch(() => undefined);
        break;
      case 'pong':
        break;
      case 'bye':
        this.#finish('closed');
        break;
    }
  }

  #welcomed({ version, connection }: Extract<ServerFrame, { type: 'welcome' }>): void {
    this.#cancelHello();
    if (version !== remoteVersion) {
      this.#rejectOpened(new SottoError('remote-version'));
      this.#finish('closed');
      return;
    }
    this.#connection = connection;
    this.#heartbeat.start();
    this.#resolveOpened();
  }

  async #call<Method extends RemoteMethod>(
    method: Method,
    args: ArgumentsOf<Method>,
  ): Promise<ResultOf<Method>> {
    this.#assertOpen();
    const checked = checkArguments(method, args);
    const value = await this.#calls.call((this.#lastId += 1), method, checked);
    const answer = z.safeParse(surface[method].answers as z.core.$ZodType<ResultOf<Method>>, value);
    if (!answer.success) throw new SottoError('remote-failed');
    if (method === 'close') this.#finish('closed');
    return answer.data;
  }

  async *#list(prefix: string) {
    this.#assertOpen();
    const id = (this.#lastId += 1);
    const reader = new ListReader((count) => {
      this.#say({ type: 'taken', id, count });
    });
    this.#lists.set(id, reader);
    this.#say({ type: 'list', id, prefix });
    try {
      for (let pair = await reader.next(); pair; pair = await reader.next()) yield pair;
    } finally {
      if (!reader.isOver) this.#say({ type: 'stop', id });
      this.#lists.delete(id);
    }
  }

  async #openArchives(): Promise<RemoteArchives> {
    this.#assertOpen();
    this.#archives ??= import('./connect-archives.js').then(
      ({ RemoteArchives }) =>
        new RemoteArchives((id, said) => {
          this.#say({ type: 'archive', id, said });
        }),
    );
    try {
      return await this.#archives;
    } catch (error) {
      // The next call tries to load it again.
      this.#archives = undefined;
      throw error;
    }
  }

  #on<Name extends MessengerEventName>(name: Name, listener: MessengerListener<Name>): () => void {
    const stop = this.#events.on(name, listener);
    this.#countListeners(name, 1);
    let stopped = false;
    return () => {
      if (stopped) return;
      stopped = true;
      stop();
      this.#countListeners(name, -1);
    };
  }

  #countListeners(name: MessengerEventName, change: 1 | -1): void {
    const before = this.#listenerCounts.get(name) ?? 0;
    this.#listenerCounts.set(name, before + change);
    if (before === 0) this.#say({ type: 'listen', name });
    else if (before + change === 0) this.#say({ type: 'unlisten', name });
  }

  /** Hears an event, journalled ones in order, and says when all listeners have. */
  #tell(id: number, name: MessengerEventName, told: unknown): void {
    const { success, data } = z.safeParse(eventValues[name] as z.core.$ZodType, told);
    if (!success) return;
    const event = data as MessengerEvents[typeof name];
    if (name === 'connection') this.#connection = event as ConnectionState;
    const hear = async () => {
      if (this.#end) return;
      await this.#events.emit(name, event as never);
      this.#say({ type: 'heard', id });
    };
    if (isJournalled(name)) this.#hearing = this.#hearing.then(hear).catch(() => undefined);
    else void hear().catch(() => undefined);
  }

  /** Everything that waits fails; nothing is said any more. */
  #finish(end: RemoteEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#cancelHello();
    this.#heartbeat.stop();
    this.#stopListening();
    this.#calls.close(new SottoError('remote-closed'));
    for (const reader of this.#lists.values()) reader.fail(new SottoError('remote-closed'));
    void this.#archives?.then((archives) => archives.close()).catch(() => undefined);
    this.#rejectOpened(new SottoError('remote-closed'));
    this.#resolveEnded(end);
    if (this.#connection.kind === 'closed') return;
    this.#connection = { kind: 'closed' };
    void this.#events.emit('connection', this.#connection).catch(() => undefined);
  }

  /** @throws SottoError `remote-closed` */
  #assertOpen(): void {
    if (this.#end) throw new SottoError(this.#end === 'closed' ? 'messenger-closed' : 'remote-closed');
  }

  #say(frame: ClientSays): void {
    if (!this.#end) this.#port.postMessage(tagged(frame));
  }
}

/** What goes over the port: without what was left out. @throws TypeError, SottoError `content-too-large`, `limit-exceeded` */
function checkArguments<Method extends RemoteMethod>(method: Method, args: ArgumentsOf<Method>): unknown[] {
  const given: readonly unknown[] = args;
  const checked = z.safeParse(surface[method].takes as z.core.$ZodType<readonly unknown[]>, given);
  if (checked.success) return [...checked.data];
  // What the messenger itself would say of them.
  const [first, second] = given as [unknown, { readonly text?: unknown }?];
  if (method === 'messages.send' && typeof second?.text === 'string') {
    if (second.text.length > limits.maxContentBytes) throw new SottoError('content-too-large');
  }
  if (method === 'records.get' && Array.isArray(first) && first.length > limits.maxRemoteKeys) {
    throw new SottoError('limit-exceeded', { details: { limit: 'maxRemoteKeys' } });
  }
  throw new TypeError(`the arguments of ${method} do not fit`);
}
