/** What a device keeps to show that its state goes on from what the relay knew. */
import * as z from 'zod/mini';
import { defineRecord, type Unit } from '../unit/index.js';
import { generation, jsonBytes, timestampMs } from '../wire/index.js';

const continuitySchema = z.strictObject({
  generation,
  /** What the relay gave this device at its last connection; null before the first. */
  continuation: z.nullable(jsonBytes({ min: 16, max: 16 })),
  /** When the device last began anew, oldest first: no more than the limit allows. */
  repairs: z.array(timestampMs),
});
/** See the header. */
export type Continuity = z.output<typeof continuitySchema>;

export const continuityKey = 'continuity/self';
export const continuityRecord = defineRecord(1, continuitySchema);

/** Before the first connection. */
export const noContinuity: Continuity = { generation: 1, continuation: null, repairs: [] };

/** What the device keeps of it, staged changes included. @throws SottoError `storage-corrupt` */
export async function readContinuity(unit: Unit): Promise<Continuity> {
  return (await unit.read(continuityKey, continuityRecord)) ?? noContinuity;
}
