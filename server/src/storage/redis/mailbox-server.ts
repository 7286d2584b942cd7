/**
 * The Redis that keeps mailboxes: a connection that comes back by itself, and the number of the server's life.
 *
 * A Redis that restarts or hands over may have forgotten the last things it was told. Places given after that
 * must not be places given before, or a connection that was already further would never be told of them. So each
 * life of the server has a number, which the database counts, and its places begin above all earlier ones.
 * Knows no envelope.
 */
import { createClient, RESP_TYPES } from '@redis/client';
import { OperatorError } from '../../operator-error.js';
import { ProblemError, type Database } from '../../ports.js';
import { mailboxKeys } from './redis-keys.js';
import { inTime } from './redis-link.js';
import { lifeScript } from './mailbox-scripts.js';

const limits = {
  /** How long one step may take: a disk that is slow to confirm is waited for, one that hangs is not. */
  commandTimeoutMs: 5_000,
  connectTimeoutMs: 5_000,
  /** Commands that wait for an answer: a few batches and the pages of thousands of connections. */
  maxCommandsWaiting: 20_000,
  minReconnectMs: 50,
  maxReconnectMs: 1_000,
} as const;

function newClient(url: string) {
  const { minReconnectMs, maxReconnectMs, connectTimeoutMs } = limits;
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: limits.maxCommandsWaiting,
    maintNotifications: 'disabled',
    socket: {
      connectTimeout: connectTimeoutMs,
      reconnectStrategy: (retries) => Math.min(minReconnectMs * 2 ** Math.min(retries, 10), maxReconnectMs),
    },
  });
  return client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
}

/** A connection whose texts come as bytes. */
export type MailboxClient = ReturnType<typeof newClient>;

/** Places of one life; a mailbox that gets a thousand envelopes a second has enough for two years. */
const placesPerLife = 2 ** 36;

/** One life of the server. */
export interface ServerLife {
  readonly number: number;
  /** Places of this life are above it. */
  readonly base: number;
}

/** @returns a number that no life had */
async function countLife(database: Database): Promise<number> {
  const [row] = await database.query<{ value: string }>(
    `INSERT INTO relay_settings AS known (name, value) VALUES ('mailbox-life', '0')
     ON CONFLICT (name) DO UPDATE SET value = (known.value::int + 1)::text RETURNING value`,
  );
  return Number(row?.value);
}

function runIdIn(info: string): string {
  return /^run_id:(\S+)/m.exec(info)?.[1] ?? '';
}

/** See the file's header. */
export class MailboxServer {
  readonly #client: MailboxClient;
  readonly #database: Database;
  #life: Promise<ServerLife> | undefined;

  private constructor(client: MailboxClient, database: Database) {
    this.#client = client;
    this.#database = database;
    client.on('error', () => (this.#life = undefined));
    client.on('ready', () => (this.#life = undefined));
  }

  /**
   * @param url - `redis://…` or `rediss://…`; it may hold a password, so it is never logged
   * @throws OperatorError when nobody answers there
   */
  static async open(url: string, database: Database): Promise<MailboxServer> {
    const client = newClient(url);
    const server = new MailboxServer(client, database);
    try {
      await inTime(client.connect(), limits.connectTimeoutMs);
      await server.life();
      return server;
    } catch {
      server.close();
      throw new OperatorError('the mailbox cannot be opened: its Redis does not answer');
    }
  }

  /** The life that the server is in. @throws ProblemError `unavailable` */
  life(): Promise<ServerLife> {
    this.#life ??= this.#learnLife().catch((error: unknown) => {
      this.#life = undefined;
      throw error;
    });
    return this.#life;
  }

  /** Looks again: the server says that it is in another life. */
  forgetLife(): void {
    this.#life = undefined;
  }

  /**
   * Asks Redis.
   * @throws ProblemError `unavailable` when it does not answer; whatever it answers
   */
  async run<Result>(command: (client: MailboxClient) => Promise<Result>): Promise<Result> {
    try {
      return await inTime(command(this.#client), limits.commandTimeoutMs);
    } catch (error) {
      // What Redis itself refuses for want of memory or disk, or while it loads, is over some time too.
      throw new ProblemError('unavailable', { retryAfterMs: 1000 }, { cause: error });
    }
  }

  close(): void {
    if (this.#client.isOpen) this.#client.destroy();
  }

  async #learnLife(): Promise<ServerLife> {
    const runId = runIdIn(String(await this.run((client) => client.info('server'))));
    const ask = (...next: string[]) =>
      this.run((client) => lifeScript.run(client, { keys: [mailboxKeys.life], arguments: [runId, ...next] }));
    const known = await ask();
    const text = known ?? (await ask(String(await countLife(this.#database))));
    const number = Number(String(text));
    return { number, base: number * placesPerLife };
  }
}
