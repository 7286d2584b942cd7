/**
 * Asks the relay what an envelope's claim needs, outside of any unit. Believes only what is signed
 * by the right key. Writes nothing.
 */
import type { ContactEntry, Directory, ResolvedAccount } from '../contacts/index.js';
import { SottoError, isSottoError } from '../errors.js';
import { platformScrypt } from '../platform-scrypt.js';
import { deriveContactCode, matchContactCode, parseContactCode } from '../verification/index.js';
import type { ContactCode } from '../verification/index.js';
import type { DeviceManifest } from '../wire/index.js';
import type { Lookup, LookupClaim, StrangerClaim } from './receiver.js';

/** See the header. */
export class Lookups {
  readonly #directory: Directory;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  /**
   * Answers a claim.
   * @throws SottoError `sender-mismatch` and the directory's refusals where the claim is false;
   * others where the relay could not be asked
   */
  async answer(claim: LookupClaim): Promise<Lookup> {
    try {
      if (claim.kind === 'stranger') return { stranger: await this.#stranger(claim) };
      return { manifest: await this.#manifest(claim.contact) };
    } catch (error) {
      // The relay does not know the account it says wrote to us.
      if (isSottoError(error, 'not-found')) throw new SottoError('sender-mismatch', { cause: error });
      throw error;
    }
  }

  async #stranger({ contactCode, identityKey }: StrangerClaim): Promise<ResolvedAccount> {
    const code = await checkedCode(contactCode, identityKey);
    return this.#directory.resolve(code.username, code.digits);
  }

  async #manifest(contact: ContactEntry): Promise<DeviceManifest> {
    const token = contact.reachToken ?? (await this.#directory.reintroduce(contact));
    try {
      return (await this.#directory.bundles(contact, token, [])).manifest;
    } catch (error) {
      if (!isSottoError(error, 'introduction-required')) throw error;
      const fresh = await this.#directory.reintroduce(contact);
      return (await this.#directory.bundles(contact, fresh, [])).manifest;
    }
  }
}

/** A stranger's code must be derived from the very key its session was made with. */
async function checkedCode(contactCode: string, identityKey: Uint8Array): Promise<ContactCode> {
  try {
    const code = parseContactCode(contactCode);
    matchContactCode(
      await deriveContactCode({ identityKey, username: code.username }, platformScrypt),
      code.digits,
    );
    return code;
  } catch (error) {
    throw new SottoError('sender-mismatch', { cause: error });
  }
}
