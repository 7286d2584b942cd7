/** What can happen, as the journal keeps it: references, not content. Below all features, above none. */
import * as z from 'zod/mini';
import type { SottoErrorCode } from './errors.js';
import { accountId, deviceId, generation } from './wire/index.js';

const seq = z.int().check(z.minimum(1));

/** What can happen to a contact. */
export const contactChange = z.enum([
  'added',
  'requested',
  'accepted',
  'blocked',
  'unblocked',
  'removed',
  'verified',
  'identity-changed',
  'identity-accepted',
  'identity-restored',
]);
/** What can happen to a contact. */
export type ContactChange = z.output<typeof contactChange>;

/** A happening as the journal keeps it: references, not content. */
export const journalEvent = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('message'), conversationId: accountId, messageSeq: seq }),
  z.strictObject({ type: z.literal('message-status'), conversationId: accountId, messageSeq: seq }),
  z.strictObject({ type: z.literal('contact'), accountId, change: contactChange }),
  z.strictObject({ type: z.literal('undecryptable'), accountId, deviceId, reason: z.string() }),
  z.strictObject({
    type: z.literal('continuity'),
    verdict: z.enum(['rolled-back', 'cloned']),
    generation,
  }),
  z.strictObject({
    type: z.literal('handler-failed'),
    conversationId: accountId,
    messageSeq: seq,
    reason: z.string(),
  }),
]);
/** See {@link journalEvent}. */
export type JournalEvent = z.output<typeof journalEvent>;

/** Why an envelope had no effect. Each says by itself what happens next; see `docs/errors.md`. */
export type UndecryptableReason = Extract<
  SottoErrorCode,
  | 'no-session'
  | 'invalid-message'
  | 'decryption-deferred'
  | 'pre-key-missing'
  | 'pre-key-replayed'
  | 'identity-changed'
  | 'invalid-content'
  | 'sender-mismatch'
  | 'statement-mismatch'
  | 'manifest-rollback'
  | 'envelope-id-reused'
  | 'envelope-time-out-of-range'
  | 'limit-exceeded'
  | 'quarantine-expired'
>;
