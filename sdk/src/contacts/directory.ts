/**
 * Looks accounts up at the relay and believes nothing it says: every statement, manifest and key
 * is checked against what was asked for and against the pin. Writes nothing.
 */
import type { RelayClient } from '../account/index.js';
import { equalBytes } from '../bytes.js';
import { SottoError } from '../errors.js';
import { platformScrypt } from '../platform-scrypt.js';
import {
  deriveContactCode,
  manifestHash,
  matchContactCode,
  verifyManifest,
  verifyStatement,
} from '../verification/index.js';
import type { AccountBundle, AccountStatement, DeviceId, DeviceManifest, Username } from '../wire/index.js';
import type { ContactEntry } from './contact-record.js';

/** An account as the relay showed it, checked. */
export interface ResolvedAccount {
  readonly statement: AccountStatement;
  readonly manifest: DeviceManifest;
  /** Opens the way to a bundle and a first send, for minutes. */
  readonly introductionToken: string;
}

/** See the header. */
export class Directory {
  readonly #relay: RelayClient;

  constructor(relay: RelayClient) {
    this.#relay = relay;
  }

  /**
   * Finds the account behind a name and a code.
   * @param digits - 8, 12 or 16 characters of the code
   * @throws SottoError `not-found` for an unknown name or a wrong code, `statement-mismatch` or
   * `invalid-signature` when the relay's answer does not fit
   */
  async resolve(username: Username, digits: string): Promise<ResolvedAccount> {
    const answer = await this.#relay.authorized('contacts.resolve', { username, code: digits });
    const { statement, manifest } = answer;
    verifyStatement(statement);
    if (statement.username !== username) throw new SottoError('statement-mismatch');
    matchContactCode(await deriveContactCode(statement, platformScrypt), digits);
    verifyManifest(manifest, statement);
    return answer;
  }

  /** Finds an account by its name and its whole identity key. @throws as {@link Directory.resolve} */
  async resolveByKey(username: Username, identityKey: Uint8Array): Promise<ResolvedAccount> {
    const resolved = await this.resolve(
      username,
      await deriveContactCode({ identityKey, username }, platformScrypt),
    );
    if (!equalBytes(resolved.statement.identityKey, identityKey)) throw new SottoError('statement-mismatch');
    return resolved;
  }

  /**
   * A fresh token that opens the way to a contact.
   * @throws SottoError `not-found`, and as {@link Directory.bundles}
   */
  async reintroduce(contact: ContactEntry): Promise<string> {
    return (await this.resolvePinned(contact)).introductionToken;
  }

  /**
   * A contact as the relay shows it today, by its pinned key.
   * @throws SottoError `not-found` where nobody is behind that key any more, and as {@link Directory.bundles}
   */
  async resolvePinned(contact: ContactEntry): Promise<ResolvedAccount> {
    const { username, identityKey } = contact.statement;
    const code = await deriveContactCode({ identityKey, username }, platformScrypt);
    const answer = await this.#relay.authorized('contacts.resolve', { username, code });
    this.#checkShown(contact, answer);
    return answer;
  }

  /**
   * The devices and bundles of a contact.
   * @param deviceIds - whose bundles; none asks for the manifest alone
   * @throws SottoError `identity-changed`, `statement-mismatch`, `manifest-rollback`,
   * `invalid-signature`, or a problem of the relay
   */
  async bundles(
    contact: ContactEntry,
    reachToken: string,
    deviceIds: readonly DeviceId[],
  ): Promise<AccountBundle> {
    const { accountId } = contact.statement;
    const answer = await this.#relay.authorized('keys.bundle', {
      accountId,
      reachToken,
      deviceIds: [...deviceIds],
    });
    this.#checkShown(contact, answer);
    const devices = answer.devices.filter(({ deviceId }) => deviceIds.includes(deviceId));
    return { ...answer, devices };
  }

  /** Holds what the relay shows of a contact against what is pinned of it. */
  #checkShown(
    contact: ContactEntry,
    { statement: shown, manifest }: { statement: AccountStatement; manifest: DeviceManifest },
  ): void {
    const pinned = contact.statement;
    if (shown.accountId !== pinned.accountId || shown.username !== pinned.username) {
      throw new SottoError('statement-mismatch');
    }
    verifyStatement(shown);
    if (!equalBytes(shown.identityKey, pinned.identityKey)) {
      throw new SottoError('identity-changed', {
        details: { accountId: pinned.accountId, shownIdentityKey: shown.identityKey },
      });
    }
    const { accountId, identityKey } = pinned;
    verifyManifest(manifest, { identityKey, accountId, previous: seenManifest(contact) });
  }
}

/** What is pinned of a contact's manifest. */
export function seenManifest(contact: ContactEntry): { version: number; hash: Uint8Array } {
  return { version: contact.manifest.version, hash: manifestHash(contact.manifest) };
}
