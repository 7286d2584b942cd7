import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World } from '../../protocol-suite/world.js';
import { createRelay, type Relay } from '../../src/relay.js';
import type { Database } from '../../src/ports.js';
import { openPGliteDatabase } from '../../src/storage/postgres/index.js';

describe('metrics', () => {
  let database: Database;
  let relay: Relay;
  let world: World;
  beforeAll(async () => {
    database = await openPGliteDatabase();
    relay = await createRelay(
      { port: 0, metricsPort: 0, limitFactor: 10_000, logLevel: 'silent' },
      { database },
    );
    world = new World(
      () => relay.url,
      () => {},
    );
  });
  afterAll(async () => {
    world.close();
    await relay.close();
    await database.close();
  });

  const scrape = async () => (await fetch(`http://127.0.0.1:${relay.metricsPort}/metrics`)).text();
  const value = (text: string, line: string) =>
    Number(
      text
        .split('\n')
        .find((one) => one.startsWith(`${line} `))
        ?.slice(line.length + 1),
    );

  it('count what was accepted, delivered, acknowledged and refused, and name nobody', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    const [sender, receiver] = [await world.connect(from), await world.connect(to)];
    await sender.mustSend(await world.sendRequest(from, to));
    await sender.mustSend(await world.sendRequest(from, to));
    await sender.refusedSend({ ...(await world.sendRequest(from, to)), reachToken: 'x' });
    await receiver.receivedCount(2);
    await receiver.acknowledge(receiver.received.map(({ id }) => id));
    const text = await scrape();
    const answers = (operation: string, outcome: string) =>
      value(text, `sotto_answer_seconds_count{operation="${operation}",outcome="${outcome}"}`);
    expect(answers('send', 'accepted')).toBe(2);
    expect(answers('send', 'introduction-required')).toBe(1);
    expect(answers('accounts.register', 'ok')).toBe(2);
    expect(value(text, 'sotto_delivery_delay_seconds_count')).toBe(2);
    expect(value(text, 'sotto_acknowledged_envelopes_total')).toBe(2);
    expect(value(text, 'sotto_batch_calls_sum{kind="accept"}')).toBe(2);
    expect(value(text, 'sotto_connections')).toBe(2);
    expect(value(text, 'sotto_nodes_linked')).toBe(1);
    expect(text).toContain('nodejs_eventloop_lag_seconds');
    for (const { accountId, username } of [from, to]) {
      expect(text).not.toContain(accountId);
      expect(text).not.toContain(username);
    }
  });

  it('say how much waits, as the planner last saw it', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    const sender = await world.connect(from);
    for (let sent = 0; sent < 3; sent += 1) await sender.mustSend(await world.sendRequest(from, to));
    await database.query('ANALYZE envelopes');
    expect(value(await scrape(), 'sotto_waiting_envelopes')).toBe(3);
  });

  it('are served at their own port alone, under one path', async () => {
    expect((await fetch(`${relay.url}/metrics`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${relay.metricsPort}/healthz`)).status).toBe(404);
  });
});
