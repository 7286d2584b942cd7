/** A device that goes while a send to it or from it is being written: nothing of it stays behind. */
import { randomUUID } from 'node:crypto';
import type { AccountId, DeviceAddress, SendRequest } from '@sotto/sdk/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planAccepts, pendingSend } from '../../src/mailbox/accept-plan.js';
import { mailboxLimits } from '../../src/mailbox/limits.js';
import type { Database, Transaction } from '../../src/ports.js';
import { retire } from '../../src/storage/postgres/device-retirement.js';
import { openPostgresDatabase } from '../../src/storage/postgres/index.js';
import * as rows from '../../src/storage/postgres/mailbox-rows.js';
import { mailboxOver } from '../mailbox/database-under-test.js';
import { deviceOf, newAccount, now, send } from '../mailbox/mailbox-suite-kit.js';
import type { MailboxUnderTest } from '../mailbox/mailbox-suite.js';
import { waitFor } from '../support/wait-for.js';
import { startPostgres, type PostgresService } from './postgres-service.js';

let service: PostgresService;
let database: Database;
let store: MailboxUnderTest;
beforeAll(async () => {
  service = await startPostgres();
  database = openPostgresDatabase(await service.createDatabase());
  store = await mailboxOver(database);
});
afterAll(async () => {
  await store.close();
  await service.stop();
});

/** What the mailbox does with one send, up to its commit. */
async function write(transaction: Transaction, sender: DeviceAddress, request: SendRequest): Promise<void> {
  const devices = await rows.lockDevices(transaction, [request.recipient]);
  const { attempts } = await rows.findSends(transaction, [{ sender, attemptId: request.attemptId }]);
  const { maxEnvelopesPerMailbox } = mailboxLimits;
  const facts = { devices, attempts, strangers: new Set<string>(), maxEnvelopesPerMailbox };
  const plan = planAccepts([pendingSend(sender, request, now)], { ...facts, newRandomId: randomUUID });
  rows.writeAccepted(transaction, plan);
}

const leftOf = async (accountId: AccountId) => {
  const count = async (table: string, column: string) =>
    (await database.query(`SELECT 1 FROM ${table} WHERE ${column} = $1`, [accountId])).length;
  return {
    envelopes: await count('envelopes', 'account_id'),
    attempts: await count('attempts', 'sender_account_id'),
    progress: await count('device_progress', 'account_id'),
  };
};

const waitingForLock = async () =>
  (await database.query(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)).length > 0;

interface Ends {
  readonly sender: DeviceAddress;
  readonly inbox: DeviceAddress;
}

describe('a device that goes while a send is written', () => {
  const ways = {
    'its account is deleted': (device: DeviceAddress) => store.deleteAccount(device.accountId),
    'it is removed': (device: DeviceAddress) => store.removeDevice(device),
    'it is retired': ({ accountId, deviceId }: DeviceAddress) =>
      database.transaction(async (transaction) => {
        await retire(transaction, accountId, deviceId, 1);
      }),
  };

  /** Lets something go that has to wait for a send between two new devices. */
  async function goDuringSend(go: (ends: Ends) => Promise<void>): Promise<Ends> {
    const ends = { sender: deviceOf(newAccount()), inbox: deviceOf(newAccount()) };
    const { sender, inbox } = ends;
    await store.addDevice(sender, 101);
    await store.addDevice(inbox, 101);
    let gone: Promise<void> | undefined;
    await database.transaction(async (transaction) => {
      await write(transaction, sender, send(inbox.accountId));
      gone = go(ends);
      await waitFor('it to wait for the send', waitingForLock);
    });
    await gone;
    return ends;
  }

  it.each(Object.entries(ways))('takes along what it sent: %s', async (_name, go) => {
    const { sender, inbox } = await goDuringSend((ends) => go(ends.sender));
    expect(await leftOf(sender.accountId)).toEqual({ envelopes: 0, attempts: 0, progress: 0 });
    expect((await leftOf(inbox.accountId)).envelopes).toBe(1);
  });

  it('takes along what was sent to it', async () => {
    const { sender, inbox } = await goDuringSend((ends) => store.removeDevice(ends.inbox));
    expect((await leftOf(inbox.accountId)).envelopes).toBe(0);
    expect((await leftOf(sender.accountId)).attempts).toBe(1);
  });
});
