/**
 * What of this account is shown to others so that they find it, and what others show of theirs: links
 * and QR codes that carry the whole identity key. Knows where the relay is, no relay and no trust.
 */
import type { AccountService } from '../account/index.js';
import { shownContactCode } from '../account/index.js';
import { SottoError } from '../errors.js';
import { formatContactLink, parseContactLink } from '../verification/index.js';
import type { Contact } from './contact-record.js';
import type { ContactBook } from './contacts.js';

/** How others find this account. Nothing in it is secret; whoever has it can send a message request. */
export interface ContactShare {
  /** To type or read out: `@name#XXXX-XXXX-XXXX`. A contact added by it is `code-checked`. */
  readonly contactCode: string;
  /** The text of a QR code, of about 130 characters. A contact added by it is `verified`. */
  readonly qrPayload: string;
  /** To send: the same behind the address of a page, if one was given. A contact added by it is `verified`. */
  readonly link: string;
}

/** Options of `contacts.share`. */
export interface ContactShareOptions {
  /**
   * Where the link leads: a page of the application, such as `https://chat.example/add`; an `https:` address of at
   * most 128 characters without query and fragment. Without it the link is the QR code's text, which begins with
   * `sotto:contact`.
   */
  readonly page?: string;
}

/** See the header. */
export class ContactLinks {
  readonly #account: AccountService;
  readonly #contacts: ContactBook;
  readonly #relayOrigin: string;

  /** @param parts - `relayOrigin` is where this account's relay is */
  constructor(parts: { account: AccountService; contacts: ContactBook; relayOrigin: string }) {
    this.#account = parts.account;
    this.#contacts = parts.contacts;
    this.#relayOrigin = parts.relayOrigin;
  }

  /** @throws SottoError `not-registered`, `invalid-contact-link` for a page that is none */
  async share({ page }: ContactShareOptions = {}): Promise<ContactShare> {
    const own = await this.#account.require();
    const { username, identityKey } = own.statement;
    const content = { relayOrigin: this.#relayOrigin, username, identityKey };
    return {
      contactCode: shownContactCode(own),
      qrPayload: formatContactLink(content),
      link: formatContactLink(content, page),
    };
  }

  /** Adds or verifies whom a link or a scanned code is of. @throws SottoError as {@link parseContactLink} and {@link ContactBook.addByKey} */
  async add(text: string): Promise<Contact> {
    const { relayOrigin, username, identityKey } = parseContactLink(text);
    if (relayOrigin !== this.#relayOrigin) throw new SottoError('contact-link-of-another-relay');
    const own = await this.#account.require();
    if (username === own.username) throw new SottoError('contact-is-self');
    return this.#contacts.addByKey(username, identityKey);
  }
}
