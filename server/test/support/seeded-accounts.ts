/**
 * Accounts put straight into the database, with tokens that the relay's own secret makes:
 * registering thousands would measure password hashing. What the relay checks of them it checks as ever.
 */
import { randomUUID } from 'node:crypto';
import type { AccountId, DeviceId } from '@sotto/sdk/wire';
import pg from 'pg';
import { createAccessTokens } from '../../src/auth/access-tokens.js';
import { createReachTokens } from '../../src/contacts/reach-tokens.js';
import { deriveRelaySecrets } from '../../src/secrets.js';

/** One account, its token, and what it needs to write to the next. */
export interface SeededAccount {
  readonly accountId: AccountId;
  readonly accessToken: string;
  readonly recipientId: AccountId;
  readonly reachToken: string;
}

/** Where the accounts go. */
export interface AccountPlace {
  readonly databaseUrl: string;
  readonly secret: Uint8Array;
  readonly relayId: string;
}

const insertSql = `
  WITH new AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS new (account_id, family_id)),
  account AS (
    INSERT INTO accounts (account_id, username, identity_key, statement_signature, manifest, contact_code,
                          auth_scheme, login_key_hash)
    SELECT account_id, 'u' || left(replace(account_id::text, '-', ''), 31), '\\x00', '\\x00', '', '', '', '' FROM new),
  device AS (
    INSERT INTO devices (account_id, device_id, registration_id, auth_key, added_day)
    SELECT account_id, 1, 1, '\\x00', 0 FROM new)
  INSERT INTO refresh_families (family_id, account_id, device_id, number, token_hash, expires_at)
  SELECT family_id, account_id, 1, 0, '\\x00', $3 FROM new`;

const monthMs = 30 * 24 * 60 * 60 * 1000;

async function insert(
  databaseUrl: string,
  ids: readonly string[],
  families: readonly string[],
): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  await client.query(insertSql, [ids, families, Date.now() + monthMs]);
  await client.query('ANALYZE');
  await client.end();
}

/** Makes accounts of which each can write to the next. */
export async function makeAccounts(place: AccountPlace, count: number): Promise<SeededAccount[]> {
  const ids = Array.from({ length: count }, () => randomUUID() as AccountId);
  const families = ids.map(() => randomUUID());
  await insert(place.databaseUrl, ids, families);
  const { accessTokenKey, reachTokenKey } = deriveRelaySecrets(place.secret);
  const accessTokens = createAccessTokens({ key: accessTokenKey, relayId: place.relayId, now: Date.now });
  const reachTokens = createReachTokens(reachTokenKey, Date.now);
  return Promise.all(
    ids.map(async (accountId, index) => {
      const recipientId = ids[(index + 1) % count] as AccountId;
      return {
        accountId,
        recipientId,
        accessToken: await accessTokens.issue(
          { accountId, deviceId: 1 as DeviceId },
          families[index] as string,
        ),
        reachToken: await reachTokens.issueDelivery(accountId, recipientId),
      };
    }),
  );
}
