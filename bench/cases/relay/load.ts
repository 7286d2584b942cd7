/** Two ways to load a relay: as fast as it answers, or at a fixed rate whatever it does. Knows no protocol. */
import type { User } from './load-users.js';

/** Counts what the users of one relay receive. */
export class Inbox {
  #received = 0;
  #target = Number.POSITIVE_INFINITY;
  #done: () => void = () => {};

  /** One more. */
  readonly add = (): void => {
    this.#received += 1;
    if (this.#received === this.#target) this.#done();
  };

  /** Resolves when so many more have come than until now. */
  more(count: number): Promise<void> {
    this.#target = this.#received + count;
    return new Promise((resolve) => (this.#done = resolve));
  }
}

/**
 * Sends `count` messages with a bound on how many of each user are under way; done when all were
 * accepted, received and, where there is such a thing, acknowledged.
 * @returns milliseconds
 */
export async function burst(
  users: readonly User[],
  inbox: Inbox,
  count: number,
  perUser: number,
): Promise<number> {
  const received = inbox.more(count);
  let left = count;
  const startedAt = performance.now();
  const next = (user: User): void => {
    if (left === 0) return;
    left -= 1;
    user.send(() => next(user));
  };
  for (let turn = 0; turn < perUser; turn += 1) for (const user of users) next(user);
  await received;
  return performance.now() - startedAt;
}

/** Latencies of a run at a fixed rate. */
export interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Messages accepted a second, over the whole run: below the rate that was asked for when it was not held. */
  readonly heldRate: number;
}

const tickMs = 1;

/**
 * Sends at a fixed rate, one user after the other. A latency runs from when the message was due, so that
 * a relay that stalls is not spared the messages it kept from being sent.
 */
export async function atRate(
  users: readonly User[],
  inbox: Inbox,
  rate: number,
  durationMs: number,
): Promise<Latencies> {
  const count = Math.round((rate * durationMs) / 1000);
  const received = inbox.more(count);
  const latencies: number[] = [];
  const startedAt = performance.now();
  let lastAcceptedAt = startedAt;
  let sent = 0;
  const sendDue = () => {
    const due = Math.min(Math.floor(((performance.now() - startedAt) * rate) / 1000), count);
    for (; sent < due; sent += 1) {
      const dueAt = startedAt + (sent * 1000) / rate;
      (users[sent % users.length] as User).send(() => {
        lastAcceptedAt = performance.now();
        latencies.push(lastAcceptedAt - dueAt);
      });
    }
    if (sent < count) setTimeout(sendDue, tickMs);
  };
  sendDue();
  await received;
  latencies.sort((left, right) => left - right);
  const at = (share: number) => latencies[Math.min(Math.floor(count * share), count - 1)] as number;
  return { p50Ms: at(0.5), p99Ms: at(0.99), heldRate: (count * 1000) / (lastAcceptedAt - startedAt) };
}
