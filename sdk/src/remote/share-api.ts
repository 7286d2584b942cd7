/** What an application sees of a share of one messenger between tabs: types alone. */
import type { Messenger } from '../messenger-api.js';
import type { Clock, Logger, Random } from '../ports/host.js';
import type { ShareChannel } from './leadership.js';
import type { ShareLocks } from './share-locks.js';

/** What a tab is in a share. */
export type ShareRole =
  /** It has the messenger. */
  | 'leader'
  /** It uses the messenger of the tab that leads. */
  | 'follower'
  /** It has the lock and opens the messenger. */
  | 'taking-over'
  /** Nobody it knows of leads; calls wait. */
  | 'waiting'
  /** It was closed. */
  | 'closed';

/** A change of a tab's role, and why. */
export interface ShareChange {
  readonly role: ShareRole;
  /**
   * `fenced`: another tab took over while this one was frozen or cut off, and this one has closed its messenger.
   * `open-failed`: the messenger could not be opened here. `elected`: nobody else had it; `stolen`: whoever had it
   * gave no sign. `signed-out`: the account was signed out, and the storage is opened anew, empty.
   */
  readonly reason:
    | 'elected'
    | 'stolen'
    | 'opened'
    | 'joined'
    | 'leader-lost'
    | 'fenced'
    | 'open-failed'
    | 'signed-out'
    | 'closed';
}

/** A tab's part in a share. */
export interface MessengerShare {
  readonly role: ShareRole;
  /** Listens to changes of the role. @returns stops listening */
  on(listener: (change: ShareChange) => void): () => void;
}

/** A messenger that several tabs share. `close` ends this tab's part; the others go on. */
export interface SharedMessenger extends Messenger {
  readonly share: MessengerShare;
}

/** What {@link shareMessenger} is made from. */
export interface ShareMessengerOptions {
  /** The same in every tab of one account, another for another account of the origin. 1 to 128 characters. */
  readonly name: string;
  /**
   * Opens the messenger when this tab is to lead: storage, engine, transport, `createMessenger`. Called again
   * whenever the tab comes to lead again. Must open the same storage in every tab; what it rejects with is what
   * calls fail with.
   */
  readonly open: () => Promise<Messenger>;
  /** Default: `navigator.locks`. */
  readonly locks?: ShareLocks;
  /** A channel to all tabs of the origin that open one of the same name. Default: a `BroadcastChannel`. */
  readonly openChannel?: (name: string) => ShareChannel;
  /** Default: the platform's. */
  readonly clock?: Clock;
  /** Default: the platform's secure randomness. */
  readonly random?: Random;
  /** Default: drops every line. */
  readonly logger?: Logger;
}
