/**
 * When a contact may get its next receipt. Whoever may write may also watch how soon and how often a device answers;
 * so each answer waits for a time that is drawn, and after a burst they come one per interval. Knows no message.
 */
import type { Host } from '../host.js';
import { limits } from '../limits.js';
import { randomInteger } from '../random.js';
import type { AccountId } from '../wire/index.js';

/** How far a contact may be ahead of one receipt per interval. */
const burstMs = (limits.maxReceiptBurst - 1) * limits.receiptIntervalMs;

/** Kept in memory: a device opened again begins with a whole burst. */
export class ReceiptPace {
  readonly #host: Host;
  /** When all receipts so far would have gone out, one per interval. An entry per contact that was answered. */
  readonly #paidUntil = new Map<AccountId, number>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** How long the next receipt for a contact waits. */
  delayMs(account: AccountId): number {
    const now = this.#host.clock.monotonicNow();
    const drawnMs = limits.receiptDelayMs + randomInteger(this.#host.random, limits.receiptJitterMs + 1);
    return drawnMs + Math.max(0, (this.#paidUntil.get(account) ?? now) - burstMs - now);
  }

  /** One has gone out. */
  sent(account: AccountId): void {
    const now = this.#host.clock.monotonicNow();
    const from = Math.max(this.#paidUntil.get(account) ?? now, now);
    this.#paidUntil.set(account, from + limits.receiptIntervalMs);
  }
}
