/**
 * The side of a port where the messenger is: checks every frame, answers calls, tells events and keeps count of
 * who has heard them. Knows what a messenger can do by the table of its surface alone.
 */
import * as z from 'zod/mini';
import { SottoError } from '../errors.js';
import { Unheard, type MessengerEventName, type MessengerEvents } from '../events.js';
import { silentLogger, systemClock } from '../host.js';
import { limits } from '../limits.js';
import type { Messenger } from '../messenger-api.js';
import type { Clock, Logger } from '../ports/host.js';
import { eventValues, isJournalled } from './event-values.js';
import type { ExposedArchives } from './exposed-archives.js';
import { ExposedLists } from './exposed-lists.js';
import { packFailure } from './failures.js';
import { clientFrame, remoteVersion, tagged, type ClientFrame, type ServerSays } from './frames.js';
import { listenTo, type RemotePort } from './port.js';
import { callMethod, isRemoteMethod, surface, type RemoteMethod } from './surface.js';

/** Options of {@link exposeMessenger}. */
export interface ExposeOptions {
  /**
   * Whether a journalled event counts as heard only when the listeners at the other side have heard it to its
   * end, as it is with listeners here: true by default. With false the other side is told and nobody waits.
   */
  readonly awaitListeners?: boolean;
  /** Default: the platform's. */
  readonly clock?: Clock;
  /** Default: drops every line. */
  readonly logger?: Logger;
}

/**
 * Lets the other side of a port use a messenger, by {@link connectMessenger}. The port should lead to one other
 * side that is this application's own: whoever can speak there can do what the messenger can. A handler
 * (`onMessage`), the storage and all keys stay here.
 *
 * @example
 * ```ts
 * // worker.ts
 * const messenger = await createMessenger({ engine, storage, transport, onMessage });
 * exposeMessenger(messenger, self);
 * ```
 *
 * @param port - listened to, and not closed
 * @returns stops; calls under way end as they would, and their answers are not sent. The messenger goes on.
 */
export function exposeMessenger(
  messenger: Messenger,
  port: RemotePort,
  options: ExposeOptions = {},
): () => void {
  let session: ExposedSession | undefined;
  const welcome = (client: string) => {
    if (session?.client !== client || session.isOver) {
      session?.end();
      session = new ExposedSession({ messenger, port, client, options });
    }
    session.welcome();
  };
  const stopListening = listenTo(port, {
    message: (data) => {
      const { success, data: frame } = clientFrame.safeParse(data);
      if (!success) return;
      if (frame.type !== 'hello') session?.take(frame);
      else if (frame.version === remoteVersion) welcome(frame.client);
      else refuse(port, frame.client);
    },
    ended: () => session?.end(),
  });
  return () => {
    stopListening();
    session?.dismiss();
  };
}

/** Says which version is spoken here, to whom speaks another. */
function refuse(port: RemotePort, client: string): void {
  const connection = { kind: 'closed' } as const;
  port.postMessage(tagged({ type: 'welcome', version: remoteVersion, client, connection }));
}

interface Hearing {
  heard(): void;
  never(): void;
}

/** One client of a port, from its hello to its end. */
class ExposedSession {
  readonly client: string;
  readonly #messenger: Messenger;
  readonly #port: RemotePort;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #awaitListeners: boolean;
  readonly #lists: ExposedLists;
  #archives: Promise<ExposedArchives> | undefined;
  readonly #listening = new Map<MessengerEventName, () => void>();
  readonly #hearings = new Map<number, Hearing>();
  #eventCount = 0;
  #callsUnderWay = 0;
  #lastHeardAt: number;
  #cancelWatch: () => void = () => undefined;
  #over = false;

