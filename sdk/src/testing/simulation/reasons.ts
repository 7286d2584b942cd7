/** Why an envelope may have had no effect, and how often that may be counted. Knows no device and no network. */
import type { UndecryptableReason } from '../../journal-event.js';
import { limits } from '../../limits.js';
import { lastResortCounts } from '../../prekeys/index.js';

/** What can come between two accounts that excuses more than weather does. */
export type Touch = 'block' | 'identity-reset' | 'set-back' | 'clone' | 'recovery' | 'account-reset';

/** Whoever is set back has lost keys, and meets envelopes again; its peers go on in sessions it does not know. */
const afterLoss: readonly UndecryptableReason[] = [
  'no-session',
  'invalid-message',
  'pre-key-missing',
  'pre-key-replayed',
];
/** What comes under another key waits, in vain if that one is given up before it was accepted. */
const afterAnotherKey: readonly UndecryptableReason[] = [
  'no-session',
  'invalid-message',
  'pre-key-missing',
  'identity-changed',
  'quarantine-expired',
];

/** What a device wrote that is in no list any more, or whose key is another, is told from a lie by nobody. */
const afterAnotherList: readonly UndecryptableReason[] = ['sender-mismatch'];

/** The reasons that each leads to, and no others. */
const leadsTo: Readonly<Record<Touch, readonly UndecryptableReason[]>> = {
  block: [],
  'identity-reset': afterAnotherKey,
  'account-reset': [...afterAnotherKey, ...afterAnotherList],
  'set-back': afterLoss,
  clone: afterLoss,
  recovery: [...afterLoss, ...afterAnotherList],
};

/** Whose state is another than it was takes somebody's key for a new one, which it has forgotten to have accepted. */
const forgetful: readonly Touch[] = ['set-back', 'clone', 'recovery'];
const ofOldPins: ReadonlySet<string> = new Set<UndecryptableReason>([
  'identity-changed',
  'quarantine-expired',
]);

/** What an envelope ends in that is older than all that its receiver still knows. */
const afterOutliving: ReadonlySet<string> = new Set<UndecryptableReason>(['invalid-message', 'no-session']);

/**
 * Whether something leads to a reason.
 * @param between - what came between whoever tells it and the other
 * @param own - of that, what happened to whoever tells it
 */
export function isLedTo(reason: string, between: ReadonlySet<Touch>, own: ReadonlySet<Touch>): boolean {
  if (ofOldPins.has(reason) && forgetful.some((touch) => own.has(touch))) return true;
  return [...between].some((touch) => (leadsTo[touch] as readonly string[]).includes(reason));
}

/** Whether an envelope that came too late to be read may end in a reason. */
export function isOfLateness(reason: string): boolean {
  return afterOutliving.has(reason);
}

/** Reasons that were not counted as often as they were told. What is counted besides is of limits. */
export function differences(
  told: ReadonlyMap<string, number>,
  counted: ReadonlyMap<string, number>,
): string[] {
  const others: readonly string[] = [...Object.keys(limits), ...Object.values(lastResortCounts)];
  const reasons = [...counted.keys()].filter((name) => !others.includes(name));
  return [...new Set([...told.keys(), ...reasons])]
    .filter((name) => (told.get(name) ?? 0) !== (counted.get(name) ?? 0))
    .map((name) => `${name} ${told.get(name) ?? 0} and ${counted.get(name) ?? 0}`);
}
