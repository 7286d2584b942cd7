/**
 * One tab's time as the one that has the messenger: from the lock to its loss or return. Opens the messenger,
 * serves the others, and closes it in the end. Knows no election.
 */
import { SottoError, isSottoError } from '../errors.js';
import type { Messenger } from '../messenger-api.js';
import type { Clock, Logger } from '../ports/host.js';
import { exposeMessenger } from './expose-messenger.js';
import type { WebRemotePort } from './port.js';
import { callMethod, methodsOver, type RemoteCall } from './surface.js';

/** A channel to other tabs; it is closed by whoever made it. */
export interface ShareChannel extends WebRemotePort {
  close(): void;
}

/** A messenger that another connection of its own device has replaced comes back after this long. */
const reconnectMs = 1_000;
/** Closing gets this long before others may begin. */
const closingMs = 500;
/** Whoever asked to sign out hears the answer first. */
const signedOutMs = 50;

/** Why a tab no longer leads. */
export type LeadershipEnd = 'fenced' | 'signed-out' | 'closed';

/** See the header. */
export class Leadership {
  readonly term: string;
  /** What this tab and the others use: the messenger, without its end. */
  readonly messenger: Messenger;
  readonly #real: Messenger;
  readonly #parts;
  readonly #served = new Map<string, () => void>();
  #wanted = false;
  #over = false;
  #cancelReconnect: () => void = () => undefined;
  #resolveEnded: (end: LeadershipEnd) => void = () => undefined;
  /** Resolves when it is over; the messenger may still be closing. */
  readonly ended = new Promise<LeadershipEnd>((resolve) => (this.#resolveEnded = resolve));
  /** Resolves when the messenger is closed. */
  closed: Promise<void> = Promise.resolve();

  /** @param parts - `onWanted` tells that the messenger is to be online, or not; `channelTo` another tab */
  constructor(parts: {
    real: Messenger;
    term: string;
    clock: Clock;
    logger: Logger;
    channelTo: (tab: string) => ShareChannel;
    onWanted: (wanted: boolean) => void;
  }) {
    this.#parts = parts;
    this.#real = parts.real;
    this.term = parts.term;
    this.messenger = this.#guarded();
    this.#real.on('fenced', () => {
      this.end('fenced');
    });
    this.#real.on('connection', ({ kind }) => {
      if (kind === 'replaced') this.#reconnect();
    });
  }

  /** Whether the messenger should be online. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** Lets another tab use the messenger. */
  serve(tab: string): void {
    if (this.#over || this.#served.has(tab)) return;
    const channel = this.#parts.channelTo(tab);
    const { clock, logger } = this.#parts;
    const stop = exposeMessenger(this.messenger, channel, { awaitListeners: false, clock, logger });
    this.#served.set(tab, () => {
      stop();
      channel.close();
    });
  }

  /** Serves nobody any more and closes the messenger. Idempotent. */
  end(how: LeadershipEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelReconnect();
    for (const stop of this.#served.values()) stop();
    this.#served.clear();
    this.closed = this.#real.close().catch(() => undefined);
    this.#resolveEnded(how);
  }

  /** Waits until the messenger is closed, but not for long: what it still writes then is refused. */
  async closing(): Promise<void> {
    let cancel: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.schedule(closingMs, resolve);
    });
    await Promise.race([this.closed, late]);
    cancel();
  }

  #guarded(): Messenger {
    const real = this.#real;
    const call: RemoteCall = (method, args) => this.#call(method, args);
    const { records, ...methods } = methodsOver(call);
    return {
      ...methods,
      records: { ...records, list: (prefix) => real.records.list(prefix) },
      backup: real.backup,
      on: (name, listener) => real.on(name, listener),
      get connection() {
        return real.connection;
      },
      // One tab's end is not the messenger's.
      close: async () => undefined,
    };
  }

  readonly #call: RemoteCall = async (method, args) => {
    if (method === 'connect') this.#want(true);
    if (method === 'disconnect') this.#want(false);
    try {
      const result = await callMethod(this.#real, method, args);
      if (method === 'account.signOut') {
        this.#want(false);
        this.#parts.clock.schedule(signedOutMs, () => {
          this.end('signed-out');
        });
      }
      return result;
    } catch (error) {
      if (method === 'connect' && isSottoError(error, 'not-registered')) this.#want(false);
      if (isSottoError(error, 'fenced')) this.end('fenced');
      // Whatever the end of its messenger made of it, such as `offline`: the next one may do it.
      if (this.#over) throw new SottoError('messenger-closed', { cause: error });
      throw error;
    }
  };

  #want(wanted: boolean): void {
    if (this.#wanted === wanted) return;
    this.#wanted = wanted;
    this.#parts.onWanted(wanted);
  }

  /** A tab that led before may come back for a moment and take the connection: who leads takes it back. */
  #reconnect(): void {
    this.#cancelReconnect();
    this.#cancelReconnect = this.#parts.clock.schedule(reconnectMs, () => {
      if (this.#wanted && !this.#over) void this.#real.connect().catch(() => undefined);
    });
  }
}
