/**
 * The live stream between the transport and what hangs on it: inbox, sender, pre-keys. Knows who is
 * told what and when, nothing of messages.
 */
import type { RelayClient } from './account/index.js';
import { isSottoError } from './errors.js';
import type { EventHub } from './events.js';
import type { Host } from './host.js';
import type { Inbox, Sender } from './messages/index.js';
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
  #opening: Promise<TransportConnection> | undefined;
  #state: ConnectionState = { kind: 'closed' };

  constructor(parts: {
    transport: Transport;
    relay: RelayClient;
    inbox: Inbox;
    sender: Sender;
    preKeys: PreKeyService;
    events: EventHub;
    host: Host;
  }) {
    this.#transport = parts.transport;
    this.#relay = parts.relay;
    this.#inbox = parts.inbox;
    this.#sender = parts.sender;
    this.#preKeys = parts.preKeys;
    this.#events = parts.events;
    this.#host = parts.host;
  }

  /** The state of the stream. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Opens the stream unless it is open. */
  async open(): Promise<void> {
    if (this.#opening) return;
    // The transport may speak before `open` has resolved: what it says must find a connection.
    const connection: TransportConnection = {
      send: async (request) => (await opening).send(request),
      acknowledge: async (request) => (await opening).acknowledge(request),
      close: async () => (await opening).close(),
    };
    const opening = Promise.resolve().then(() => this.#transport.open(this.#handlers(connection)));
    this.#opening = opening;
    await opening;
  }

  /** Ends the stream. */
  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    if (!opening) return;
    await (await opening).close();
    if (this.#state.kind !== 'closed') this.#changed(undefined, { kind: 'closed' });
  }

  /** Connects anew at once, if the stream is open: what kept it away may be gone. */
  async reopen(): Promise<void> {
    if (!this.#opening) return;
    await this.close();
    await this.open();
  }

  #handlers(connection: TransportConnection): TransportHandlers {
    return {
      accessToken: (refused) => this.#relay.accessToken(refused),
      state: (state) => {
        this.#changed(connection, state);
      },
      envelopes: (envelopes) => {
        this.#inbox.arrived(envelopes);
      },
      caughtUp: () => void this.#caughtUp(),
      keysLow: () => {
        this.#replenish();
      },
    };
  }

  #changed(connection: TransportConnection | undefined, state: ConnectionState): void {
    this.#state = state;
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
    await this.#inbox.caughtUp().catch(() => {
      this.#host.logger.log('warn', 'stale-marks-kept');
    });
    await this.#inbox.settled();
    await this.#events.emit('caught-up', {});
  }

  #replenish(): void {
    this.#preKeys.replenish().catch((error: unknown) => {
      const code = isSottoError(error) ? error.code : 'unexpected';
      this.#host.logger.log('warn', 'pre-keys-deferred', { code });
    });
  }
}
