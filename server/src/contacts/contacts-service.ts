/**
 * Resolution of contact codes. An unknown name and a wrong code cost the same and get the same answer;
 * nothing else lists or finds users. Knows no HTTP and no SQL.
 */
import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { RequestOf, ResponseOf } from '@sotto/sdk/wire';
import type { AccountsStore } from '../accounts/accounts-store.js';
import { ProblemError, type AccessClaims, type ReachTokens } from '../ports.js';

/** What resolution rests on. */
export interface ContactsServiceParts {
  readonly accounts: AccountsStore;
  readonly reachTokens: ReachTokens;
  /** 32 bytes; makes the code that stands in for an unknown name's. */
  readonly decoyKey: KeyObject;
}

/** See the file's header. */
export interface ContactsService {
  /** @throws ProblemError `not-found` */
  resolve(
    claims: AccessClaims,
    request: RequestOf<'contacts.resolve'>,
  ): Promise<ResponseOf<'contacts.resolve'>>;
}

const codeLength = 16;

function startsWith(contactCode: string, digits: string): boolean {
  return timingSafeEqual(Buffer.from(contactCode.slice(0, digits.length)), Buffer.from(digits));
}

/** See {@link ContactsService}. */
export function createContactsService(parts: ContactsServiceParts): ContactsService {
  const { accounts, reachTokens, decoyKey } = parts;
  const decoyCode = createHmac('sha256', decoyKey).update('contact code').digest('hex').slice(0, codeLength);
  return {
    async resolve({ accountId }, { username, code }) {
      const named = await accounts.findByUsername(username);
      const matches = startsWith(named?.contactCode ?? decoyCode, code);
      const account = named && matches ? await accounts.find(named.accountId) : undefined;
      if (account === undefined) throw new ProblemError('not-found');
      const { statement, manifest } = account;
      const introductionToken = await reachTokens.issueIntroduction(accountId, statement.accountId);
      return { statement, manifest, introductionToken };
    },
  };
}
