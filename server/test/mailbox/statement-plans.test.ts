/**
 * Prepared statements keep the plan they get on the first day, when every table is empty and the planner
 * knows it. So each plan must go through indexes by their full keys, whatever the tables' sizes.
 */
import { randomUUID } from 'node:crypto';
import type { EnvelopeId } from '@sotto/sdk/wire';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database, PreparedStatement, Queryable, Statement } from '../../src/ports.js';
import { migrate, openPGliteDatabase } from '../../src/storage/postgres/index.js';
import { createAuthStore } from '../../src/storage/postgres/auth-store.js';
import { keepAcknowledged } from '../../src/storage/postgres/mailbox-rows.js';
import { openPostgresMailbox } from '../../src/storage/postgres/postgres-mailbox.js';
import { mailboxOver } from './database-under-test.js';
import { bytes, deviceOf, newAccount, now, send, wholePage } from './mailbox-suite-kit.js';

let database: Database;
const seen = new Map<string, PreparedStatement>();
beforeAll(async () => {
  database = await openPGliteDatabase();
  await migrate(database);
});
afterAll(() => database.close());

/** Notes every statement that is prepared. */
function watching<Source extends Queryable>(source: Source): Source {
  return new Proxy(source, {
    get: (target, name) => {
      const member = (target as unknown as Record<PropertyKey, unknown>)[name];
      if (name === 'transaction') {
        return (work: (one: Queryable) => Promise<unknown>) =>
          (target as unknown as Database).transaction((transaction) => work(watching(transaction)));
      }
      if (typeof member !== 'function') return member;
      return (statement: Statement, parameters?: readonly unknown[]) => {
        if (typeof statement === 'object') seen.set(statement.name, statement);
        return (member as (...all: unknown[]) => unknown).call(target, statement, parameters);
      };
    },
  });
}

async function useMailbox(): Promise<void> {
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
  await mailbox.heads([inbox.accountId]);
  await mailbox.acknowledge(inbox, { ids: [randomUUID() as EnvelopeId], storeSeq: 0 });
  await keepAcknowledged(watching(database), [{ device: inbox, storeSeq: 1 }]);
  await mailbox.sweep(now);
  await store.deleteAccount(inbox.accountId);
  await store.deleteAccount(sender.accountId);
}

async function useAuth(): Promise<void> {
  const auth = createAuthStore(watching(database));
  const familyId = randomUUID();
  await auth.addNonce(bytes(32), now);
  await auth.takeNonce(bytes(32), now);
  await auth.findFamily(familyId);
  await auth.findAuthKey(deviceOf(newAccount()));
  const [tokenHash, nextTokenHash, requestHash] = [bytes(32), bytes(32), bytes(32)];
  await auth.advanceFamily({ familyId, tokenHash, nextTokenHash, requestHash, expiresAt: now, now });
}

/** One way to a table: the lines of a plan that belong to it. */
interface Access {
  readonly path: string;
  readonly condition: string;
}

function accessesOf(plan: readonly string[]): Access[] {
  return plan.flatMap((line, index) => {
    const path = /(?:Index (?:Only )?Scan|Bitmap Index Scan|Tid Scan|Seq Scan) .*/.exec(line)?.[0];
    return path === undefined ? [] : [{ path, condition: plan[index + 1] ?? '' }];
  });
}

it('every prepared statement goes through indexes, by their full keys', async () => {
  await useMailbox();
  await useAuth();
  // The tables are empty again, and now the planner knows: it would take any way.
  await database.query('VACUUM ANALYZE');
  expect([...seen.keys()].sort()).toEqual([
    'add-nonce',
    'advance-family',
    'count-envelopes',
    'delete-envelopes',
    'delete-expired-attempts',
    'delete-expired-envelopes',
    'find-auth-key',
    'find-family',
    'find-sends',
    'keep-acknowledged',
    'keep-sent',
    'lock-devices',
    'recount-envelopes',
    'select-heads',
    'select-page',
    'take-nonce',
    'write-accepted',
  ]);
  for (const { name, sql } of seen.values()) {
    const rows = await database.query(`EXPLAIN (GENERIC_PLAN, COSTS OFF) ${sql}`);
    const plan = rows.map((row) => row['QUERY PLAN'] as string);
    for (const { path, condition } of accessesOf(plan)) {
      expect(path, `${name}\n${plan.join('\n')}`).not.toContain('Seq Scan');
      expect(condition, `${name}\n${plan.join('\n')}`).toMatch(/(Index|TID) Cond: /);
    }
  }
});
