/** What a messenger tells its observers: journalled happenings, and states that are only of the moment. */
import type { Contact } from './contacts/index.js';
import type { Message } from './messages/index.js';
import type { ConnectionState } from './ports/transport.js';
import type { ContactChange, UndecryptableReason } from './journal-event.js';
import type { AccountId, DeviceAddress } from './wire/index.js';

/** Common to events from the journal: at least once after a crash, always under the same `seq`. */
export interface JournalledEvent {
  /** Dense, from 1, for the life of the storage. */
  readonly seq: number;
}

/** The events of a messenger and what they carry. */
export interface MessengerEvents {
  /** A message came in, from a contact or (see `message.request`) a stranger. */
  message: JournalledEvent & { readonly message: Message };
  /** A message of ours was sent, delivered or has failed. */
  'message-status': JournalledEvent & { readonly message: Message };
  /** A contact changed. `contact` is absent when it was removed. */
  contact: JournalledEvent & {
    readonly accountId: AccountId;
    readonly change: ContactChange;
    readonly contact: Contact | undefined;
  };
  /** An envelope had no effect, or waits in quarantine (`identity-changed`). */
  undecryptable: JournalledEvent & { readonly sender: DeviceAddress; readonly reason: UndecryptableReason };
  /**
   * This device's state was behind what the relay had seen of it (`rolled-back`), or another had gone on
   * from the same past (`cloned`): a backup or copy was brought back, or two run at once. It has begun anew
   * by itself: sessions and pre-keys are others, nothing encrypted before was sent. What came in and took
   * effect after that past is missing here. A relay can claim this falsely, no more than eight times a day.
   * `generation` counts these, from 2.
   */
  continuity: JournalledEvent & { readonly verdict: 'rolled-back' | 'cloned'; readonly generation: number };
  /** A message was committed without the handler's changes. */
  'handler-failed': JournalledEvent & { readonly message: Message; readonly reason: string };
  /** The connection to the relay changed. Not journalled. */
  connection: ConnectionState;
  /** Everything that waited at the relay has been taken. Not journalled. */
  'caught-up': Readonly<Record<string, never>>;
  /** The relay wants the password again. Not journalled. */
  'login-required': Readonly<Record<string, never>>;
  /**
   * Another device has taken this one's place, by a restored backup or a reset: the relay takes nothing from it
   * any more, and what was not sent stays here. Told whenever it tries to connect. Not journalled.
   */
  'device-replaced': Readonly<Record<string, never>>;
  /**
   * Somebody with the password wants to reset this account: until `completesAt` (by the relay's clock)
   * `account.objectToReset` stops it. Told at every connection and twice a day. Not journalled.
   */
  'reset-pending': { readonly requestedAt: number; readonly completesAt: number };
  /** Another writer has taken over the storage; this messenger is finished. Not journalled. */
  fenced: Readonly<Record<string, never>>;
}

/** The name of an event. */
export type MessengerEventName = keyof MessengerEvents;

/** A listener; a promise it returns is awaited before the next journalled event. What it throws is logged and dropped. */
export type MessengerListener<Name extends MessengerEventName> = (
  event: MessengerEvents[Name],
) => void | Promise<void>;

/**
 * Thrown by a listener that stands for others who have not heard an event to its end and no longer can: a
 * journalled event then stays in the journal. For listeners of the SDK itself.
 */
export class Unheard extends Error {
  override readonly name = 'Unheard';
}

type AnyListener = (event: never) => void | Promise<void>;

/** Calls listeners, one event after another. */
export class EventHub {
  readonly #listeners = new Map<MessengerEventName, Set<AnyListener>>();
  readonly #onListenerError: (name: MessengerEventName) => void;

  constructor(onListenerError: (name: MessengerEventName) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Adds a listener. @returns removes it */
  on<Name extends MessengerEventName>(name: Name, listener: MessengerListener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }

  /** Calls the listeners of an event and waits for them. Rejects with {@link Unheard} alone, when all have been called. */
  async emit<Name extends MessengerEventName>(name: Name, event: MessengerEvents[Name]): Promise<void> {
    let unheard: Unheard | undefined;
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        await (listener as MessengerListener<Name>)(event);
      } catch (error) {
        if (error instanceof Unheard) unheard = error;
        else this.#onListenerError(name);
      }
    }
    if (unheard) throw unheard;
  }
}
