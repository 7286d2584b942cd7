import { describe, expect, it } from 'vitest';
import type { DestinationStream } from 'pino';
import { createRelayLog } from '../../src/logging/relay-log.js';
import { onlyNode, startUpkeep } from '../../src/upkeep.js';

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
