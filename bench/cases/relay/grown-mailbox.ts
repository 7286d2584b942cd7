/**
 * A mailbox over a PostgreSQL that holds much already, put there by SQL: what one step costs must not grow with
 * it. Knows no socket.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AccountId, DeviceAddress, DeviceId, SendRequest } from '@sotto/sdk/wire';
import { startPostgres } from '../../../server/test/services/postgres-service.js';
import type { Mailbox } from '../../../server/src/mailbox/mailbox.js';
import type { Database, Row } from '../../../server/src/ports.js';
import { migrate, openPostgresDatabase } from '../../../server/src/storage/postgres/index.js';
import { openPostgresMailbox } from '../../../server/src/storage/postgres/postgres-mailbox.js';

/** Ids by number: `account_id` of the n-th seeded account. */
const accountSql = "('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid";

function nthAccount(number: number): AccountId {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}` as AccountId;
}

const device = (number: number): DeviceAddress => ({
  accountId: nthAccount(number),
  deviceId: 1 as DeviceId,
});

const seedAccountsSql = `
  INSERT INTO accounts (account_id, username, identity_key, statement_signature, manifest, contact_code,
                        auth_scheme, login_key_hash)
  SELECT ${accountSql}, 'u' || n, '\\x00', '\\x00', '', '', '', '' FROM generate_series($1::int, $2::int) AS n`;
const seedDevicesSql = `
  INSERT INTO devices (account_id, device_id, registration_id, auth_key, added_day)
  SELECT ${accountSql}, 1, 1, '\\x00', 0 FROM generate_series($1::int, $2::int) AS n`;
const seedEnvelopesSql = `
  INSERT INTO envelopes (account_id, device_id, seq, envelope_id, sender_account_id, sender_device_id, kind,
                         ciphertext, accepted_at)
  SELECT $3::uuid, 1, n, gen_random_uuid(), $3::uuid, 1, 'message', decode(repeat('00', 256), 'hex'), $4
    FROM generate_series($1::int, $2::int) AS n`;
const moveHeadSql = 'UPDATE devices SET last_envelope_seq = $1 WHERE account_id = $2';

/** What the database holds before the bench. */
export interface Grown {
  readonly accounts: number;
  /** Envelopes that wait for the first account. */
  readonly depth: number;
}

/** A mailbox and its way to be used. */
export interface GrownMailbox {
  /** Sends to the first account, reads what is new there, and acknowledges it. */
  useFirst(count: number): Promise<void>;
  /** The same, to accounts all over the database. */
  useAll(count: number): Promise<void>;
  /** What PostgreSQL has counted so far; eleven seconds after the last use it is complete. */
  counters(): Promise<DatabaseCounters>;
  /** Makes the next change of every page write it whole to the log. */
  checkpoint(): Promise<void>;
  /** Of the table of devices with its indexes. */
  devicesMiB(): Promise<number>;
  close(): Promise<void>;
}

/** Pages of tables and indexes that were looked at, those among them from outside of its buffers, and its log. */
export interface DatabaseCounters extends Row {
  readonly tablePages: number;
  readonly indexPages: number;
  readonly pagesRead: number;
  readonly logRecords: number;
  readonly logBytes: number;
  /** Whole pages in the log: each at its first change after a checkpoint. */
  readonly pageImages: number;
}

const countersSql = `
  SELECT sum(heap_blks_hit + heap_blks_read)::float8 AS "tablePages",
         sum(idx_blks_hit + idx_blks_read)::float8 AS "indexPages",
         sum(heap_blks_read + idx_blks_read)::float8 AS "pagesRead",
         max(wal_records)::float8 AS "logRecords", max(wal_bytes)::float8 AS "logBytes",
         max(wal_fpi)::float8 AS "pageImages"
    FROM pg_statio_user_tables, pg_stat_wal`;
const devicesSizeSql = "SELECT round(pg_total_relation_size('devices') / 1048576.0)::float8 AS mib";

/** Rows put in by one statement: well below the relay's time limit for one. */
const rowsAtOnce = 50_000;

async function insert(database: Database, sql: string, count: number, ...more: unknown[]): Promise<void> {
  for (let first = 1; first <= count; first += rowsAtOnce) {
    await database.query(sql, [first, Math.min(first + rowsAtOnce - 1, count), ...more]);
  }
}

async function seed(database: Database, { accounts, depth }: Grown): Promise<void> {
  await insert(database, seedAccountsSql, accounts);
  await insert(database, seedDevicesSql, accounts);
  // A million looks at one and the same device would take longer than all the rest.
  await database.query('ALTER TABLE envelopes DISABLE TRIGGER ALL');
  await insert(database, seedEnvelopesSql, depth, nthAccount(1), Date.now());
  await database.query('ALTER TABLE envelopes ENABLE TRIGGER ALL');
  await database.query(moveHeadSql, [depth, nthAccount(1)]);
  await database.query('VACUUM ANALYZE');
  // Else PostgreSQL would go on writing what was put in while it is measured.
  await database.query('CHECKPOINT');
}

function request(to: DeviceAddress, storeSeq: number): SendRequest {
  const ciphertext = new Uint8Array(randomBytes(512));
  const body = { deviceId: to.deviceId, registrationId: 1, kind: 'message' as const, ciphertext };
  const attemptId = new Uint8Array(randomBytes(16));
  return { attemptId, recipient: to.accountId, reachToken: randomUUID(), storeSeq, bodies: [body] };
}

/** One message to each, and all of it gone again. @param storeSeq - how far the devices have come by then */
async function use(
  mailbox: Mailbox,
  from: DeviceAddress,
  to: readonly DeviceAddress[],
  storeSeq: number,
): Promise<void> {
  const outcomes = await Promise.all(
    to.map((one) => mailbox.accept(from, request(one, storeSeq), Date.now())),
  );
  await Promise.all(
    outcomes.map(async (outcome) => {
      if (outcome.kind !== 'accepted') throw new Error(outcome.kind);
      const [{ to: one, seq, envelope }] = outcome.delivered as [(typeof outcome.delivered)[number]];
      await mailbox.page(one, seq - 1, { maxEnvelopes: 1, maxBytes: 65_536 }, Date.now());
      await mailbox.acknowledge(one, { ids: [envelope.id], storeSeq });
    }),
  );
}

/**
 * Messages on their way at a time: each to an account of its own, also among a hundred. With more, few accounts would
 * have several in a batch, whose row is then written once for all of them.
 */
const waveSize = 50;

/** Holds the devices of a million accounts with their index, as `docs/operations.md` asks for. */
const sharedBuffersMiB = Number(process.env['SOTTO_BENCH_SHARED_BUFFERS_MIB'] ?? 1024);

/** Starts a server and fills it. */
export async function openGrownMailbox(grown: Grown): Promise<GrownMailbox> {
  const postgres = await startPostgres({ durable: true, sharedBuffersMiB });
  const database = openPostgresDatabase(await postgres.createDatabase());
  await migrate(database);
  await seed(database, grown);
  // A pause would be a part of every slice that no amount of rows changes.
  const limits = { maxEnvelopesPerMailbox: 10 * grown.depth + 100_000, acknowledgementPauseMs: 0 };
  const mailbox = openPostgresMailbox({ database, limits });
  const sender = device(grown.accounts);
  const spread = (index: number) => device(1 + ((index * 7919) % (grown.accounts - 1)));
  /** Messages so far: what is shown of commits grows with them, as with devices that go on. */
  let used = 0;
  return {
    async useFirst(count) {
      used += count;
      await use(mailbox, sender, Array<DeviceAddress>(count).fill(device(1)), used);
    },
    async useAll(count) {
      for (const end = used + count; used < end;) {
        const wave = Array.from({ length: waveSize }, (_, index) => spread(used + index));
        used += waveSize;
        await use(mailbox, sender, wave, used);
      }
    },
    counters: async () => (await database.query<DatabaseCounters>(countersSql))[0] as DatabaseCounters,
    checkpoint: async () => void (await database.query('CHECKPOINT')),
    devicesMiB: async () => (await database.query<{ mib: number }>(devicesSizeSql))[0]?.mib ?? 0,
    async close() {
      await database.close();
      await postgres.stop();
    },
  };
}
