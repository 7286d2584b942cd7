/** The batches that every store of the mailbox gathers calls into. Knows no store. */
import type { AcknowledgeRequest, DeviceAddress } from '@sotto/sdk/wire';
import type { Meter } from '../metrics/meter.js';
import type { PendingSend } from './accept-plan.js';
import type { MailboxLimits } from './limits.js';
import type { AcceptOutcome } from './mailbox.js';
import { MicroBatch, type BatchAnswer } from './micro-batch.js';

/** An acknowledgement that waits to be carried out. */
export interface Acknowledgement {
  readonly device: DeviceAddress;
  readonly request: AcknowledgeRequest;
}

type Run<Item, Result> = (items: readonly Item[]) => Promise<readonly BatchAnswer<Result>[]>;

/** Sends on their way into a store. */
export function acceptBatch(
  limits: MailboxLimits,
  meter: Pick<Meter, 'batch'>,
  run: Run<PendingSend, AcceptOutcome>,
): MicroBatch<PendingSend, AcceptOutcome> {
  return new MicroBatch({
    maxItems: limits.maxSendsPerBatch,
    maxSize: limits.maxBytesPerBatch,
    maxWaiting: limits.maxWaitingSends,
    maxWaitingSize: limits.maxWaitingSendBytes,
    sizeOf: ({ request }) => request.bodies.reduce((sum, { ciphertext }) => sum + ciphertext.length, 0),
    onBatch: (size) => meter.batch('accept', size),
    run,
  });
}

/** Acknowledgements on their way into a store. */
export function acknowledgeBatch(
  limits: MailboxLimits,
  meter: Pick<Meter, 'batch'>,
  run: Run<Acknowledgement, void>,
): MicroBatch<Acknowledgement, void> {
  return new MicroBatch({
    maxItems: limits.maxAcknowledgementsPerBatch,
    maxSize: limits.maxDeletionsPerBatch,
    maxWaiting: limits.maxWaitingAcknowledgements,
    maxWaitingSize: Number.POSITIVE_INFINITY,
    sizeOf: ({ request }) => request.ids.length,
    pauseMs: limits.acknowledgementPauseMs,
    onBatch: (size) => meter.batch('acknowledge', size),
    run,
  });
}
