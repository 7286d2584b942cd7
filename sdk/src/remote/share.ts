/**
 * One tab's part in a share: stands in line for the lock, joins whoever leads, leads itself when its turn comes, and
 * steps down. Who may lead is decided in `share-locks.ts`; what is asked goes by `share-target.ts`.
 */
import { EventHub } from '../events.js';
import { silentLogger, systemClock, systemRandom } from '../host.js';
import { limits } from '../limits.js';
import type { Clock, Logger, Random } from '../ports/host.js';
import type { ConnectionState } from '../ports/transport.js';
import { randomToken } from '../random.js';
import { backupOver } from './backup-over.js';
import { connectMessenger, type RemoteMessenger } from './connect-messenger.js';
import { LeaderWatch } from './leader-watch.js';
import { Leadership, type LeadershipEnd, type ShareChannel } from './leadership.js';
import { isLoss } from './repetition.js';
import type { SharedMessenger, ShareChange, ShareMessengerOptions, ShareRole } from './share-api.js';
import { shareFrame, shareSays, type ShareFrame } from './share-frames.js';
import { Seat, type ShareLocks } from './share-locks.js';
import { Targets, type Target } from './share-target.js';
import { methodsOver } from './surface.js';

/** How often a tab that leads gives a sign, if anybody asks. */
const pulseMs = 100;

/** @throws TypeError where there are none */
function platformLocks(): ShareLocks {
  const { navigator } = globalThis as { navigator?: { readonly locks?: ShareLocks } };
  if (navigator?.locks) return navigator.locks;
  throw new TypeError('this platform has no Web Locks');
}

/** See the header. */
export class Share {
  readonly messenger: SharedMessenger;
  readonly #options: ShareMessengerOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #tab: string;
  readonly #events: EventHub;
  readonly #roleListeners = new Set<(change: ShareChange) => void>();
  readonly #channel: ShareChannel;
  readonly #watch: LeaderWatch;
  readonly #seat: Seat;
  readonly #targets: Targets;
  #role: ShareRole = 'waiting';
  /** The term that is being opened here, or that this tab leads in. */
  #ownTerm: string | undefined;
  /** The term of which this tab has lost the lock. */
  #stolenTerm: string | undefined;
  #leadership: Leadership | undefined;
  #joining: string | undefined;
  /** Whether the messenger should be online, as whoever leads said last. */
  #wanted = false;
  #openFailures = 0;
  #cancelRetry: () => void = () => undefined;
  #cancelPulse: () => void = () => undefined;
  /** Somebody wants a sign. */
  #asked = false;
  #closed = false;

