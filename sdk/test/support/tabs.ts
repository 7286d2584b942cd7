/**
 * The tabs of one origin in one realm: channels and locks as the platform has them, by microtasks alone, and tabs
 * that freeze, wake and die. A frozen tab's tasks wait until it wakes; a dead one's locks are free.
 */
import type { ShareChannel, ShareLocks } from '../../src/remote/index.js';
import type { Clock } from '../../src/ports/host.js';

type Listener = Parameters<ShareChannel['addEventListener']>[1];

/** What all tabs of an origin have in common. */
export class Origin {
  readonly channels = new Map<string, Set<TabChannel>>();
  readonly locks = new Map<string, LockQueue>();

  constructor(readonly clock: Clock) {}

  tab(): Tab {
    return new Tab(this);
  }

  queueOf(name: string): LockQueue {
    const queue = this.locks.get(name) ?? { holder: undefined, waiting: [] };
    this.locks.set(name, queue);
    return queue;
  }
}

/** One tab. */
export class Tab {
  #state: 'awake' | 'frozen' | 'dead' = 'awake';
  readonly #held: (() => void)[] = [];
  readonly #channels = new Set<TabChannel>();

  constructor(readonly origin: Origin) {}

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  /** Runs a task in the tab: later if it is frozen, never if it is dead. */
  task(work: () => void): void {
    if (this.#state === 'frozen') this.#held.push(work);
    else if (this.#state === 'awake') queueMicrotask(() => this.#run(work));
  }

  #run(work: () => void): void {
    if (this.#state === 'frozen') this.#held.push(work);
    else if (this.#state === 'awake') work();
  }

  freeze(): void {
    this.#state = 'frozen';
  }

  wake(): void {
    this.#state = 'awake';
    for (const work of this.#held.splice(0)) this.task(work);
  }

  /** Everything it was ends; nobody is told. */
  kill(): void {
    this.#state = 'dead';
    for (const channel of this.#channels) channel.close();
    for (const queue of this.origin.locks.values()) {
      queue.waiting = queue.waiting.filter(({ tab }) => tab !== this);
      if (queue.holder?.tab === this) queue.holder.release();
    }
  }

  readonly openChannel = (name: string): ShareChannel => {
    const channel = new TabChannel(this, name);
    this.#channels.add(channel);
    return channel;
  };

  readonly clock: Clock = {
    now: () => this.origin.clock.now(),
    monotonicNow: () => this.origin.clock.monotonicNow(),
    schedule: (delayMs, callback) =>
      this.origin.clock.schedule(delayMs, () => {
        this.#runLater(callback);
      }),
  };

  #runLater(work: () => void): void {
    if (this.#state === 'awake') work();
    else this.task(work);
  }

  readonly locks: ShareLocks = {
    request: (name, options, callback) => requestLock(this, name, options, callback),
  };
}

class TabChannel implements ShareChannel {
  readonly #tab: Tab;
  readonly #name: string;
  readonly #listeners = new Set<Listener>();
  #closed = false;

  constructor(tab: Tab, name: string) {
    this.#tab = tab;
    this.#name = name;
    const peers = tab.origin.channels.get(name) ?? new Set();
    tab.origin.channels.set(name, peers.add(this));
  }

  postMessage(message: unknown): void {
    // What is left of a dead tab in this realm speaks to nobody.
    if (this.#tab.isDead) return;
    if (this.#closed) throw new DOMException('the channel is closed', 'InvalidStateError');
    for (const peer of this.#tab.origin.channels.get(this.#name) ?? []) {
      if (peer === this) continue;
      const data: unknown = structuredClone(message);
      peer.#tab.task(() => {
        if (!peer.#closed) for (const listener of [...peer.#listeners]) listener({ type: 'message', data });
      });
    }
  }

  addEventListener(type: string, listener: Listener): void {
    if (type === 'message') this.#listeners.add(listener);
  }

  removeEventListener(_type: string, listener: Listener): void {
    this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#tab.origin.channels.get(this.#name)?.delete(this);
  }
}

interface Holder {
  readonly tab: Tab;
  /** Gives the lock to the next. */
  release(): void;
  /** Tells the holder that it was taken. */
  stolen(): void;
}

interface LockQueue {
  holder: Holder | undefined;
  waiting: { readonly tab: Tab; grant(): void }[];
}

function requestLock(
  tab: Tab,
  name: string,
  { signal, steal, ifAvailable }: Parameters<ShareLocks['request']>[1],
  callback: Parameters<ShareLocks['request']>[2],
): Promise<unknown> {
  const queue = tab.origin.queueOf(name);
  return new Promise((resolve, reject) => {
    const grant = () => {
      const holder: Holder = {
        tab,
        release: () => {
          if (queue.holder !== holder) return;
          queue.holder = undefined;
          queue.waiting.shift()?.grant();
        },
        stolen: () => {
          tab.task(() => {
            reject(new DOMException('the lock was stolen', 'AbortError'));
          });
        },
      };
      queue.holder = holder;
      tab.task(() => {
        callback({ name })
          .then(resolve, reject)
          .finally(() => {
            holder.release();
          });
      });
    };
    if (steal) {
      queue.holder?.stolen();
      grant();
    } else if (!queue.holder) grant();
    else if (ifAvailable) tab.task(() => void callback(null).then(resolve, reject));
    else {
      const entry = { tab, grant };
      queue.waiting.push(entry);
      signal?.addEventListener('abort', () => {
        queue.waiting = queue.waiting.filter((other) => other !== entry);
        reject(new DOMException('no longer wanted', 'AbortError'));
      });
    }
  });
}
