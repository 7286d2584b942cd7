/**
 * How a device shows that it is the one the relay knew, and no older state or copy of it: asked once per
 * connection, before anything else. Bytes are native binary here.
 */
import * as z from 'zod/mini';
import { binary } from './bytes.js';
import { wireLimits } from './limits.js';

const maxGeneration = 2 ** 31 - 1;

/** How many commits a device's storage has seen. */
export const storeSeq = z.int().check(z.minimum(0), z.maximum(wireLimits.maxStoreSeq));

/** How often a device has begun anew after its state was rolled back or copied: 1 at first. */
export const generation = z.int().check(z.minimum(1), z.maximum(maxGeneration));

/** Random bytes that the relay gives a device at every connection and wants to see at the next: 16 bytes. */
export const continuation = binary({ min: 16, max: 16 });

/** What a device says of its state. */
export const resumeRequest = z.strictObject({
  generation,
  storeSeq,
  /** The relay's last one that is durable on the device; null before the first. */
  continuation: z.nullable(continuation),
});
/** See {@link resumeRequest}. */
export type ResumeRequest = z.output<typeof resumeRequest>;

/**
 * What the relay concludes. `continued`: the state goes on from what it knew. `rolled-back`: it is behind.
 * `cloned`: another state has gone on from the same past.
 */
export const continuityVerdict = z.enum(['continued', 'rolled-back', 'cloned']);
/** See {@link continuityVerdict}. */
export type ContinuityVerdict = z.output<typeof continuityVerdict>;

/** The relay's answer to a device's state. */
export const resumeResponse = z.strictObject({
  verdict: continuityVerdict,
  /** The highest the relay has seen of this device; the device's own where it knows none. */
  generation,
  /** As `generation`. */
  storeSeq,
  /** To be durable on the device before it sends or acknowledges anything on this connection. */
  continuation,
});
/** See {@link resumeResponse}. */
export type ResumeResponse = z.output<typeof resumeResponse>;
