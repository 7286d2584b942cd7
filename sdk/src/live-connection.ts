/**
 * The live stream between the transport and what hangs on it: the continuity check first, then inbox,
 * sender and pre-keys. Knows who is told what and when, nothing of messages.
 */
import type { RelayClient } from './account/index.js';
import type { ContinuityCheck } from './continuity/index.js';
import { isSottoError, type SottoErrorCode } from './errors.js';
import type { EventHub } from './events.js';
import type { Host } from './host.js';
import { limits } from './limits.js';
import { backoffMs, type Inbox, type Sender } from './messages/index.js';
import type {
  ConnectionState,
  Transport,
  TransportConnection,
  TransportHandlers,
} from './ports/transport.js';
import type { PreKeyService } from './prekeys/index.js';
import { randomInteger } from './random.js';
import type { Envelope } from './wire/index.js';

/** Why a token was not given, where asking again would change nothing. */
const finalAnswers: ReadonlySet<string> = new Set<SottoErrorCode>([
  'login-required',
  'device-replaced',
  'not-registered',
  'fenced',
  'messenger-closed',
]);

type OnlineState = Extract<ConnectionState, { kind: 'online' }>;

/** A stream that is up, and what has come over it while its device is still being checked. */
interface Waiting {
  readonly connection: TransportConnection;
  readonly online: OnlineState;
  /** On the monotonic clock. */
  readonly upSince: number;
  readonly envelopes: Envelope[];
  caughtUp: boolean;
}

/** See the header. */
export class LiveConnection {
  readonly #transport: Transport;
  readonly #relay: RelayClient;
  readonly #continuity: ContinuityCheck;
  readonly #inbox: Inbox;
  readonly #sender: Sender;
  readonly #preKeys: PreKeyService;
  readonly #events: EventHub;
  readonly #host: Host;
  readonly #onCaughtUp: () => Promise<void>;
  readonly #onRoutine: () => Promise<void>;
  /** The stream of the moment; absent while the transport stays away. */
  #connection: TransportConnection | undefined;
  #wanted = false;
  /** Set while the stream is up and the device's state has not been found to go on. */
  #waiting: Waiting | undefined;
  #cancelCheck: () => void = () => undefined;
  #cancelReplenish: () => void = () => undefined;
  /** Set while a refill waits that the relay has asked for. */
  #cancelRefill: (() => void) | undefined;
  #state: ConnectionState = { kind: 'closed' };

  constructor(parts: {
    transport: Transport;
    relay: RelayClient;
    continuity: ContinuityCheck;
    inbox: Inbox;
    sender: Sender;
    preKeys: PreKeyService;
    events: EventHub;
    host: Host;
    /** Done on every connection once what waited at the relay has taken effect, before observers hear of it. */
    onCaughtUp: () => Promise<void>;
    /** Looked after whenever the pre-keys are: at every connection, and twice a day while it lasts. */
    onRoutine: () => Promise<void>;
  }) {
    this.#transport = parts.transport;
    this.#relay = parts.relay;
    this.#continuity = parts.continuity;
    this.#inbox = parts.inbox;
    this.#sender = parts.sender;
    this.#preKeys = parts.preKeys;
    this.#events = parts.events;
    this.#host = parts.host;
    this.#onCaughtUp = parts.onCaughtUp;
    this.#onRoutine = parts.onRoutine;
  }

  /** The state of the stream. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether there is a stream, or the transport tries to bring one up. */
  get isOpen(): boolean {
    return this.#connection !== undefined;
  }

