import { describe, expect, it, vi } from 'vitest';
import type { DestinationStream } from 'pino';
import { createRelayLog } from '../../src/logging/relay-log.js';
import { World } from '../../protocol-suite/world.js';
import { relayLimits } from '../../src/relay-limits.js';
import { onlyNode, startUpkeep } from '../../src/upkeep.js';
import { startTestRelay } from '../support/test-relay.js';
import { waitFor } from '../support/wait-for.js';

describe('the upkeep', () => {
  it('runs every sweep with the clock, though one fails, and says so without what it said', async () => {
    const lines: string[] = [];
    const sink: DestinationStream = { write: (line) => void lines.push(line) };
    const seen: number[] = [];
    const upkeep = startUpkeep({
      sweeps: [
        { part: 'broken', run: () => Promise.reject(new Error('canary')) },
        { part: 'working', run: async (now) => seen.push(now) },
      ],
      intervalMs: 60_000,
      asOnlyNode: onlyNode,
      now: () => 42,
      log: createRelayLog({ level: 'debug', now: () => 0, sink }),
    });
    await upkeep.runNow();
    await upkeep.stop();
    expect(seen).toEqual([42]);
    const events = lines.map((line) => JSON.parse(line) as { event: string; part: string; count?: number });
    expect(events.map(({ event, part, count }) => [event, part, count])).toEqual([
      ['sweep-failed', 'broken', undefined],
      ['swept', 'working', 1],
    ]);
    expect(lines.join('')).not.toContain('canary');
  });
});

it('of a relay removes envelopes and attempts when their days are over', async () => {
  const timers = vi.spyOn(globalThis, 'setInterval');
  const test = await startTestRelay();
  const upkeep = timers.mock.calls.find(([, everyMs]) => everyMs === relayLimits.sweepIntervalMs);
  timers.mockRestore();
  const world = new World(
    () => test.relay.url,
    () => {},
  );
  const [from, to] = [await world.newcomer(), await world.newcomer()];
  await (await world.connect(from)).mustSend(await world.sendRequest(from, to));
  const rows = async () => {
    const sql =
      'SELECT (SELECT count(*) FROM envelopes) AS envelopes, (SELECT count(*) FROM attempts) AS attempts';
    const [row] = await test.database.query<{ envelopes: number; attempts: number }>(sql);
    return [row!.envelopes, row!.attempts];
  };
  expect(await rows()).toEqual([1, 1]);
  const dayMs = 24 * 60 * 60 * 1000;
  for (const [days, envelopes, attempts] of [
    [30.5, 0, 1],
    [1, 0, 0],
  ] as const) {
    test.advance(days * dayMs);
    (upkeep![0] as () => void)();
    await waitFor('the sweep', async () => (await rows()).join() === [envelopes, attempts].join());
  }
  world.close();
  await test.close();
});
