/**
 * One envelope taking effect whatever it takes: where the relay has to be asked, it is asked, and the
 * envelope is taken again with the answer. Knows no order.
 */
import { SottoError, isSottoError } from '../errors.js';
import type { Envelope } from '../wire/index.js';
import type { Lookups } from './lookups.js';
import { LookupNeeded, undecryptableReason, type LookupClaim, type Receiver } from './receiver.js';

/** See the header. */
export class Intake {
  readonly #receiver: Receiver;
  readonly #lookups: Lookups;

  constructor(parts: { receiver: Receiver; lookups: Lookups }) {
    this.#receiver = parts.receiver;
    this.#lookups = parts.lookups;
  }

  /**
   * Lets an envelope take effect, or end in a reason.
   * @param quarantineKey - where it lay, if it comes from quarantine
   * @throws DrainNeeded, and SottoError where the relay cannot be asked or the storage fails
   */
  async take(envelope: Envelope, quarantineKey?: string): Promise<void> {
    try {
      await this.#receiver.receive(envelope, {}, quarantineKey);
    } catch (error) {
      if (!(error instanceof LookupNeeded)) throw error;
      await this.takeLookedUp(error.claim, envelope, quarantineKey);
    }
  }

  /** The same for an envelope whose claim is known already. */
  async takeLookedUp(claim: LookupClaim, envelope: Envelope, quarantineKey?: string): Promise<void> {
    try {
      const lookup = await this.#lookups.answer(claim);
      await this.#receiver.receive(envelope, lookup, quarantineKey);
    } catch (error) {
      if (!undecryptableReason(error) && !isForged(error)) throw error;
      await this.#receiver.refuse(envelope, asRefusal(error), quarantineKey);
    }
  }
}

/** The relay's answer does not verify: the claim stays unproved, and the envelope is refused with it. */
function isForged(error: unknown): boolean {
  return (
    isSottoError(error, 'invalid-signature') ||
    isSottoError(error, 'invalid-key') ||
    isSottoError(error, 'invalid-manifest')
  );
}

function asRefusal(error: unknown): unknown {
  return isForged(error) ? new SottoError('statement-mismatch', { cause: error }) : error;
}