  /** Opens the stream unless it is open. */
  async open(): Promise<void> {
    this.#wanted = true;
    if (this.#connection) return;
    // The transport may speak before `open` has resolved: what it says must find a connection.
    const connection: TransportConnection = {
      resume: async (request) => (await opening).resume(request),
      send: async (request) => (await opening).send(request),
      acknowledge: async (request) => (await opening).acknowledge(request),
      close: async () => (await opening).close(),
    };
    const opening = Promise.resolve().then(() => this.#transport.open(this.#handlers(connection)));
    this.#connection = connection;
    try {
      await opening;
    } catch (error) {
      if (this.#connection === connection) this.#connection = undefined;
      throw error;
    }
  }

  /** Ends the stream. */
  async close(): Promise<void> {
    this.#wanted = false;
    this.#cancelCheck();
    const connection = this.#connection;
    if (!connection) return;
    this.#connection = undefined;
    await connection.close();
    if (!this.#connection) this.#changed(undefined, { kind: 'closed' });
  }

  /** Connects anew at once, if a stream is wanted: what kept it away may be gone. */
  async reopen(): Promise<void> {
    if (!this.#wanted) return;
    await this.close();
    await this.open();
  }

  /** What a stream says that is not the one of the moment any more is of no interest. */
  #handlers(connection: TransportConnection): TransportHandlers {
    const ifCurrent = (work: () => void) => {
      if (this.#connection === connection) work();
    };
    return {
      accessToken: (refused) => this.#relay.accessToken(refused),
      state: (state) => {
        ifCurrent(() => {
          // The transport stays away after these; the next `open` asks it anew.
          if (state.kind === 'replaced' || state.kind === 'closed') this.#connection = undefined;
          this.#changed(connection, state);
          if (state.kind === 'closed') this.#askForTokens(0);
        });
      },
      envelopes: (envelopes) => {
        ifCurrent(() => {
          this.#arrived(envelopes);
        });
      },
      caughtUp: () => {
        ifCurrent(() => {
          if (this.#waiting) this.#waiting.caughtUp = true;
          else void this.#caughtUp();
        });
      },
      keysLow: () => {
        ifCurrent(() => {
          this.#keysLow();
        });
      },
    };
  }

  #changed(connection: TransportConnection | undefined, state: ConnectionState): void {
    this.#cancelReplenish();
    this.#cancelRefill?.();
    this.#cancelRefill = undefined;
    this.#cancelCheck();
    this.#waiting = undefined;
    if (state.kind === 'online' && connection) {
      const upSince = this.#host.clock.monotonicNow();
      this.#waiting = { connection, online: state, upSince, envelopes: [], caughtUp: false };
      void this.#check(this.#waiting, 0);
      return;
    }
    this.#state = state;
    this.#inbox.offline();
    this.#sender.offline();
    void this.#events.emit('connection', state);
  }

  /**
   * The relay says that this device is signed out. Whether that is so, and why, shows when a token is asked for:
   * then the user hears now that a login is required or that another device has taken this one's place, and not
   * when something is wanted next.
   */
  #askForTokens(failures: number): void {
    this.#relay.accessToken(true).catch((error: unknown) => {
      const code = isSottoError(error) ? error.code : 'unexpected';
      if (this.#connection || !this.#wanted || finalAnswers.has(code)) return;
      this.#cancelCheck = this.#host.clock.schedule(backoffMs(this.#host, failures), () => {
        this.#askForTokens(failures + 1);
      });
    });
  }

  /** Nothing goes out before the device's state is known to go on. */
  async #check(waiting: Waiting, failures: number): Promise<void> {
    const isOver = () => this.#waiting !== waiting;
    try {
      // A send of the connection before may still hold what the check is about to withdraw.
      await this.#sender.settled();
      if (isOver()) return;
      await this.#continuity.pass(waiting.connection);
      if (!isOver()) this.#begin(waiting);
    } catch (error) {
      const code = isSottoError(error) ? error.code : 'unexpected';
      this.#host.logger.log('warn', 'continuity-unchecked', { code, failures });
      if (isOver() || code === 'fenced' || code === 'messenger-closed') return;
      const mustStayAway = code === 'limit-exceeded';
      const delayMs = mustStayAway ? limits.continuityRetryMs : backoffMs(this.#host, failures);
      this.#cancelCheck = this.#host.clock.schedule(delayMs, () => {
        void this.#check(waiting, failures + 1);
      });
    }
  }

  #begin({ connection, online, upSince, envelopes, caughtUp }: Waiting): void {
    this.#waiting = undefined;
    this.#state = online;
    const passedMs = this.#host.clock.monotonicNow() - upSince;
    this.#inbox.online(connection, online.relayTime + passedMs);
    this.#sender.online(connection);
    this.#replenish();
    if (envelopes.length > 0) this.#inbox.arrived(envelopes);
    if (caughtUp) void this.#caughtUp();
    void this.#events.emit('connection', online);
  }

  #arrived(envelopes: readonly Envelope[]): void {
    if (!this.#waiting) {
      this.#inbox.arrived(envelopes);
      return;
    }
    const room = limits.maxQueuedEnvelopes - this.#waiting.envelopes.length;
    // A relay that keeps its window never gets here; what is dropped comes again.
    this.#waiting.envelopes.push(...envelopes.slice(0, room));
  }

  async #caughtUp(): Promise<void> {
    // Asked at once: what comes later is not what waited.
    const everythingTaken = this.#inbox.everythingTaken();
    await this.#inbox.caughtUp().catch(() => {
      this.#host.logger.log('warn', 'stale-marks-kept');
    });
    await this.#inbox.settled();
    await this.#onCaughtUp().catch((error: unknown) => {
      const code = isSottoError(error) ? error.code : 'unexpected';
      this.#host.logger.log('warn', 'quarantine-kept', { code });
    });
    // On a connection that ended meanwhile it is not true; the next one will say it.
    if (await everythingTaken) await this.#events.emit('caught-up', {});
  }

  /** Somebody has claimed keys, and may watch when there are more. One refill answers all that say so until then. */
  #keysLow(): void {
    // On a connection that has just come the stock is looked after at once, and nobody chose that moment.
    if (this.#waiting || this.#state.kind !== 'online' || this.#cancelRefill) return;
    const delayMs = randomInteger(this.#host.random, limits.preKeyRefillJitterMs + 1);
    this.#cancelRefill = this.#host.clock.schedule(delayMs, () => {
      this.#cancelRefill = undefined;
      this.#replenish();
    });
  }

  /**
   * Without keys at the relay nobody new can write: tried until it is done, and looked after again while
   * the connection lasts.
   */
  #replenish(failures = 0): void {
    this.#preKeys.replenish().then(
      () => {
        // What it does not come to now it comes to next time.
        void this.#onRoutine().catch(() => undefined);
        this.#replenishIn(limits.preKeyCheckMs, 0);
      },
      (error: unknown) => {
        const code = isSottoError(error) ? error.code : 'unexpected';
        this.#host.logger.log('warn', 'pre-keys-deferred', { code, failures });
        if (code === 'fenced' || code === 'messenger-closed') return;
        // With `limit-exceeded` this device holds as many as it will: more come as they are used up.
        const isFull = code === 'limit-exceeded';
        this.#replenishIn(isFull ? limits.preKeyCheckMs : backoffMs(this.#host, failures), failures + 1);
      },
    );
  }

  #replenishIn(delayMs: number, failures: number): void {
    if (this.#state.kind !== 'online') return;
    this.#cancelReplenish();
    this.#cancelReplenish = this.#host.clock.schedule(delayMs, () => {
      this.#replenish(failures);
    });
  }
}
