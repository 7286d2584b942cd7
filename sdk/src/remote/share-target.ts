/**
 * The messenger of the moment, for all who use it in one tab: what is asked goes there, waits while there is none
 * and is made again at the next; what it tells is told here. Knows nothing of who leads.
 */
import { SottoError } from '../errors.js';
import type { EventHub, MessengerEventName, MessengerEvents } from '../events.js';
import { limits } from '../limits.js';
import type { Messenger } from '../messenger-api.js';
import type { Clock, Random } from '../ports/host.js';
import type { ConnectionState } from '../ports/transport.js';
import { eventNames } from './event-values.js';
import { listAcross } from './list-across.js';
import { assertRepeatable, callAgain, isLoss, repeatable } from './repetition.js';
import { callMethod, type RemoteCall } from './surface.js';

/** A messenger, here or in another tab. */
export interface Target {
  readonly term: string;
  readonly messenger: Messenger;
  readonly letGo: () => void;
}

/** See the header. */
export class Targets {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #events: EventHub;
  readonly #onLost: (target: Target) => void;
  readonly #waiting = new Set<() => void>();
  #current: Target | undefined;
  /** What kept the messenger from being opened, until it was. */
  #error: unknown;
  #closed = false;
  #lastState: ConnectionState = { kind: 'closed' };

  /** @param parts - `onLost` tells of a messenger that calls found to be gone */
  constructor(parts: { clock: Clock; random: Random; events: EventHub; onLost: (target: Target) => void }) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#events = parts.events;
    this.#onLost = parts.onLost;
  }

  get current(): Target | undefined {
    return this.#current;
  }

  /** From now on this is the messenger. */
  use(target: Target): void {
    this.#current = target;
    this.#error = undefined;
    for (const name of eventNames) this.#relay(target, name);
    this.wake();
    this.#tellState(target.messenger.connection);
  }

  /** There is none for now. */
  drop(): void {
    const target = this.#current;
    this.#current = undefined;
    target?.letGo();
  }

  /** There is none, and calls fail with this until there is. */
  fail(error: unknown): void {
    this.#error = error;
    this.wake();
  }

  /** There will be none. */
  close(): void {
    this.#closed = true;
    this.drop();
    this.wake();
  }

  /** Makes a call at the messenger of the moment, and again at the next if that one is lost. */
  readonly call: RemoteCall = async (method, args) => {
    const made = repeatable(method, args, this.#random);
    for (let attempt = 0; ; attempt += 1) {
      const target = await this.next();
      try {
        return await (attempt === 0 ? callMethod : callAgain)(target.messenger, method, made);
      } catch (error) {
        if (!isLoss(error) || this.#closed || attempt >= limits.maxShareAttempts) throw error;
        this.#onLost(target);
        assertRepeatable(method);
      }
    }
  };

  /** Reads a list, going on at the next messenger where one was lost. */
  list(prefix: string): ReturnType<Messenger['records']['list']> {
    const next = () => this.next();
    return listAcross(prefix, next, (error, target) => {
      if (!isLoss(error) || this.#closed) return false;
      this.#onLost(target);
      return true;
    });
  }

  /**
   * The messenger of the moment, or the next one.
   * @throws SottoError `messenger-closed`, `remote-closed` after a while, and what kept one from being opened
   */
  async next(timeoutMs: number = limits.shareCallTimeoutMs): Promise<Target> {
    const since = this.#clock.monotonicNow();
    while (!this.#current) {
      if (this.#closed) throw new SottoError('messenger-closed');
      if (this.#error !== undefined) throw this.#error as Error;
      const leftMs = timeoutMs - (this.#clock.monotonicNow() - since);
      if (leftMs <= 0) throw new SottoError('remote-closed');
      await this.change(leftMs);
    }
    return this.#current;
  }

  /** Resolves when something may be different, or after a while. */
  async change(timeoutMs: number): Promise<void> {
    let cancel: () => void = () => undefined;
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      if (Number.isFinite(timeoutMs)) cancel = this.#clock.schedule(timeoutMs, wake);
    });
    cancel();
  }

  /** Whoever waits looks again. */
  wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #relay<Name extends MessengerEventName>(target: Target, name: Name): void {
    target.messenger.on(name, (event: MessengerEvents[Name]) => {
      // What a messenger says that is no longer used is of no interest, and another tab's fence is no news here.
      if (this.#current !== target || name === 'fenced') return undefined;
      if (name === 'connection') return this.#tellState(event as ConnectionState);
      return this.#events.emit(name, event);
    });
  }

  #tellState(state: ConnectionState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#lastState)) return;
    this.#lastState = state;
    void this.#events.emit('connection', state).catch(() => undefined);
  }
}
