/**
 * What every mailbox store must do, as tests. A store passes a way to open itself on an empty,
 * migrated database of its own. Knows no SQL.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AccountId, DeviceAddress, DeviceId, EnvelopeId, SendBody, SendRequest } from '@sotto/sdk/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MailboxLimits } from '../../src/mailbox/limits.js';
import type { AcceptOutcome, Mailbox, PageLimit, StoredEnvelope } from '../../src/mailbox/mailbox.js';

/** A store on a database of its own. */
export interface MailboxUnderTest {
  /** Another mailbox over the same data, as another process would open it. */
  open(limits?: Partial<MailboxLimits>): Mailbox;
  /** Registers a device, and its account when that is new. */
  addDevice(device: DeviceAddress, registrationId: number): Promise<void>;
  removeDevice(device: DeviceAddress): Promise<void>;
  deleteAccount(accountId: AccountId): Promise<void>;
  /** How many rows of any kind the mailbox holds. */
  countRows(): Promise<number>;
  close(): Promise<void>;
}

const now = 1_800_000_000_000;
const dayMs = 86_400_000;
const wholePage = { maxEnvelopes: 1000, maxBytes: 64 * 1024 * 1024 };

const newAccount = () => randomUUID() as AccountId;
const deviceOf = (accountId: AccountId, deviceId = 1): DeviceAddress => ({
  accountId,
  deviceId: deviceId as DeviceId,
});
const bytes = (length: number) => new Uint8Array(randomBytes(length));

function body(deviceId: number, overrides: Partial<SendBody> = {}): SendBody {
  return {
    deviceId: deviceId as DeviceId,
    registrationId: 100 + deviceId,
    kind: 'message',
    ciphertext: bytes(64),
    ...overrides,
  };
}

function send(recipient: AccountId, bodies: SendBody[] = [body(1)]): SendRequest {
  return { attemptId: bytes(16), recipient, reachToken: 'unused', bodies };
}

async function drain(mailbox: Mailbox, device: DeviceAddress, limit = wholePage): Promise<StoredEnvelope[]> {
  const all: StoredEnvelope[] = [];
  for (let reads = 0; reads < 10_000; reads += 1) {
    const page = await mailbox.page(device, all.at(-1)?.seq ?? 0, limit);
    all.push(...page.envelopes);
    if (!page.more) return all;
  }
  throw new Error('the mailbox never ends');
}

const problem = (code: string) => expect.objectContaining({ name: 'ProblemError', code });

