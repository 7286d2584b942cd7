/**
 * The relay's link to Redis: one connection that asks and one that listens, which live and die together. A
 * link that breaks, or no longer hears itself, is made anew until it holds; meanwhile commands fail at once.
 * Knows no key and nothing of what is asked.
 */
import { createClient } from '@redis/client';
import { describeUnexpected, type RelayLog } from '../../logging/relay-log.js';
import { keepLinked } from '../../nodes/keep-linked.js';
import { nodeLimits } from '../../nodes/limits.js';
import { redisLimits } from './redis-limits.js';

/** Redis cannot be asked now. */
export class RedisAwayError extends Error {
  override readonly name = 'RedisAwayError';
  readonly code = 'REDIS_AWAY';

  constructor() {
    super('Redis is away');
  }
}

function newClient(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: redisLimits.maxCommandsWaiting,
    maintNotifications: 'disabled',
    // A broken connection ends the link; the link makes the next one.
    socket: { connectTimeout: redisLimits.connectTimeoutMs, reconnectStrategy: false },
  });
}

/** A connection to Redis. */
export type RedisClient = ReturnType<typeof newClient>;

/** What a link does for its owner. */
export interface RedisLinkHooks {
  /** Something was published on the own channel. Does not throw. */
  published(bytes: Buffer): void;
  /** The link holds, at first or again. */
  up(): void;
}

/** Options of {@link RedisLink}. */
export interface RedisLinkOptions {
  /** `redis://…` or `rediss://…`; it may hold a password, so it is never logged. */
  readonly url: string;
  /** The channel to listen on. */
  readonly channel: string;
  readonly log: RelayLog;
}

/** What a link sends itself to know that it is heard; no publication is that short. */
const echo = Buffer.of(0);

/** Rejects in time, whatever becomes of the work. */
export async function inTime<Result>(work: Promise<Result>, timeoutMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RedisAwayError()), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

class Session {
  readonly asking: RedisClient;
  readonly #listening: RedisClient;
  readonly ended: Promise<unknown>;
  #end!: (reason: unknown) => void;
  #heartbeat: NodeJS.Timeout | undefined;
  #missedEchoes = 0;

  constructor(
    readonly options: RedisLinkOptions,
    readonly published: (bytes: Buffer) => void,
  ) {
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.asking = newClient(options.url);
    this.#listening = newClient(options.url);
    for (const client of [this.asking, this.#listening]) {
      client.on('error', (error: unknown) => this.end(error));
      client.on('end', () => this.end(new RedisAwayError()));
    }
  }

  async open(): Promise<void> {
    const opening = async () => {
      await Promise.all([this.asking.connect(), this.#listening.connect()]);
      await this.#listening.sSubscribe(this.options.channel, (bytes) => this.#heard(bytes), true);
    };
    await inTime(opening(), redisLimits.connectTimeoutMs);
    this.#heartbeat = setInterval(() => this.#beat(), nodeLimits.heartbeatMs).unref();
  }

  end(reason: unknown): void {
    clearInterval(this.#heartbeat);
    this.#end(reason);
    for (const client of [this.asking, this.#listening]) if (client.isOpen) client.destroy();
  }

  #heard(bytes: Buffer): void {
    this.#missedEchoes = 0;
    if (bytes.length > echo.length) this.published(bytes);
  }

  #beat(): void {
    this.#missedEchoes += 1;
    if (this.#missedEchoes > nodeLimits.maxMissedEchoes) return this.end(new RedisAwayError());
    const { commandTimeoutMs } = redisLimits;
    inTime(this.asking.sPublish(this.options.channel, echo), commandTimeoutMs).catch((error: unknown) =>
      this.end(error),
    );
  }
}

/** See the file's header. */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  #owner: RedisLinkHooks | undefined;
  readonly #closing = new AbortController();
  #session: Session | undefined;
  #life: Promise<void> | undefined;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
  }

  /** Whether Redis can be asked. */
  get isUp(): boolean {
    return this.#session !== undefined;
  }

  /** Names the owner. Before `start`. */
  serve(owner: RedisLinkHooks): void {
    this.#owner = owner;
  }

  /** Links for the first time, or fails to and goes on trying. */
  async start(): Promise<void> {
    const first = await this.#open();
    if (first === undefined) this.#options.log.log('warn', 'redis-away', {});
    this.#life = keepLinked({
      first,
      open: () => this.#open(),
      lost: (reason) => this.#lost(reason),
      signal: this.#closing.signal,
    });
  }

  /**
   * Asks Redis.
   * @throws RedisAwayError when there is no link or no answer in time, which breaks it; whatever Redis answers
   */
  async run<Result>(command: (client: RedisClient) => Promise<Result>): Promise<Result> {
    const session = this.#session;
    if (session === undefined) throw new RedisAwayError();
    try {
      return await inTime(command(session.asking), redisLimits.commandTimeoutMs);
    } catch (error) {
      if (error instanceof RedisAwayError) session.end(error);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#session?.end(undefined);
    await this.#life;
  }

  async #open(): Promise<Session | undefined> {
    const session = new Session(this.#options, (bytes) => this.#owner?.published(bytes));
    try {
      await session.open();
      if (this.#closing.signal.aborted) throw new RedisAwayError();
    } catch (error) {
      session.end(error);
      return undefined;
    }
    this.#session = session;
    this.#options.log.log('info', 'redis-linked');
    this.#owner?.up();
    return session;
  }

  #lost(reason: unknown): void {
    this.#session = undefined;
    if (this.#closing.signal.aborted) return;
    this.#options.log.log('warn', 'redis-away', describeUnexpected(reason));
  }
}
