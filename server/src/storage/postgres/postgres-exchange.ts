/**
 * What nodes tell one another when there is no Redis: notifications of the database they share. Every node
 * hears all of them, and none carries a ciphertext. Knows no socket.
 */
import type { DeviceAddress } from '@sotto/sdk/wire';
import { describeUnexpected, type RelayLog } from '../../logging/relay-log.js';
import type {
  NodeConnection,
  NodeExchange,
  NodeHandlers,
  NodeMessage,
  NodeState,
} from '../../nodes/node-exchange.js';
import { Outgoing } from '../../nodes/outgoing.js';
import type { Database, PreparedStatement } from '../../ports.js';
import { NotificationListener } from './notification-listener.js';

const channel = 'sotto_nodes';
/** PostgreSQL takes 8,000 bytes at most; a hint is below 70. */
const maxHintsPerNotification = 100;

const notify: PreparedStatement = { name: 'notify-nodes', sql: 'SELECT pg_notify($1, $2)' };

/** One hint: what, for which account and device, and a number or an id. */
type Hint =
  | readonly ['d', string, number, number]
  | readonly ['s' | 'k', string, number]
  /** A connection was made: its id, and since when. */
  | readonly ['a', string, number, string, number];

interface Notification {
  /** The node that says it. */
  readonly n: string;
  readonly h: readonly Hint[];
}

function spell(message: NodeMessage): Hint {
  const { accountId, deviceId } = message.device;
  if (message.kind === 'delivered') return ['d', accountId, deviceId, message.seq];
  return [message.kind === 'signed-out' ? 's' : 'k', accountId, deviceId];
}

/** Options of {@link PostgresExchange}. */
export interface PostgresExchangeOptions {
  readonly url: string;
  readonly database: Database;
  /** Of this node. */
  readonly nodeId: string;
  readonly log: RelayLog;
}

/** See the file's header. */
export class PostgresExchange implements NodeExchange {
  readonly #database: Database;
  readonly #nodeId: string;
  readonly #listener: NotificationListener;
  readonly #outgoing: Outgoing;
  #handlers: NodeHandlers | undefined;

  constructor({ url, database, nodeId, log }: PostgresExchangeOptions) {
    this.#database = database;
    this.#nodeId = nodeId;
    this.#listener = new NotificationListener(url, channel, {
      notified: (payload) => this.#notified(payload),
      up: () => this.#handlers?.missed(),
      down: (error) => log.log('warn', 'database-connection-lost', describeUnexpected(error)),
    });
    this.#outgoing = new Outgoing((messages) => this.#notify(messages.map(spell)));
  }

  get state(): NodeState {
    return this.#listener.isUp ? 'linked' : 'degraded';
  }

  async start(handlers: NodeHandlers): Promise<void> {
    this.#handlers = handlers;
    await this.#listener.start();
  }

  async arrived({ device, id, since }: NodeConnection): Promise<void> {
    try {
      await this.#notify([['a', device.accountId, device.deviceId, id, since]]);
    } catch {
      // Without the database nobody gets far; the older connection notices by itself.
    }
  }

  left(): void {
    // Nobody remembers who is connected where.
  }

  tell(messages: readonly NodeMessage[]): void {
    this.#outgoing.add(messages);
  }

  close(): Promise<void> {
    return this.#listener.close();
  }

  async #notify(hints: readonly Hint[]): Promise<void> {
    for (let start = 0; start < hints.length; start += maxHintsPerNotification) {
      const said: Notification = { n: this.#nodeId, h: hints.slice(start, start + maxHintsPerNotification) };
      await this.#database.query(notify, [channel, JSON.stringify(said)]);
    }
  }

  #notified(payload: string): void {
    try {
      const { n, h } = JSON.parse(payload) as Notification;
      if (n !== this.#nodeId) for (const hint of h) this.#heard(hint);
    } catch {
      // Not of this program: the mailbox has what counts.
      this.#handlers?.missed();
    }
  }

  #heard(hint: Hint): void {
    const [what, accountId, deviceId] = hint;
    const device = { accountId, deviceId } as DeviceAddress;
    if (what === 'd') this.#handlers?.received({ kind: 'delivered', device, seq: hint[3] });
    if (what === 's') this.#handlers?.received({ kind: 'signed-out', device });
    if (what === 'k') this.#handlers?.received({ kind: 'keys-low', device });
    if (what === 'a') this.#replace(device, hint[3], hint[4]);
  }

  /** Of two connections the newer one stays, and of two made at one time the one with the greater id. */
  #replace(device: DeviceAddress, id: string, since: number): void {
    const ours = this.#handlers?.find(device);
    if (ours === undefined || ours.id === id) return;
    if (ours.since < since || (ours.since === since && ours.id < id)) this.#handlers?.replaced(ours);
  }
}
