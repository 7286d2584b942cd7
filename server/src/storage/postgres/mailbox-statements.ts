/**
 * The SQL of the mailbox, prepared. Plans are made once, perhaps while the tables are empty, so every
 * statement leaves the planner one way only: an index by its full key. A subquery with `OFFSET 0` is looked
 * up once per row and never becomes a join; `ctid = ANY(…)` and `account_id = ANY(…)` are indexes of their
 * own. `test/mailbox/statement-plans.test.ts` looks at the plans. Knows no rule of the mailbox.
 */
import type { PreparedStatement } from '../../ports.js';

/** All devices of some accounts, locked, always in the same order: two transactions never wait for one another. */
export const lockDevices: PreparedStatement = {
  name: 'lock-devices',
  sql: `
    SELECT account_id, device_id, registration_id, last_envelope_seq, depth_base_seq
      FROM devices WHERE account_id = ANY($1::uuid[])
     ORDER BY account_id, device_id FOR NO KEY UPDATE`,
};

/**
 * What is known of sends: a row for each attempt that was accepted before, and one without a hash for each
 * sender that does not exist. `place` is which of those asked for; 1 is the first. The senders that exist are locked
 * against being deleted or replaced: what is written of them until the commit goes with them.
 */
export const findSends: PreparedStatement = {
  name: 'find-sends',
  sql: `
    SELECT asked.place, known.content_hash, known.accepted_at
      FROM unnest($1::uuid[], $2::int[], $3::bytea[]) WITH ORDINALITY
        AS asked (account_id, device_id, attempt_id, place)
      CROSS JOIN LATERAL (
        SELECT content_hash, accepted_at FROM attempts
         WHERE sender_account_id = asked.account_id AND sender_device_id = asked.device_id
           AND attempt_id = asked.attempt_id OFFSET 0) AS known
    UNION ALL
    SELECT asked.place, NULL, NULL
      FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS asked (account_id, device_id, place)
     WHERE (SELECT true FROM devices d
             WHERE d.account_id = asked.account_id AND d.device_id = asked.device_id
               FOR KEY SHARE) IS NULL`,
};

/** Of `unnest` with the devices, their numbers and how far they have come. */
function shownFrom(firstParameter: number): string {
  const [account, device, storeSeq] = [0, 1, 2].map((offset) => `$${firstParameter + offset}`);
  return `unnest(${account}::uuid[], ${device}::int[], ${storeSeq}::int8[])
          AS shown (account_id, device_id, store_seq)`;
}

/** Keeps how far devices have come that send. Each is named once. @param where - leaves out those that are gone */
function keepSent(firstParameter: number, where: string): string {
  return `
      INSERT INTO device_progress AS known (account_id, device_id, store_seq)
      SELECT shown.account_id, shown.device_id, shown.store_seq
        FROM ${shownFrom(firstParameter)}${where}
       ORDER BY 1, 2
      ON CONFLICT (account_id, device_id) DO UPDATE
         SET store_seq = excluded.store_seq WHERE known.store_seq < excluded.store_seq`;
}

/**
 * Keeps how far devices have come that acknowledge, as parts of `WITH`. Each is named once. Rows are locked before
 * the first is written, in the order of {@link lockDevices}.
 */
function keepAcknowledged(firstParameter: number): string {
  return `
      locked AS MATERIALIZED (
        SELECT FROM devices WHERE account_id = ANY($${firstParameter}::uuid[])
         ORDER BY account_id, device_id FOR NO KEY UPDATE),
      progressed AS (
        UPDATE devices d SET acknowledged_store_seq = shown.store_seq
          FROM ${shownFrom(firstParameter)}
         WHERE (SELECT count(*) FROM locked) > 0 AND d.account_id = ANY($${firstParameter}::uuid[])
           AND d.account_id = shown.account_id AND d.device_id = shown.device_id
           AND d.acknowledged_store_seq < shown.store_seq)`;
}

/** Keeps how far sending devices have come, and nothing else: nothing was accepted, or the mailbox is elsewhere. */
export const keepSentAlone: PreparedStatement = {
  name: 'keep-sent',
  sql: keepSent(
    1,
    `
       WHERE (SELECT true FROM devices d
               WHERE d.account_id = shown.account_id AND d.device_id = shown.device_id)`,
  ),
};

/** Keeps how far acknowledging devices have come, and nothing else: for a mailbox that is elsewhere. */
export const keepAcknowledgedAlone: PreparedStatement = {
  name: 'keep-acknowledged',
  sql: `WITH ${keepAcknowledged(1)} SELECT`,
};

/**
 * Moves devices' last `seq` forward, stores envelopes and attempts, and keeps how far senders have come. The
 * devices of recipients and senders are locked.
 */