/** Runs the suite. @param name - of the store */
export function mailboxSuite(name: string, openUnderTest: () => Promise<MailboxUnderTest>): void {
  describe(`mailbox over ${name}`, () => {
    let store: MailboxUnderTest;
    let mailbox: Mailbox;
    let sender: DeviceAddress;
    let recipient: AccountId;
    let inbox: DeviceAddress;

    const registered = async (deviceIds: readonly number[] = [1]): Promise<AccountId> => {
      const accountId = newAccount();
      for (const id of deviceIds) await store.addDevice(deviceOf(accountId, id), 100 + id);
      return accountId;
    };
    const fresh = async () => {
      sender = deviceOf(await registered());
      recipient = await registered();
      inbox = deviceOf(recipient);
    };
    const test = (title: string, run: () => Promise<void>) =>
      it(title, async () => {
        await fresh();
        await run();
      });

    beforeAll(async () => {
      store = await openUnderTest();
      mailbox = store.open();
    });
    afterAll(() => store.close());

    describe('accept', () => {
      test('stores one envelope per device with the bytes unchanged', async () => {
        const target = await registered([1, 2, 5]);
        const request = send(target, [body(2, { kind: 'prekey' }), body(5), body(1)]);
        const outcome = await mailbox.accept(sender, request, now);
        expect(outcome).toMatchObject({ kind: 'accepted', acceptedAt: now, repeated: false });
        for (const sent of request.bodies) {
          const [stored, ...more] = await drain(mailbox, deviceOf(target, sent.deviceId));
          expect(more).toEqual([]);
          expect(stored?.envelope).toEqual({
            id: expect.stringMatching(/^[0-9a-f-]{36}$/),
            sender,
            kind: sent.kind,
            ciphertext: sent.ciphertext,
            acceptedAt: now,
          });
        }
      });

      test('names the devices that have something new', async () => {
        const target = await registered([1, 2]);
        const outcome = await mailbox.accept(sender, send(target, [body(1), body(2)]), now);
        expect(outcome).toMatchObject({ delivered: [deviceOf(target, 1), deviceOf(target, 2)] });
      });

      test('is durable once it has answered: another mailbox over the same data sees it', async () => {
        await mailbox.accept(sender, send(recipient), now);
        expect(await drain(store.open(), inbox)).toHaveLength(1);
      });

      test('keeps the order of one sender when nothing is awaited', async () => {
        const requests = Array.from({ length: 300 }, () => send(recipient));
        await Promise.all(requests.map((request) => mailbox.accept(sender, request, now)));
        const stored = await drain(mailbox, inbox);
        expect(stored.map(({ envelope }) => envelope.ciphertext)).toEqual(
          requests.map(({ bodies }) => bodies[0]?.ciphertext),
        );
      });

      test('numbers without gap or repetition when several processes and senders write at once', async () => {
        const mailboxes = [store.open(), store.open(), store.open()];
        const senders = [sender, deviceOf(await registered()), deviceOf(await registered())];
        const others = [recipient, await registered()];
        const requests = Array.from({ length: 240 }, (_, index) => ({
          via: mailboxes[index % 3] as Mailbox,
          from: senders[index % 3] as DeviceAddress,
          request: send(others[(index >> 1) % 2] as AccountId),
        }));
        await Promise.all(requests.map(({ via, from, request }) => via.accept(from, request, now)));
        const stored = await drain(mailbox, inbox);
        expect(stored.map(({ seq }) => seq)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
        for (const from of senders) {
          const sent = requests.filter((one) => one.from === from && one.request.recipient === recipient);
          const got = stored.filter(({ envelope }) => envelope.sender.accountId === from.accountId);
          expect(got.map(({ envelope }) => envelope.ciphertext)).toEqual(
            sent.map(({ request }) => request.bodies[0]?.ciphertext),
          );
        }
      });

      test('takes ciphertexts of the largest size, many at once', async () => {
        const large = () => send(recipient, [body(1, { ciphertext: bytes(96 * 1024) })]);
        const requests = Array.from({ length: 60 }, large);
        await Promise.all(requests.map((request) => mailbox.accept(sender, request, now)));
        expect(await drain(mailbox, inbox)).toHaveLength(60);
      });

      test('answers an unknown and a deleted account like a token that opens nothing', async () => {
        await store.deleteAccount(recipient);
        for (const target of [recipient, newAccount()]) {
          await expect(mailbox.accept(sender, send(target), now)).rejects.toEqual(
            problem('introduction-required'),
          );
        }
      });

      test('refuses a sending device that is gone', async () => {
        await store.deleteAccount(sender.accountId);
        await expect(mailbox.accept(sender, send(recipient), now)).rejects.toEqual(problem('unauthorized'));
        expect(await mailbox.depth(inbox)).toBe(0);
      });

      test('refuses two bodies for one device', async () => {
        const request = send(recipient, [body(1), body(1)]);
        await expect(mailbox.accept(sender, request, now)).rejects.toEqual(problem('invalid-request'));
      });

      test('leaves out the sending device when an account writes to itself', async () => {
        await store.addDevice(deviceOf(sender.accountId, 2), 102);
        const withItself = send(sender.accountId, [body(1), body(2)]);
        expect(await mailbox.accept(sender, withItself, now)).toMatchObject({
          kind: 'device-mismatch',
          extra: [1],
        });
        const toTheOther = send(sender.accountId, [body(2)]);
        expect(await mailbox.accept(sender, toTheOther, now)).toMatchObject({ kind: 'accepted' });
        expect(await mailbox.depth(sender)).toBe(0);
      });

      test('lets one refused send of a batch not touch the others', async () => {
        const sends = [send(recipient), send(newAccount()), send(recipient, [body(9)]), send(recipient)];
        const outcomes = await Promise.allSettled(sends.map((one) => mailbox.accept(sender, one, now)));
        expect(
          outcomes.map((one) => (one.status === 'fulfilled' ? one.value.kind : one.reason.code)),
        ).toEqual(['accepted', 'introduction-required', 'device-mismatch', 'accepted']);
        expect(await mailbox.depth(inbox)).toBe(2);
      });
    });

    describe('device mismatch', () => {
      test('says missing, extra and stale, and consumes nothing', async () => {
        const target = await registered([1, 2, 3]);
        const rows = await store.countRows();
        const bodies = [body(2), body(3, { registrationId: 7 }), body(9)];
        const request = send(target, bodies);
        expect(await mailbox.accept(sender, request, now)).toEqual({
          kind: 'device-mismatch',
          missing: [1],
          extra: [9],
          stale: [3],
        });
        expect(await store.countRows()).toBe(rows);
        const repaired = { ...request, bodies: [body(1), body(2), body(3)] };
        expect(await mailbox.accept(sender, repaired, now)).toMatchObject({
          kind: 'accepted',
          repeated: false,
        });
      });

      test('is not asked of an attempt that was accepted before the devices changed', async () => {
        const request = send(recipient);
        await mailbox.accept(sender, request, now);
        await store.addDevice(deviceOf(recipient, 2), 102);
        expect(await mailbox.accept(sender, request, now + 5)).toMatchObject({
          kind: 'accepted',
          repeated: true,
        });
        await store.deleteAccount(recipient);
        expect(await mailbox.accept(sender, request, now + 5)).toMatchObject({
          kind: 'accepted',
          repeated: true,
        });
      });
    });

    describe('idempotency', () => {
      test('accepts the same attempt once, with its first answer, also after the envelope is gone', async () => {
        const request = send(recipient);
        await mailbox.accept(sender, request, now);
        const again = await mailbox.accept(sender, { ...request, reachToken: 'fresher' }, now + 9);
        expect(again).toEqual({ kind: 'accepted', acceptedAt: now, repeated: true, delivered: [] });
        const [stored] = await drain(mailbox, inbox);
        await mailbox.acknowledge(inbox, [stored?.envelope.id as EnvelopeId]);
        await mailbox.accept(sender, request, now + dayMs);
        expect(await mailbox.depth(inbox)).toBe(0);
      });

      test('accepts once however many processes are asked at the same time', async () => {
        const request = send(recipient);
        const mailboxes = Array.from({ length: 4 }, () => store.open());
        const asked = Array.from({ length: 40 }, (_, index) => mailboxes[index % 4] as Mailbox);
        const outcomes = await Promise.all(asked.map((one) => one.accept(sender, request, now)));
        const firsts = outcomes.filter((one: AcceptOutcome) => one.kind === 'accepted' && !one.repeated);
        expect(firsts).toHaveLength(1);
        expect(await mailbox.depth(inbox)).toBe(1);
      });

      test('refuses the id for other content: another body, another recipient, other order', async () => {
        const target = await registered([1, 2]);
        const request = send(target, [body(1), body(2)]);
        await mailbox.accept(sender, request, now);
        const [first, second] = request.bodies as [SendBody, SendBody];
        const changed = [
          { ...request, bodies: [first, { ...second, ciphertext: bytes(64) }] },
          { ...request, bodies: [first, { ...second, kind: 'prekey' as const }] },
          { ...request, bodies: [second, first] },
          { ...request, bodies: [first] },
          { ...request, recipient },
          { ...request, recipient: newAccount() },
        ];
        for (const other of changed) {
          await expect(mailbox.accept(sender, other, now)).rejects.toEqual(problem('idempotency-conflict'));
        }
        expect(await mailbox.depth(deviceOf(target, 1))).toBe(1);
      });

      test('refuses the id for other content when two processes are asked at once', async () => {
        const requests = Array.from({ length: 12 }, () => ({
          ...send(recipient),
          attemptId: new Uint8Array(16),
        }));
        const outcomes = await Promise.allSettled(
          requests.map((request) => store.open().accept(sender, request, now)),
        );
        const refused = outcomes.filter((one) => one.status === 'rejected').map((one) => one.reason.code);
        expect(refused).toEqual(Array.from({ length: 11 }, () => 'idempotency-conflict'));
        expect(await mailbox.depth(inbox)).toBe(1);
      });

      test('keeps the attempt ids of devices apart', async () => {
        const other = deviceOf(await registered());
        const request = send(recipient);
        await mailbox.accept(sender, request, now);
        expect(await mailbox.accept(other, request, now)).toMatchObject({ repeated: false });
        expect(await mailbox.depth(inbox)).toBe(2);
      });

      test('tells when an attempt was accepted, and only to the device that made it', async () => {
        const request = send(recipient);
        expect(await mailbox.acceptedBefore(sender, request)).toBeUndefined();
        await mailbox.accept(sender, request, now);
        expect(await mailbox.acceptedBefore(sender, request)).toBe(now);
        expect(await mailbox.acceptedBefore(inbox, request)).toBeUndefined();
        const other = { ...request, bodies: [body(1)] };
        await expect(mailbox.acceptedBefore(sender, other)).rejects.toEqual(problem('idempotency-conflict'));
      });
    });

    describe('quota', () => {
      test('refuses beyond it as a whole, and counts what waits, not what ever came', async () => {
        const small = store.open({ maxEnvelopesPerMailbox: 3 });
        const target = await registered([1, 2]);
        await store.removeDevice(deviceOf(target, 2));
        for (let sent = 0; sent < 3; sent += 1) await small.accept(sender, send(target), now);
        await store.addDevice(deviceOf(target, 2), 102);
        const both = () => send(target, [body(1), body(2)]);
        await expect(small.accept(sender, both(), now)).rejects.toEqual(problem('mailbox-full'));
        expect(await mailbox.depth(deviceOf(target, 2))).toBe(0);
        // The middle one goes: what lies between the oldest and the newest is still the quota.
        const [, middle] = await drain(small, deviceOf(target, 1));
        await small.acknowledge(deviceOf(target, 1), [middle?.envelope.id as EnvelopeId]);
        expect(await small.accept(sender, both(), now)).toMatchObject({ kind: 'accepted' });
        await expect(small.accept(sender, both(), now)).rejects.toEqual(problem('mailbox-full'));
      });

      test('holds within one batch', async () => {
        const small = store.open({ maxEnvelopesPerMailbox: 3 });
        const sends = Array.from({ length: 5 }, () => small.accept(sender, send(recipient), now));
        const outcomes = await Promise.allSettled(sends);
        expect(outcomes.map(({ status }) => status)).toEqual([
          'fulfilled',
          'fulfilled',
          'fulfilled',
          'rejected',
          'rejected',
        ]);
      });
    });

    describe('page', () => {
      const look = async (after: number, limit: PageLimit) => {
        const { envelopes, more } = await mailbox.page(inbox, after, limit);
        return { seqs: envelopes.map(({ seq }) => seq), more };
      };

      test('goes on after a place, at most as many as asked', async () => {
        for (let sent = 0; sent < 5; sent += 1) await mailbox.accept(sender, send(recipient), now);
        const ask = (after: number, maxEnvelopes: number) => look(after, { ...wholePage, maxEnvelopes });
        expect(await ask(0, 2)).toEqual({ seqs: [1, 2], more: true });
        expect(await ask(2, 2)).toEqual({ seqs: [3, 4], more: true });
        expect(await ask(3, 2)).toEqual({ seqs: [4, 5], more: false });
        expect(await ask(4, 2)).toEqual({ seqs: [5], more: false });
        expect(await ask(5, 2)).toEqual({ seqs: [], more: false });
      });

      test('stops before its byte limit, but never empty-handed', async () => {
        for (const size of [500, 400, 2000, 10]) {
          await mailbox.accept(sender, send(recipient, [body(1, { ciphertext: bytes(size) })]), now);
        }
        const ask = (after: number) => look(after, { maxEnvelopes: 10, maxBytes: 1000 });
        expect(await ask(0)).toEqual({ seqs: [1, 2], more: true });
        expect(await ask(2)).toEqual({ seqs: [3], more: true });
        expect(await ask(3)).toEqual({ seqs: [4], more: false });
      });

      test('of one device shows nothing of another', async () => {
        const target = await registered([1, 2]);
        await mailbox.accept(sender, send(target, [body(1), body(2)]), now);
        const ids = await Promise.all([1, 2].map((id) => drain(mailbox, deviceOf(target, id))));
        expect(ids[0]?.[0]?.envelope.id).not.toBe(ids[1]?.[0]?.envelope.id);
        expect(ids.map(({ length }) => length)).toEqual([1, 1]);
      });
    });

    describe('acknowledge', () => {
      test('deletes what is named and nothing else; unknown ids and repetition do no harm', async () => {
        for (let sent = 0; sent < 4; sent += 1) await mailbox.accept(sender, send(recipient), now);
        const ids = (await drain(mailbox, inbox)).map(({ envelope }) => envelope.id);
        await mailbox.acknowledge(inbox, [ids[2], ids[0], randomUUID()] as EnvelopeId[]);
        await mailbox.acknowledge(inbox, [ids[0]] as EnvelopeId[]);
        expect((await drain(mailbox, inbox)).map(({ envelope }) => envelope.id)).toEqual([ids[1], ids[3]]);
      });

      test('never deletes from another mailbox', async () => {
        await mailbox.accept(sender, send(recipient), now);
        const [stored] = await drain(mailbox, inbox);
        const id = stored?.envelope.id as EnvelopeId;
        await mailbox.acknowledge(sender, [id]);
        await mailbox.acknowledge(deviceOf(recipient, 2), [id]);
        expect(await mailbox.depth(inbox)).toBe(1);
      });

      test('works beside others that do the same and beside new sends', async () => {
        const sends = Array.from({ length: 200 }, () => mailbox.accept(sender, send(recipient), now));
        await Promise.all(sends);
        const ids = (await drain(mailbox, inbox)).map(({ envelope }) => envelope.id);
        const others = [store.open(), store.open()];
        await Promise.all([
          ...others.flatMap((other) => [
            other.acknowledge(inbox, ids.slice(0, 150)),
            other.acknowledge(inbox, ids.slice(100, 200).reverse()),
          ]),
          ...Array.from({ length: 20 }, () => mailbox.accept(sender, send(recipient), now)),
        ]);
        // Rows that another transaction was deleting are skipped, so that one is waited for here.
        await mailbox.acknowledge(inbox, ids);
        expect(await mailbox.depth(inbox)).toBe(20);
      });

      test('does not give a number away again', async () => {
        await mailbox.accept(sender, send(recipient), now);
        const [first] = await drain(mailbox, inbox);
        await mailbox.acknowledge(inbox, [first?.envelope.id as EnvelopeId]);
        await mailbox.accept(sender, send(recipient), now);
        expect((await drain(mailbox, inbox)).map(({ seq }) => seq)).toEqual([2]);
      });
    });

    describe('sweep', () => {
      test('removes envelopes after 30 days and attempts after 31', async () => {
        const old = send(recipient);
        const young = send(recipient);
        await mailbox.accept(sender, old, now - 30 * dayMs - 1);
        await mailbox.accept(sender, young, now - 30 * dayMs);
        await mailbox.sweep(now);
        const left = await drain(mailbox, inbox);
        expect(left.map(({ envelope }) => envelope.ciphertext)).toEqual([young.bodies[0]?.ciphertext]);
        expect(await mailbox.acceptedBefore(sender, old)).toBe(now - 30 * dayMs - 1);
        const report = await mailbox.sweep(now + dayMs);
        expect(report.finished).toBe(true);
        expect(report.attempts).toBeGreaterThanOrEqual(1);
        expect(await mailbox.acceptedBefore(sender, old)).toBeUndefined();
        expect(await mailbox.acceptedBefore(sender, young)).toBe(now - 30 * dayMs);
      });

      test('goes in batches and says when there is more', async () => {
        await mailbox.sweep(now + 100 * dayMs);
        for (let sent = 0; sent < 7; sent += 1) await mailbox.accept(sender, send(recipient), now);
        const careful = store.open({ sweepBatchRows: 2, maxSweepBatches: 2 });
        const later = now + 100 * dayMs;
        expect(await careful.sweep(later)).toEqual({ envelopes: 4, attempts: 4, finished: false });
        expect(await careful.sweep(later)).toEqual({ envelopes: 3, attempts: 3, finished: true });
      });
    });

    test('a deleted account leaves nothing behind', async () => {
      await mailbox.sweep(now + 100 * dayMs);
      const rows = await store.countRows();
      await mailbox.accept(sender, send(recipient), now);
      await mailbox.accept(inbox, send(sender.accountId), now);
      await store.deleteAccount(recipient);
      await store.deleteAccount(sender.accountId);
      expect(await store.countRows()).toBe(rows);
    });
  });
}
