/**
 * One connection to PostgreSQL that listens on a channel, and makes itself anew when it breaks. Knows nothing
 * of what is said there.
 */
import pg from 'pg';
import { keepLinked, type OpenLink } from '../../nodes/keep-linked.js';
import { nodeLimits } from '../../nodes/limits.js';

/** What a listener does for its owner. None of these throw. */
export interface ListenerHooks {
  notified(payload: string): void;
  /** It listens, at first or again. */
  up(): void;
  down(error: unknown): void;
}

/** See the file's header. */
export class NotificationListener {
  readonly #url: string;
  readonly #channel: string;
  readonly #hooks: ListenerHooks;
  readonly #closing = new AbortController();
  #client: pg.Client | undefined;
  #life: Promise<void> | undefined;

  /** @param channel - a plain SQL name */
  constructor(url: string, channel: string, hooks: ListenerHooks) {
    this.#url = url;
    this.#channel = channel;
    this.#hooks = hooks;
  }

  /** Whether it listens. */
  get isUp(): boolean {
    return this.#client !== undefined;
  }

  /** Listens for the first time, or fails to and goes on trying. */
  async start(): Promise<void> {
    const first = await this.#open();
    this.#life = this.#live(first);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#life;
  }

  /** @returns what is open; undefined when there was nothing to be had */
  async #open(): Promise<OpenLink | undefined> {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: nodeLimits.listenerTimeoutMs,
      query_timeout: nodeLimits.listenerTimeoutMs,
      application_name: 'sotto-relay listener',
    });
    const ended = this.#endOf(client);
    try {
      await client.connect();
      await client.query(`LISTEN ${this.#channel}`);
    } catch {
      await client.end().catch(() => undefined);
      return undefined;
    }
    this.#client = client;
    this.#hooks.up();
    return { ended };
  }

  #endOf(client: pg.Client): Promise<unknown> {
    client.on('notification', ({ payload = '' }) => this.#hooks.notified(payload));
    return new Promise((resolve) => {
      const finish = (reason?: unknown) => {
        clearInterval(heartbeat);
        resolve(reason);
      };
      // A connection that says nothing may be gone unseen: it is asked now and then.
      const beat = () => void client.query('SELECT 1').catch(finish);
      const heartbeat = setInterval(beat, nodeLimits.heartbeatMs).unref();
      client.on('error', finish);
      client.on('end', finish);
      this.#closing.signal.addEventListener('abort', finish, { once: true });
    });
  }

  async #live(first: OpenLink | undefined): Promise<void> {
    await keepLinked({
      first,
      open: () => this.#open(),
      lost: (reason) => this.#lost(reason),
      signal: this.#closing.signal,
    });
    await this.#client?.end().catch(() => undefined);
  }

  #lost(reason: unknown): void {
    const client = this.#client;
    this.#client = undefined;
    if (!this.#closing.signal.aborted) this.#hooks.down(reason);
    // Not waited for: the end of a connection that answers nothing never comes.
    void client?.end().catch(() => undefined);
  }
}
