/** The load of a soak, in a process of its own: users who send at a fixed rate, break off and come back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { RelayUser, type Account } from './load-users.js';
import { serveCalls } from './process-calls.js';

/** What happened since the last count; `sent`, `received` and `overall` since the beginning. */
export interface SoakCounts {
  readonly sent: number;
  readonly received: number;
  /** Sends and connections that the relay was too busy for, or had had too many of; they were repeated. */
  readonly turnedAway: number;
  /** From when messages were due, sent or not, until they came. */
  readonly delivery: Percentiles;
  readonly overall: Percentiles;
}

/** In milliseconds, rounded up. */
export interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** How often something took how long, by the millisecond. */
class Histogram {
  readonly #counts = new Map<number, number>();
  #all = 0;

  add(tookMs: number): void {
    const ms = Math.ceil(tookMs);
    this.#counts.set(ms, (this.#counts.get(ms) ?? 0) + 1);
    this.#all += 1;
  }

  /** What so large a share took at most. */
  #at(share: number): number {
    let left = this.#all * share;
    for (const [ms, count] of [...this.#counts].sort(([one], [other]) => one - other)) {
      left -= count;
      if (left <= 0) return ms;
    }
    return 0;
  }

  get percentiles(): Percentiles {
    return { p50Ms: this.#at(0.5), p99Ms: this.#at(0.99) };
  }
}

const connectingAtOnce = 50;
/** A relay that is too busy for new connections asks for two seconds; more than a minute of that is a failure. */
const connectAgainMs = 2_000;
const maxConnects = 30;
/** Ids remembered per user: more than may be on their way when a connection breaks. */
const rememberedIds = 1024;

/** One user over all its connections; sends to the next one. */
class SoakUser {
  /** When each message on its way to this user was to be sent, oldest first. */
  readonly due: number[] = [];
  readonly #account: Account;
  readonly #url: string;
  readonly #delivered: (tookMs: number) => void;
  readonly #known = new Set<string>();
  #user: RelayUser;
  /** Sends that were due: one after the other is made, as a client does with those for one recipient. */
  #unanswered = 0;
  #answered: () => void = () => {};
  #away = false;

  constructor(url: string, account: Account, delivered: (tookMs: number) => void) {
    this.#account = account;
    this.#url = url;
    this.#delivered = delivered;
    this.#user = this.#connect();
  }

  get connected(): Promise<void> {
    return this.#user.connected;
  }

  /** True from when it means to break off until it is back. */
  get away(): boolean {
    return this.#away;
  }

  send(): void {
    this.#unanswered += 1;
    if (this.#unanswered === 1) this.#sendNext();
  }

  #sendNext(): void {
    this.#user.send(() => {
      this.#unanswered -= 1;
      if (this.#unanswered === 0) this.#answered();
      else this.#sendNext();
    });
  }

  /** Breaks off as soon as nothing of its own is unanswered, whatever is on its way to it, and comes back. */
  async reconnect(): Promise<void> {
    this.#away = true;
    if (this.#unanswered > 0) await new Promise<void>((resolve) => (this.#answered = resolve));
    this.#user.close();
    for (let attempt = 1; !(await this.#isBack(attempt)); attempt += 1) await sleep(connectAgainMs);
    this.#away = false;
  }

  /** Whether it is connected again. A relay that is too busy says so, and is asked again, as clients do. */
  async #isBack(attempt: number): Promise<boolean> {
    this.#user = this.#connect();
    try {
      await this.#user.connected;
      return true;
    } catch (error) {
      if (attempt >= maxConnects || !(error as Error).message.includes('"code":"unavailable"')) throw error;
      this.#user.close();
      turnedAway += 1;
      return false;
    }
  }

  #connect(): RelayUser {
    return new RelayUser(
      this.#url,
      this.#account,
      () => {},
      (id) => this.#came(id),
      () => (turnedAway += 1),
    );
  }

  /** What was not acknowledged when a connection broke comes again. */
  #came(id: string): void {
    if (this.#known.has(id)) return;
    this.#known.add(id);
    const [oldest] = this.#known;
    if (this.#known.size > rememberedIds && oldest !== undefined) this.#known.delete(oldest);
    const dueAt = this.due.shift();
    if (dueAt === undefined) throw new Error('an envelope came that nobody sent');
    this.#delivered(performance.now() - dueAt);
  }
}

const tickMs = 2;
let users: SoakUser[] = [];
let latest = new Histogram();
const overall = new Histogram();
let sent = 0;
let received = 0;
let turnedAway = 0;
let sending = false;

const delivered = (tookMs: number) => {
  received += 1;
  latest.add(tookMs);
  overall.add(tookMs);
};

/** Those who are away at the moment are passed over. */
function sendNext(turn: number, dueAt: number): void {
  const user = users[turn % users.length] as SoakUser;
  if (user.away) return;
  const recipient = users[(turn + 1) % users.length] as SoakUser;
  recipient.due.push(dueAt);
  sent += 1;
  user.send();
}

async function sendAtRate(rate: number): Promise<void> {
  const startedAt = performance.now();
  for (let turn = 0; sending;) {
    const due = Math.floor(((performance.now() - startedAt) * rate) / 1000);
    for (; turn < due; turn += 1) sendNext(turn, startedAt + (turn * 1000) / rate);
    await sleep(tickMs);
  }
}

function counts(): SoakCounts {
  const delivery = latest.percentiles;
  latest = new Histogram();
  return { sent, received, turnedAway, delivery, overall: overall.percentiles };
}

serveCalls({
  connect: async ({ url, accounts }: { url: string; accounts: readonly Account[] }) => {
    for (let start = 0; start < accounts.length; start += connectingAtOnce) {
      const some = accounts.slice(start, start + connectingAtOnce);
      const made = some.map((account) => new SoakUser(url, account, delivered));
      await Promise.all(made.map(({ connected }) => connected));
      users = [...users, ...made];
    }
  },
  begin: ({ rate }: { rate: number }) => {
    sending = true;
    void sendAtRate(rate);
  },
  storm: async ({ share }: { share: number }) => {
    // As many at once as a listening socket queues, one lot right after the other.
    const some = users.filter((_, index) => index % Math.round(1 / share) === 0);
    for (let start = 0; start < some.length; start += connectingAtOnce) {
      await Promise.all(some.slice(start, start + connectingAtOnce).map((user) => user.reconnect()));
    }
  },
  count: counts,
  end: async () => {
    sending = false;
    for (let wait = 0; received < sent && wait < 300; wait += 1) await sleep(100);
    return counts();
  },
});
