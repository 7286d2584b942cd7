/**
 * The live stream between the transport and what hangs on it: inbox, sender, pre-keys. Knows who is
 * told what and when, nothing of messages.
 */
import type { RelayClient } from './account/index.js';
import { isSottoError } from './errors.js';
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

/** See the header. */
export class LiveConnection {
  readonly #transport: Transport;
  readonly #relay: RelayClient;
  readonly #inbox: Inbox;
  readonly #sender: Sender;
  readonly #preKeys: PreKeyService;
  readonly #events: EventHub;
  readonly #host: Host;
  readonly #onCaughtUp: () => Promise<void>;
  /** The stream of the moment; absent while the transport stays away. */
  #connection: TransportConnection | undefined;
  #wanted = false;
  #cancelReplenish: () => void = () => undefined;
  #state: ConnectionState = { kind: 'closed' };

  constructor(parts: {
    transport: Transport;
    relay: RelayClient;
    inbox: Inbox;
    sender: Sender;
    preKeys: PreKeyService;
    events: EventHub;
    host: Host;
    /** Done on every connection once what waited at the relay has taken effect, before observers hear of it. */
    onCaughtUp: () => Promise<void>;
  }) {
    this.#transport = parts.transport;
    this.#relay = parts.relay;
    this.#inbox = parts.inbox;
    this.#sender = parts.sender;
    this.#preKeys = parts.preKeys;
    this.#events = parts.events;
    this.#host = parts.host;
    this.#onCaughtUp = parts.onCaughtUp;
  }

  /** The state of the stream. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Opens the stream unless it is open. */
  async open(): Promise<void> {
    this.#wanted = true;
    if (this.#connection) return;
    // The transport may speak before `open` has resolved: what it says must find a connection.
    const connection: TransportConnection = {
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
        });
      },
      envelopes: (envelopes) => {
        ifCurrent(() => {
          this.#inbox.arrived(envelopes);
        });
      },
      caughtUp: () => {
        ifCurrent(() => void this.#caughtUp());
      },
      keysLow: () => {
        this.#replenish();
      },
    };
  }

  #changed(connection: TransportConnection | undefined, state: ConnectionState): void {
    this.#state = state;
    this.#cancelReplenish();
    if (state.kind === 'online' && connection) {
      this.#inbox.online(connection, state.relayTime);
      this.#sender.online(connection);
      this.#replenish();
    } else {
      this.#inbox.offline();
      this.#sender.offline();
    }
    void this.#events.emit('connection', state);
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

  /**
   * Without keys at the relay nobody new can write: tried until it is done, and looked after again while
   * the connection lasts.
   */
  #replenish(failures = 0): void {
    this.#preKeys.replenish().then(
      () => {
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
