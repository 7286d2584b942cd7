/** Introduction and delivery tokens: without one an account id alone reaches nobody. */
import type { Clock, Random } from '../../../ports/host.js';
import { wireLimits, type AccountId } from '../../../wire/index.js';
import { ExpiringTokens } from './expiring-tokens.js';
import { Refusal } from './refusal.js';

const introductionTtlMs = 10 * 60_000;

interface Reach {
  readonly asker: AccountId;
  readonly target: AccountId;
}

/** See the header. Both kinds are bound to who asked and to whom they lead. */
export class ReachTokens {
  readonly #introductions: ExpiringTokens<Reach>;
  readonly #deliveries: ExpiringTokens<Reach>;

  constructor(host: { clock: Clock; random: Random }) {
    this.#introductions = new ExpiringTokens(host, introductionTtlMs);
    this.#deliveries = new ExpiringTokens(host, wireLimits.mailboxTtlMs);
  }

  issueIntroduction(asker: AccountId, target: AccountId): string {
    return this.#introductions.issue({ asker, target });
  }

  issueDelivery(asker: AccountId, target: AccountId): string {
    return this.#deliveries.issue({ asker, target });
  }

  verify(token: string, asker: AccountId, target: AccountId): void {
    const reach = this.#introductions.find(token) ?? this.#deliveries.find(token);
    if (reach?.asker !== asker || reach.target !== target) throw new Refusal('introduction-required');
  }
}
