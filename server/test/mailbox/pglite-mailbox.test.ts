import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { migrate, openPGliteDatabase } from '../../src/storage/postgres/index.js';
import { migrations } from '../../src/storage/postgres/migrations/index.js';
import { mailboxOver } from './database-under-test.js';
import { bytes, deviceOf, drain, newAccount, now } from './mailbox-suite-kit.js';
import { mailboxSuite } from './mailbox-suite.js';

mailboxSuite('PGlite', async () => mailboxOver(await openPGliteDatabase()));

it('hands out and deletes what was stored before ids named places', async () => {
  const database = await openPGliteDatabase();
  await migrate(database, migrations.slice(0, 4));
  const inbox = deviceOf(newAccount());
  await database.query(
    `INSERT INTO accounts (account_id, username, identity_key, statement_signature, manifest, contact_code,
                           auth_scheme, login_key_hash) VALUES ($1, 'old', '', '', '', '', '', '')`,
    [inbox.accountId],
  );
  await database.query(
    `INSERT INTO devices (account_id, device_id, registration_id, auth_key, added_day, last_envelope_seq)
     VALUES ($1, 1, 101, '', 0, 70000)`,
    [inbox.accountId],
  );
  for (const seq of [3, 70_000]) {
    await database.query(`INSERT INTO envelopes VALUES ($1, 1, $2, $3, $1, 1, 'message', $4, $5)`, [
      inbox.accountId,
      seq,
      randomUUID(),
      bytes(8),
      now,
    ]);
  }
  const mailbox = (await mailboxOver(database)).open();
  const held = await drain(mailbox, inbox);
  expect(held.map(({ seq }) => seq)).toEqual([3, 70_000]);
  await mailbox.acknowledge(inbox, { ids: held.map(({ envelope }) => envelope.id), storeSeq: 0 });
  expect(await mailbox.depth(inbox)).toBe(0);
  await database.close();
});