export const writeAccepted: PreparedStatement = {
  name: 'write-accepted',
  sql: `
    WITH advanced AS (
      UPDATE devices d SET last_envelope_seq = moved.seq
        FROM unnest($1::uuid[], $2::int[], $3::int8[]) AS moved (account_id, device_id, seq)
       WHERE d.account_id = ANY($1::uuid[])
         AND d.account_id = moved.account_id AND d.device_id = moved.device_id),
    stored AS (
      INSERT INTO envelopes (account_id, device_id, seq, envelope_id, sender_account_id,
                             sender_device_id, kind, ciphertext, accepted_at)
      SELECT * FROM unnest($4::uuid[], $5::int[], $6::int8[], $7::uuid[], $8::uuid[],
                           $9::int[], $10::text[], $11::bytea[], $12::int8[])),
    progressed AS (${keepSent(18, '')})
    INSERT INTO attempts (sender_account_id, sender_device_id, attempt_id, content_hash, accepted_at)
    SELECT * FROM unnest($13::uuid[], $14::int[], $15::bytea[], $16::bytea[], $17::int8[])`,
};

/** How far the mailboxes of some accounts have come. */
export const selectHeads: PreparedStatement = {
  name: 'select-heads',
  sql: 'SELECT account_id, device_id, last_envelope_seq FROM devices WHERE account_id = ANY($1::uuid[])',
};

/** How many envelopes wait for a device. */
export const countEnvelopes: PreparedStatement = {
  name: 'count-envelopes',
  sql: 'SELECT count(*) AS depth FROM envelopes WHERE account_id = $1 AND device_id = $2',
};

/** Counts a mailbox and remembers the count. The device is locked. */
export const recountEnvelopes: PreparedStatement = {
  name: 'recount-envelopes',
  sql: `
    UPDATE devices d SET depth_base_seq = last_envelope_seq -
           (SELECT count(*) FROM envelopes e WHERE e.account_id = d.account_id AND e.device_id = d.device_id)
     WHERE account_id = $1 AND device_id = $2
     RETURNING last_envelope_seq - depth_base_seq AS depth`,
};

/**
 * The oldest envelopes after a place. One more than asked for is looked at, to know whether there are
 * more; `place` and `running` number the rows and add up their bytes, and the first always comes. The `+ 0`
 * keeps the index over `accepted_at` out of it, which leads to everybody's envelopes.
 */
export const selectPage: PreparedStatement = {
  name: 'select-page',
  sql: `
    SELECT seq, envelope_id, sender_account_id, sender_device_id, kind, ciphertext, accepted_at, found
      FROM (SELECT *, row_number() OVER (ORDER BY seq) AS place, count(*) OVER () AS found,
                   sum(octet_length(ciphertext)) OVER (ORDER BY seq) AS running
              FROM (SELECT * FROM envelopes
                     WHERE account_id = $1 AND device_id = $2 AND seq > $3 AND accepted_at + 0 >= $6
                     ORDER BY seq LIMIT $4::int + 1) AS oldest) AS counted
     WHERE place = 1 OR (place <= $4::int AND running <= $5)
     ORDER BY seq`,
};

/**
 * Deletes envelopes by place and id, and keeps how far their devices have come. Rows that another transaction is
 * deleting are left to it, so that no two wait for one another. The commit does not wait for the disk, and no send
 * waits behind it: what a crash of PostgreSQL brings back is delivered again, to devices that know it.
 */
export const deleteEnvelopes: PreparedStatement = {
  name: 'delete-envelopes',
  sql: `
    WITH ${keepAcknowledged(5)}
    DELETE FROM envelopes WHERE ctid = ANY(ARRAY(
      SELECT found.ctid
        FROM unnest($1::uuid[], $2::int[], $3::int8[], $4::uuid[])
          AS doomed (account_id, device_id, seq, envelope_id)
        CROSS JOIN (SELECT set_config('synchronous_commit', 'off', true)) AS relaxed
        CROSS JOIN LATERAL (
          SELECT ctid FROM envelopes
           WHERE account_id = doomed.account_id AND device_id = doomed.device_id AND seq = doomed.seq
             AND envelope_id = doomed.envelope_id
             FOR UPDATE SKIP LOCKED) AS found))`,
};

function deleteExpired(table: 'envelopes' | 'attempts'): PreparedStatement {
  return {
    name: `delete-expired-${table}`,
    sql: `
      DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM ${table} WHERE accepted_at < $1 ORDER BY accepted_at LIMIT $2
           FOR UPDATE SKIP LOCKED)) RETURNING 1`,
  };
}

/** Deletes some rows accepted before a time, by table. */
export const deleteExpiredFrom = {
  envelopes: deleteExpired('envelopes'),
  attempts: deleteExpired('attempts'),
} as const;