  constructor(parts: { messenger: Messenger; port: RemotePort; client: string; options: ExposeOptions }) {
    const { options } = parts;
    this.client = parts.client;
    this.#messenger = parts.messenger;
    this.#port = parts.port;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#awaitListeners = options.awaitListeners ?? true;
    this.#lists = new ExposedLists(parts.messenger, (frame) => {
      this.#say(frame);
    });
    this.#lastHeardAt = this.#clock.monotonicNow();
    // The state of the connection is read without asking, so it is always told.
    this.#listen('connection');
    this.#watch();
  }

  /** Whether nothing is answered any more. */
  get isOver(): boolean {
    return this.#over;
  }

  /** Answers a hello, as often as it is said. */
  welcome(): void {
    const { connection } = this.#messenger;
    this.#say({
      type: 'welcome',
      version: remoteVersion,
      client: this.client,
      connection: { ...connection },
    });
  }

  /** Does what a frame asks for. */
  take(frame: Exclude<ClientFrame, { type: 'hello' }>): void {
    if (this.#over) return;
    this.#lastHeardAt = this.#clock.monotonicNow();
    switch (frame.type) {
      case 'call':
        void this.#call(frame.id, frame.method, frame.args);
        break;
      case 'list':
        this.#lists.open(frame.id, frame.prefix);
        break;
      case 'taken':
        this.#lists.taken(frame.id, frame.count);
        break;
      case 'stop':
        this.#lists.stop(frame.id);
        break;
      case 'listen':
        this.#listen(frame.name);
        break;
      case 'unlisten':
        if (frame.name !== 'connection') this.#unlisten(frame.name);
        break;
      case 'heard':
        this.#hearings.get(frame.id)?.heard();
        this.#hearings.delete(frame.id);
        break;
      case 'archive':
        void this.#archive(frame.id, frame.said);
        break;
      case 'ping':
        this.#say({ type: 'pong' });
        break;
      case 'bye':
        this.end();
        break;
    }
  }

  /** Ends, and says so. */
  dismiss(): void {
    this.#say({ type: 'bye' });
    this.end();
  }

  /** Nothing more is told or answered; what has not been heard to its end counts as not heard. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelWatch();
    for (const name of [...this.#listening.keys()]) this.#unlisten(name);
    this.#lists.stopAll();
    void this.#archives?.then((archives) => archives.stopAll()).catch(() => undefined);
    for (const hearing of this.#hearings.values()) hearing.never();
    this.#hearings.clear();
  }

  async #archive(id: number, said: unknown): Promise<void> {
    try {
      (await this.#openArchives()).take(id, said);
    } catch {
      // It could not be loaded; the next one tries again.
      this.#archives = undefined;
      this.#logger.log('error', 'remote-call-failed');
      this.#say({ type: 'archive', id, said: { type: 'failure', failure: packFailure(undefined) } });
    }
  }

  /** Few ever back up: what that takes comes when they do. */
  #openArchives(): Promise<ExposedArchives> {
    this.#archives ??= import('./exposed-archives.js').then(
      ({ ExposedArchives }) =>
        new ExposedArchives(this.#messenger.backup, (id, said) => {
          this.#say({ type: 'archive', id, said });
        }),
    );
    return this.#archives;
  }

  async #call(id: number, method: string, args: readonly unknown[]): Promise<void> {
    if (this.#callsUnderWay >= limits.maxRemoteCalls) {
      this.#fail(id, new SottoError('limit-exceeded', { details: { limit: 'maxRemoteCalls' } }));
      return;
    }
    this.#callsUnderWay += 1;
    try {
      if (!isRemoteMethod(method)) throw new TypeError('no such method');
      this.#say({ type: 'result', id, value: await this.#answer(method, args) });
      if (method === 'close') this.dismiss();
    } catch (error) {
      this.#fail(id, error);
    } finally {
      this.#callsUnderWay -= 1;
    }
  }

  async #answer(method: RemoteMethod, args: readonly unknown[]): Promise<unknown> {
    const { takes, answers } = surface[method];
    const taken = z.safeParse(takes, args);
    if (!taken.success) throw new TypeError('the arguments do not fit');
    const result: unknown = await callMethod(this.#messenger, method, taken.data as never);
    return z.parse(answers, result);
  }

  #fail(id: number, error: unknown): void {
    const failure = packFailure(error);
    if (failure.kind === 'unexpected') this.#logger.log('error', 'remote-call-failed');
    this.#say({ type: 'failure', id, failure });
  }

  #listen(name: MessengerEventName): void {
    if (this.#listening.has(name)) return;
    const stop = this.#messenger.on(name, (event) => this.#tell(name, event));
    this.#listening.set(name, stop);
  }

  #unlisten(name: MessengerEventName): void {
    this.#listening.get(name)?.();
    this.#listening.delete(name);
  }

  /** Tells of an event. @returns where it matters, when it has been heard to its end */
  #tell<Name extends MessengerEventName>(
    name: Name,
    event: MessengerEvents[Name],
  ): Promise<void> | undefined {
    const told = z.safeParse(eventValues[name] as z.core.$ZodType, event);
    if (!told.success) {
      this.#logger.log('error', 'remote-event-refused', { event: name });
      return undefined;
    }
    if (this.#hearings.size >= limits.maxUnheardEvents) {
      this.#logger.log('warn', 'remote-client-behind');
      this.dismiss();
      return undefined;
    }
    const id = (this.#eventCount += 1);
    const hearing = new Promise<void>((resolve, reject) => {
      this.#hearings.set(id, {
        heard: resolve,
        never: () => {
          reject(new Unheard());
        },
      });
    });
    this.#say({ type: 'event', id, name, event: told.data });
    if (this.#awaitListeners && isJournalled(name)) return hearing;
    hearing.catch(() => undefined);
    return undefined;
  }

  /** A client that says nothing for long is gone: no port is sure to tell. */
  #watch(): void {
    this.#cancelWatch = this.#clock.schedule(limits.remoteClientSilenceMs / 3, () => {
      const silentMs = this.#clock.monotonicNow() - this.#lastHeardAt;
      if (silentMs >= limits.remoteClientSilenceMs) this.end();
      else this.#watch();
    });
  }

  #say(frame: ServerSays): void {
    if (this.#over) return;
    this.#port.postMessage(tagged(frame));
  }
}
