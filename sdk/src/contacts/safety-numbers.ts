/** Safety numbers of this account and others: made and compared. Knows no contact and no trust. */
import { ourDevice, type AccountService } from '../account/index.js';
import { SottoError } from '../errors.js';
import type { Fingerprint, ProtocolEngine } from '../ports/engine.js';
import type { AccountStatement } from '../wire/index.js';

/** How the user compared a safety number. */
export type SafetyNumberComparison =
  /** Side by side, by eye or ear: the user says they are equal. */
  | { readonly kind: 'compared' }
  /** The other side's 60 digits, typed or pasted; spaces are ignored. */
  | { readonly kind: 'digits'; readonly digits: string }
  /** The other side's scannable form, from its QR code. */
  | { readonly kind: 'scanned'; readonly scannable: Uint8Array };

/** See the header. */
export class SafetyNumbers {
  readonly #engine: ProtocolEngine;
  readonly #account: AccountService;

  constructor(parts: { engine: ProtocolEngine; account: AccountService }) {
    this.#engine = parts.engine;
    this.#account = parts.account;
  }

  /** The number of this account and another (version 2, 5,200 iterations). */
  async of({ accountId, identityKey }: AccountStatement): Promise<Fingerprint> {
    const own = ourDevice(await this.#account.require());
    return this.#engine.fingerprint({
      ourId: uuidBytes(own.address.accountId),
      ourIdentityKey: own.identity.publicKey,
      theirId: uuidBytes(accountId),
      theirIdentityKey: identityKey,
    });
  }

  /** @throws SottoError `safety-number-mismatch`, `invalid-message` when what was scanned cannot be parsed */
  async compare(statement: AccountStatement, comparison: SafetyNumberComparison): Promise<void> {
    const { displayable, scannable } = await this.of(statement);
    if (comparison.kind === 'scanned') {
      await this.#engine.compareScannable(scannable, comparison.scannable);
    } else if (comparison.kind === 'digits' && comparison.digits.replace(/\s/g, '') !== displayable) {
      throw new SottoError('safety-number-mismatch');
    }
  }
}

/** The 16 bytes of a UUID. */
function uuidBytes(uuid: string): Uint8Array {
  const hex = uuid.replaceAll('-', '');
  return Uint8Array.from({ length: 16 }, (_, index) =>
    Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
}
