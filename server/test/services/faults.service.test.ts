/**
 * Three nodes, PostgreSQL and Redis under load while one after the other is killed, frozen, cut off, restarted
 * and left without disk: nothing accepted is lost, nothing takes effect twice, and each sender's order is kept.
 * With SLOW=1 a hundred thousand messages and a fresh seed; `FAULT_SEED` repeats a run's choices, `FAULT_MESSAGES`
 * makes it shorter or longer.
 */
import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { RelayClient } from '../support/relay-client.js';
import { makeAccounts } from '../support/seeded-accounts.js';
import { waitFor } from '../support/wait-for.js';
import { faults, fullDisk, type Draw } from '../faults/faults.js';
import { FaultUser } from '../faults/fault-user.js';
import { startRelayNodes } from '../faults/relay-nodes.js';

const slow = Boolean(process.env['SLOW']);
const seed = Number(process.env['FAULT_SEED'] ?? (slow ? randomInt(2 ** 31) : 20_261_122));
const messages = Number(process.env['FAULT_MESSAGES'] ?? (slow ? 100_000 : 20_000));
const userCount = 24;

/** mulberry32: small, and the same everywhere. */
function drawFrom(state: number): Draw {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled<Item>(items: readonly Item[], draw: Draw): Item[] {
  return items
    .map((item) => ({ item, place: draw() }))
    .sort((left, right) => left.place - right.place)
    .map(({ item }) => item);
}

const untilAll = (what: string, done: () => boolean) => waitFor(what, done, 120_000);

it(
  `loses nothing and doubles nothing, whatever is killed, frozen or cut off (seed ${seed})`,
  async () => {
    const relay = await startRelayNodes(3);
    const { databaseUrl, secret, url } = relay;
    const { relayId } = await new RelayClient(url).ok('relay.info', {});
    const accounts = await makeAccounts({ databaseUrl, secret, relayId }, userCount);
    const users = accounts.map((account) => new FaultUser(url, account));
    const sum = () => users.reduce((total, { accepted }) => total + accepted, 0);
    let faulty = true;
    const running = users.map((user) => user.run(() => !faulty && sum() >= messages));
    const failure = Promise.all(running);
    failure.catch(() => {});
    const draw = drawFrom(seed);
    const report: string[] = [];
    try {
      const planned = shuffled(Object.entries(faults), draw).filter(([name]) => {
        const possible = name !== fullDisk || relay.postgres.hasOwnDisk;
        if (!possible) report.push(`${name}: left out, nothing can be mounted here`);
        return possible;
      });
      for (const [index, [name, strike]] of planned.entries()) {
        const goal = ((index + 1) / (planned.length + 1)) * messages;
        await Promise.race([untilAll(`${goal} messages`, () => sum() >= goal), failure]);
        // Two more of everybody: one may have been accepted before and answered after.
        const everybodyGoesOn = async (when: string) => {
          const before = users.map(({ accepted }) => accepted);
          const wentOn = () => users.every(({ accepted }, user) => accepted >= before[user]! + 2);
          await Promise.race([untilAll(`everybody to go on ${when} "${name}"`, wentOn), failure]);
        };
        // The fault before may have left a node without anybody.
        for (const user of users) user.hangUp();
        await everybodyGoesOn('before');
        const startedAt = performance.now();
        await strike(relay, draw, () => everybodyGoesOn('during'));
        const endedAt = performance.now();
        await everybodyGoesOn('after');
        const [lasted, after] = [endedAt - startedAt, performance.now() - endedAt].map(Math.round);
        report.push(`${name}: lasted ${lasted} ms, everybody went on ${after} ms after it`);
      }
      faulty = false;
      await failure;
      const senderOf = (index: number) => users[(index + userCount - 1) % userCount]!;
      await untilAll('the last messages', () =>
        users.every(({ received }, index) => received.length >= senderOf(index).accepted),
      );
      for (const [index, user] of users.entries()) {
        expect(user.received).toEqual(
          Array.from({ length: senderOf(index).accepted }, (_, number) => number),
        );
        expect([...user.ids.values()].filter((ids) => ids.size > 1)).toEqual([]);
      }
      const repeats = users.reduce((total, user) => total + user.repeats, 0);
      expect(repeats).toBeGreaterThan(0);
      console.log(
        [`faults with seed ${seed}: ${sum()} messages, ${repeats} repeats`, ...report].join('\n  '),
      );
    } finally {
      for (const user of users) user.close();
      faulty = false;
      await relay.close();
    }
  },
  slow ? 3_600_000 : 600_000,
);
