/**
 * The signed and the last-resort key: which ones the relay hands out, which ones it did before, and when
 * others take their place. Knows no upload and no engine.
 */
import * as z from 'zod/mini';
import { limits } from '../limits.js';
import type { Random } from '../ports/host.js';
import { randomInteger } from '../random.js';
import { defineRecord } from '../unit/index.js';
import { kemPreKey, signedPreKey, timestampMs, type KemPreKey, type SignedPreKey } from '../wire/index.js';

export const lastingKey = 'prekeys/lasting';
const ids = z.array(z.int().check(z.minimum(0)));
const lastingSchema = z.strictObject({
  signed: signedPreKey,
  kemLastResort: kemPreKey,
  /** When they are replaced. */
  rotateAt: timestampMs,
  /** Ids of those that were handed out before, newest first. */
  retired: z.strictObject({ signed: ids, kem: ids }),
});
export const lastingRecord = defineRecord(1, lastingSchema);

/** See the header. */
export type LastingKeys = z.output<typeof lastingSchema>;

/** Ids of keys, by the engine's kinds. */
export interface KeyIds {
  readonly signed: readonly number[];
  readonly kem: readonly number[];
}

/** What became of an uploaded key: `contested` is one that another may be handed out in the place of. */
export type UploadFate = 'taken' | 'refused' | 'contested';

/** Whether it is time for others. A clock that was wrong when it was last done must not put it off for long. */
export function isRotationDue({ rotateAt }: LastingKeys, now: number): boolean {
  return now >= rotateAt || rotateAt - now > longestWaitMs;
}

const longestWaitMs = limits.preKeyRotationMs + limits.preKeyRotationJitterMs;

/** When keys that are taken now are replaced; drawn, so that a restart of a relay does not set a rhythm. */
function nextRotation(now: number, random: Random): number {
  return now + limits.preKeyRotationMs + randomInteger(random, limits.preKeyRotationJitterMs + 1);
}

/** An upload of lasting keys, and the relay's answer for each. */
export interface LastingUpload {
  readonly signed: SignedPreKey;
  readonly kemLastResort: KemPreKey;
  readonly fates: { readonly signed: UploadFate; readonly kem: UploadFate };
}

/**
 * The state after an upload, and the keys to forget: those that were retired so many rotations ago that
 * nothing in flight can name them, and those that the relay refused.
 * @param known - absent for a device's first keys, which are kept whatever the answer: there are no others
 */
export function afterUpload(
  known: LastingKeys | undefined,
  upload: LastingUpload,
  at: { readonly now: number; readonly random: Random },
): { readonly lasting: LastingKeys; readonly forgotten: KeyIds } {
  const { signed, kemLastResort, fates } = upload;
  const allTaken = fates.signed === 'taken' && fates.kem === 'taken';
  const rotateAt = allTaken ? nextRotation(at.now, at.random) : at.now + limits.preKeyRotationRetryMs;
  if (!known) {
    const retired = { signed: [], kem: [] };
    return { lasting: { signed, kemLastResort, rotateAt, retired }, forgotten: { signed: [], kem: [] } };
  }
  const nextSigned = succeed(known.signed, signed, fates.signed, known.retired.signed);
  const nextKem = succeed(known.kemLastResort, kemLastResort, fates.kem, known.retired.kem);
  const retired = { signed: nextSigned.retired, kem: nextKem.retired };
  return {
    lasting: { signed: nextSigned.current, kemLastResort: nextKem.current, rotateAt, retired },
    forgotten: { signed: nextSigned.forgotten, kem: nextKem.forgotten },
  };
}

/** One kind's turn: which key is in use now, which ones were, which ones go. */
function succeed<Key extends { readonly id: number }>(
  current: Key,
  uploaded: Key,
  fate: UploadFate,
  retired: readonly number[],
) {
  if (uploaded.id === current.id) return { current, retired: [...retired], forgotten: [] };
  if (fate === 'refused') return { current, retired: [...retired], forgotten: [uploaded.id] };
  const [next, former] = fate === 'taken' ? [uploaded, current] : [current, uploaded];
  const all = [former.id, ...retired];
  return {
    current: next,
    retired: all.slice(0, limits.maxRetiredPreKeys),
    forgotten: all.slice(limits.maxRetiredPreKeys),
  };
}
