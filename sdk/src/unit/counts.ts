/**
 * What is counted, by name: with the commit of what is counted, so that a crash loses and doubles nothing. There are
 * as many counts as names in the code, whatever arrives.
 */
import * as z from 'zod/mini';
import { defineRecord } from './record.js';
import type { Unit } from './unit.js';

const key = 'counters';
const record = defineRecord(
  1,
  z.array(z.strictObject({ name: z.string(), count: z.int().check(z.minimum(0)) })),
);

/** Stages that each of them has happened once more. */
export async function countUp(unit: Unit, ...names: readonly string[]): Promise<void> {
  const counts = await readCounts(unit);
  for (const name of names) {
    // It stays where a number can count no further: a count must never make the storage unreadable.
    counts.set(name, Math.min((counts.get(name) ?? 0) + 1, Number.MAX_SAFE_INTEGER));
  }
  unit.write(
    key,
    record,
    [...counts].map(([name, count]) => ({ name, count })),
  );
}

/** How often what has happened, by name. */
export async function readCounts(unit: Unit): Promise<Map<string, number>> {
  const counts = (await unit.read(key, record)) ?? [];
  return new Map(counts.map(({ name, count }) => [name, count]));
}
