/**
 * Prepared statements keep the plan they get on the first day, when every table is empty. So each plan
 * must go through indexes, whatever the tables' sizes.
 */
import { randomUUID } from 'node:crypto';
import type { EnvelopeId } from '@sotto/sdk/wire';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database, Queryable } from '../../src/ports.js';
import { migrate, openPGliteDatabase } from '../../src/storage/postgres/index.js';
import { openPostgresMailbox } from '../../src/storage/postgres/postgres-mailbox.js';
import { mailboxOver } from './database-under-test.js';
import { deviceOf, newAccount, now, send, wholePage } from './mailbox-suite-kit.js';

let database: Database;
const seen = new Set<string>();
beforeAll(async () => {
  database = await openPGliteDatabase();
  await migrate(database);
});
afterAll(() => database.close());

/** Notes every text that is prepared. */
function watching<Source extends Queryable>(source: Source): Source {
  const note = (sql: string, parameters: readonly unknown[]) => void (parameters.length > 0 && seen.add(sql));
  return new Proxy(source, {
    get: (target, name) => {
      const member = (target as unknown as Record<PropertyKey, unknown>)[name];
      if (name === 'transaction') {
        return (work: (one: Queryable) => Promise<unknown>) =>
          (target as unknown as Database).transaction((transaction) => work(watching(transaction)));
      }
      if (typeof member !== 'function') return member;
      return (sql: string, parameters: readonly unknown[] = []) => {
        if (name === 'query' || name === 'atCommit') note(sql, parameters);
        return (member as (...all: unknown[]) => unknown).call(target, sql, parameters);
      };
    },
  });
}

async function useEverything(): Promise<void> {
  const store = await mailboxOver(database);
  const mailbox = openPostgresMailbox({
    database: watching(database),
    limits: { maxEnvelopesPerMailbox: 1 },
  });
  const [sender, inbox] = [deviceOf(newAccount()), deviceOf(newAccount())];
  await store.addDevice(sender, 101);
  await store.addDevice(inbox, 101);
  const request = send(inbox.accountId);
  await mailbox.accept(sender, request, now);
  await mailbox.accept(sender, send(inbox.accountId), now).catch(() => {});
  await mailbox.acceptedBefore(sender, request);
  await mailbox.page(inbox, 0, wholePage, now);
  await mailbox.depth(inbox);
  await mailbox.acknowledge(inbox, [randomUUID() as EnvelopeId]);
  await mailbox.sweep(now);
}

it('every statement of the mailbox goes through an index', async () => {
  await useEverything();
  expect(seen.size).toBe(9);
  for (const sql of seen) {
    const plan = await database.query(`EXPLAIN (GENERIC_PLAN) ${sql}`);
    const text = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(text, sql).not.toMatch(/Seq Scan|Hash Join|Merge Join/);
    expect(text, sql).toMatch(/Index (Only )?Scan|Bitmap Index Scan|Tid Scan/);
  }
});