  constructor(options: ShareMessengerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#logger = options.logger ?? silentLogger;
    this.#tab = randomToken(this.#random);
    this.#events = new EventHub((name) => {
      this.#logger.log('error', 'listener-failed', { event: name });
    });
    this.#targets = new Targets({
      ...{ clock: this.#clock, random: this.#random, events: this.#events },
      onLost: (target) => {
        this.#lost(target);
      },
    });
    this.#channel = this.#openChannel('');
    this.#channel.addEventListener('message', this.#hear);
    this.#watch = this.#makeWatch();
    this.#seat = this.#makeSeat(options.locks ?? platformLocks());
    this.messenger = this.#makeMessenger();
    this.#follow();
  }

  /** Resolves when there is a messenger to use. @throws what kept this tab from one */
  async ready(): Promise<void> {
    await this.#targets.next(Number.POSITIVE_INFINITY);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelRetry();
    this.#cancelPulse();
    this.#watch.stop();
    this.#leadership?.end('closed');
    this.#seat.leave();
    this.#targets.close();
    await this.#leadership?.closed;
    this.#channel.removeEventListener('message', this.#hear);
    this.#channel.close();
    this.#become('closed', 'closed');
  }

  get #lockName(): string {
    return `sotto-share/${this.#options.name}`;
  }

  #openChannel(suffix: string): ShareChannel {
    const { openChannel = (name: string) => new BroadcastChannel(name) } = this.#options;
    return openChannel(this.#lockName + suffix);
  }

  #makeWatch(): LeaderWatch {
    return new LeaderWatch({
      clock: this.#clock,
      ask: () => {
        this.#channel.postMessage(shareSays({ type: 'who' }));
      },
      onSilence: (fullInMs) => void this.#takeOver(fullInMs),
    });
  }

  #makeSeat(locks: ShareLocks): Seat {
    return new Seat({
      locks,
      clock: this.#clock,
      name: this.#lockName,
      lead: (stolen) => this.#lead(stolen),
      onStolen: () => {
        this.#stolenTerm = this.#ownTerm;
        this.#leadership?.end('fenced');
      },
    });
  }

  #makeMessenger(): SharedMessenger {
    const { records, ...methods } = methodsOver(this.#targets.call);
    const role = () => this.#role;
    const state = () => this.#connection;
    return {
      ...methods,
      records: { ...records, list: (prefix) => this.#targets.list(prefix) },
      // Not made again elsewhere: what was read of a stream does not come back.
      backup: backupOver(async () => (await this.#targets.next()).messenger.backup),
      on: (name, listener) => this.#events.on(name, listener),
      get connection() {
        return state();
      },
      close: () => this.close(),
      share: {
        get role() {
          return role();
        },
        on: (listener) => {
          this.#roleListeners.add(listener);
          return () => void this.#roleListeners.delete(listener);
        },
      },
    };
  }

  get #connection(): ConnectionState {
    const { current } = this.#targets;
    return current?.messenger.connection ?? { kind: this.#wanted && !this.#closed ? 'connecting' : 'closed' };
  }

  #become(role: ShareRole, reason: ShareChange['reason']): void {
    if (this.#role === role && role !== 'waiting') return;
    this.#role = role;
    for (const listener of [...this.#roleListeners]) {
      try {
        listener({ role, reason });
      } catch {
        this.#logger.log('error', 'listener-failed', { event: 'share' });
      }
    }
  }

  /** Stands in line and looks for who leads. */
  #follow(): void {
    if (this.#closed) return;
    this.#seat.standInLine();
    this.#watch.start();
  }

  // What the others say.

  readonly #hear = ({ data }: { readonly data?: unknown }): void => {
    const { success, data: frame } = shareFrame.safeParse(data);
    if (!success || this.#closed) return;
    if (this.#ownTerm !== undefined) this.#hearAsLeader(frame, this.#ownTerm);
    else this.#hearAsFollower(frame);
  };

  #hearAsLeader(frame: ShareFrame, term: string): void {
    if (frame.type === 'who') this.#asked = true;
    if (frame.type !== 'join' || frame.term !== term || !this.#leadership) return;
    this.#leadership.serve(frame.tab);
    this.#channel.postMessage(shareSays({ type: 'served', term, tab: frame.tab }));
  }

  #hearAsFollower(frame: ShareFrame): void {
    if (frame.type === 'opening' || frame.type === 'leading') this.#watch.heard();
    if (frame.type === 'served' && frame.tab === this.#tab) void this.#join(frame.term);
    if (frame.type !== 'leading') return;
    this.#wanted = frame.wanted;
    if (this.#targets.current?.term === frame.term || this.#joining === frame.term) return;
    this.#channel.postMessage(shareSays({ type: 'join', term: frame.term, tab: this.#tab }));
  }

  /**
   * Signs of life are given by a timer alone: browsers that freeze a page stop those, and may go on to deliver the
   * messages that ask for a sign.
   */
  #pulse(): void {
    this.#cancelPulse = this.#clock.schedule(pulseMs, () => {
      this.#pulse();
      if (this.#asked) this.#announce();
      this.#asked = false;
    });
  }

  #announce(): void {
    const term = this.#ownTerm;
    if (term === undefined) return;
    const leadership = this.#leadership;
    const frame = leadership
      ? shareSays({ type: 'leading', term, wanted: leadership.wanted })
      : shareSays({ type: 'opening', term });
    this.#channel.postMessage(frame);
  }

  // As a follower.

  async #join(term: string): Promise<void> {
    if (this.#joining === term || this.#targets.current?.term === term) return;
    this.#joining = term;
    this.#targets.drop();
    const channel = this.#openChannel(`/${term}/${this.#tab}`);
    const options = { clock: this.#clock, random: this.#random, logger: this.#logger };
    let remote: RemoteMessenger | undefined;
    try {
      remote = await connectMessenger(channel, options);
    } catch (error) {
      this.#logger.log('warn', 'share-join-failed');
      if (this.#joining === term && !isLoss(error)) this.#targets.fail(error);
    }
    if (!remote || this.#joining !== term) {
      remote?.detach();
      channel.close();
      if (this.#joining === term) this.#joining = undefined;
      return;
    }
    this.#joining = undefined;
    this.#joined(term, remote, channel);
  }

  #joined(term: string, remote: RemoteMessenger, channel: ShareChannel): void {
    const letGo = () => {
      remote.detach();
      channel.close();
    };
    const target: Target = { term, messenger: remote, letGo };
    this.#targets.use(target);
    this.#become('follower', 'joined');
    void remote.ended.then(() => {
      this.#lost(target);
    });
  }

  /** The messenger of the moment is gone; whoever has the next one will say so. */
  #lost(target: Target): void {
    if (this.#targets.current !== target) return;
    if (this.#leadership?.messenger === target.messenger) {
      this.#leadership.end('fenced');
      return;
    }
    this.#targets.drop();
    this.#become('waiting', 'leader-lost');
    this.#channel.postMessage(shareSays({ type: 'who' }));
  }

  /** Nobody has given a sign of leading, and if nobody does for so long, this tab takes the lock. */
  async #takeOver(afterMs: number): Promise<void> {
    let isAlive = false;
    const listen = ({ data }: { readonly data?: unknown }) => {
      const { success, data: frame } = shareFrame.safeParse(data);
      if (success && (frame.type === 'leading' || frame.type === 'opening')) isAlive = true;
    };
    this.#channel.addEventListener('message', listen);
    this.#channel.postMessage(shareSays({ type: 'who' }));
    const opened = async () => {
      // Not for ever: it may be taken from this tab in turn.
      const since = this.#clock.monotonicNow();
      while (this.#role !== 'leader' && this.#clock.monotonicNow() - since < limits.shareSilenceMs) {
        await this.#targets.change(pulseMs);
      }
    };
    const stillAlive = () => isAlive || this.#ownTerm !== undefined;
    await this.#seat.take({ isAlive: stillAlive, afterMs }, opened);
    this.#channel.removeEventListener('message', listen);
  }

  // As the one that leads.

  /** From the lock to its return. */
  async #lead(stolen: boolean): Promise<void> {
    const term = randomToken(this.#random);
    this.#ownTerm = term;
    this.#joining = undefined;
    this.#watch.stop();
    this.#cancelPulse();
    this.#pulse();
    this.#targets.drop();
    this.#become('taking-over', stolen ? 'stolen' : 'elected');
    this.#announce();
    const leadership = await this.#openMessenger(term);
    if (!leadership) return;
    const end = await leadership.ended;
    await leadership.closing();
    this.#steppedDown(leadership, end);
  }

  async #openMessenger(term: string): Promise<Leadership | undefined> {
    try {
      const real = await this.#options.open();
      const leadership = new Leadership({
        ...{ real, term, clock: this.#clock, logger: this.#logger },
        channelTo: (tab) => this.#openChannel(`/${term}/${tab}`),
        onWanted: (wanted) => {
          this.#wanted = wanted;
          this.#announce();
        },
      });
      this.#opened(leadership);
      return leadership;
    } catch (error) {
      this.#ownTerm = undefined;
      this.#cancelPulse();
      this.#become('waiting', 'open-failed');
      this.#targets.fail(error);
      this.#retryLater();
      return undefined;
    }
  }

  #opened(leadership: Leadership): void {
    this.#leadership = leadership;
    this.#openFailures = 0;
    void leadership.ended.then((end) => {
      this.#demote(leadership, end);
    });
    if (this.#closed || this.#stolenTerm === leadership.term) {
      leadership.end(this.#closed ? 'closed' : 'fenced');
      return;
    }
    const messenger = leadership.messenger;
    this.#targets.use({ term: leadership.term, messenger, letGo: () => undefined });
    this.#become('leader', 'opened');
    this.#targets.wake();
    if (this.#wanted) void messenger.connect().catch(() => undefined);
    this.#announce();
  }

  /** At once, whether or not its messenger is closed already. */
  #demote(leadership: Leadership, end: LeadershipEnd): void {
    if (this.#leadership !== leadership || this.#closed) return;
    const term = leadership.term;
    this.#leadership = undefined;
    this.#ownTerm = undefined;
    this.#cancelPulse();
    this.#targets.drop();
    this.#channel.postMessage(shareSays({ type: 'leaving', term }));
    this.#become('waiting', end);
    this.#targets.wake();
    this.#watch.start();
    if (end !== 'fenced') return;
    this.#seat.standInLine();
    void this.#events.emit('fenced', {}).catch(() => undefined);
  }

  /** The lock is about to be given back. */
  #steppedDown(leadership: Leadership, end: LeadershipEnd): void {
    this.#demote(leadership, end);
    // In line behind those who have waited.
    this.#clock.schedule(0, () => {
      this.#follow();
    });
  }

  #retryLater(): void {
    const delayMs = Math.min(limits.minShareRetryMs * 2 ** this.#openFailures, limits.maxShareRetryMs);
    this.#openFailures += 1;
    this.#cancelRetry = this.#clock.schedule(delayMs, () => {
      this.#follow();
    });
  }
}
