/**
 * What a relay concludes from the state a device shows: whether it goes on from what the relay knew.
 * Knows no storage and no clock.
 */
import { equalBytes } from '../bytes.js';
import type { ContinuityVerdict } from '../wire/index.js';

/** What a relay knows of a device. Continuations are compared as they are given, so they may be hashes. */
export interface KnownContinuity {
  /** The highest the device has shown. */
  readonly generation: number;
  /** The highest count of commits it has shown, be it with a send, an acknowledgement or a resume. */
  readonly storeSeq: number;
  /** What it was given last. */
  readonly current: Uint8Array;
  /** What it showed when it was given that, and null for nothing: good as long as the answer may have been lost. */
  readonly previous: Uint8Array | null;
  /** The count it showed then, or -1 when `previous` is not good. A higher one means that it had the answer. */
  readonly resumedAt: number;
}

/** What a device shows. */
export interface ShownContinuity {
  readonly generation: number;
  readonly storeSeq: number;
  readonly continuation: Uint8Array | null;
}

/**
 * The verdict over a device's state. One that goes on is `continued`, also after the device has raised its
 * generation; one with fewer commits than were seen of it is `rolled-back`; one that does not know what the
 * device was given last is `cloned`: another has it.
 */
export function judgeContinuity(
  known: KnownContinuity | undefined,
  shown: ShownContinuity,
): ContinuityVerdict {
  if (!known) return 'continued';
  if (shown.storeSeq < known.storeSeq) return 'rolled-back';
  if (shown.generation < known.generation || !knowsContinuation(known, shown.continuation)) return 'cloned';
  return 'continued';
}

/** What a relay knows of a device after a verdict, and after it has given the device `given`. */
export function continuityAfter(
  known: KnownContinuity | undefined,
  shown: ShownContinuity,
  given: Uint8Array,
): KnownContinuity {
  const goesOn = judgeContinuity(known, shown) === 'continued';
  return {
    generation: Math.max(known?.generation ?? 1, goesOn ? shown.generation : 1),
    storeSeq: Math.max(known?.storeSeq ?? 0, shown.storeSeq),
    current: given,
    previous: goesOn ? shown.continuation : null,
    resumedAt: goesOn ? shown.storeSeq : -1,
  };
}

function knowsContinuation(known: KnownContinuity, shown: Uint8Array | null): boolean {
  if (shown && equalBytes(shown, known.current)) return true;
  const answerMayBeLost = known.storeSeq <= known.resumedAt;
  return answerMayBeLost && sameContinuation(shown, known.previous);
}

function sameContinuation(left: Uint8Array | null, right: Uint8Array | null): boolean {
  return left && right ? equalBytes(left, right) : left === right;
}
