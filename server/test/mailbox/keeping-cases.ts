/** Keeping envelopes: quota, pages, acknowledgements, expiry. */
import { randomUUID } from 'node:crypto';
import type { EnvelopeId } from '@sotto/sdk/wire';
import { describe, expect } from 'vitest';
import type { MailboxPage } from '../../src/mailbox/mailbox.js';
import {
  body,
  bytes,
  dayMs,
  deviceOf,
  drain,
  now,
  problem,
  send,
  wholePage,
  type SceneTest,
} from './mailbox-suite-kit.js';

export function keepingCases(test: SceneTest): void {
  describe('heads', () => {
    test('say the last place of every device, also when nothing waits there any more', async ({
      mailbox,
      sender,
      registered,
      store,
    }) => {
      const [one, two] = [await registered([1, 2]), await registered()];
      const both = () => send(one, [body(1), body(2)]);
      await mailbox.accept(sender, both(), now);
      await mailbox.accept(sender, both(), now);
      await store.removeDevice(deviceOf(one, 2));
      const ids = (await drain(mailbox, deviceOf(one))).map(({ envelope }) => envelope.id);
      await mailbox.acknowledge(deviceOf(one), { ids, storeSeq: 0 });
      const heads = await mailbox.heads([one, two, randomUUID() as never]);
      expect(new Map(heads.map(({ device, seq }) => [device, seq]))).toEqual(
        new Map([
          [deviceOf(one), 2],
          [deviceOf(two), 0],
        ]),
      );
    });
  });

  describe('quota', () => {
    test('refuses beyond it as a whole, and counts what waits, not what ever came', async ({
      store,
      mailbox,
      sender,
      registered,
    }) => {
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
      await small.acknowledge(deviceOf(target, 1), { ids: [middle?.envelope.id as EnvelopeId], storeSeq: 0 });
      expect(await small.accept(sender, both(), now)).toMatchObject({ kind: 'accepted' });
      await expect(small.accept(sender, both(), now)).rejects.toEqual(problem('mailbox-full'));
    });

    test('lets as many in again, however often the mailbox was filled and emptied', async ({
      store,
      sender,
      recipient,
      inbox,
    }) => {
      const small = store.open({ maxEnvelopesPerMailbox: 3 });
      for (let round = 0; round < 3; round += 1) {
        for (let sent = 0; sent < 3; sent += 1) await small.accept(sender, send(recipient), now);
        await expect(small.accept(sender, send(recipient), now)).rejects.toEqual(problem('mailbox-full'));
        const held = await drain(small, inbox);
        expect(held).toHaveLength(3);
        await small.acknowledge(inbox, { ids: held.map(({ envelope }) => envelope.id), storeSeq: 0 });
      }
    });

    test('holds within one batch', async ({ store, sender, recipient }) => {
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
    test('goes on after a place, at most as many as asked', async ({ mailbox, sender, recipient, look }) => {
      for (let sent = 0; sent < 5; sent += 1) await mailbox.accept(sender, send(recipient), now);
      const ask = (after: number, maxEnvelopes: number) => look(after, { ...wholePage, maxEnvelopes });
      expect(await ask(0, 2)).toEqual({ seqs: [1, 2], more: true });
      expect(await ask(2, 2)).toEqual({ seqs: [3, 4], more: true });
      expect(await ask(3, 2)).toEqual({ seqs: [4, 5], more: false });
      expect(await ask(4, 2)).toEqual({ seqs: [5], more: false });
      expect(await ask(5, 2)).toEqual({ seqs: [], more: false });
    });

    test('stops before its byte limit, but never empty-handed', async ({
      mailbox,
      sender,
      recipient,
      look,
    }) => {
      for (const size of [500, 400, 2000, 10]) {
        await mailbox.accept(sender, send(recipient, [body(1, { ciphertext: bytes(size) })]), now);
      }
      const ask = (after: number) => look(after, { maxEnvelopes: 10, maxBytes: 1000 });
      expect(await ask(0)).toEqual({ seqs: [1, 2], more: true });
      expect(await ask(2)).toEqual({ seqs: [3], more: true });
      expect(await ask(3)).toEqual({ seqs: [4], more: false });
    });

    test('of one device shows nothing of another', async ({ mailbox, sender, registered }) => {
      const target = await registered([1, 2]);
      await mailbox.accept(sender, send(target, [body(1), body(2)]), now);
      const ids = await Promise.all([1, 2].map((id) => drain(mailbox, deviceOf(target, id))));
      expect(ids[0]?.[0]?.envelope.id).not.toBe(ids[1]?.[0]?.envelope.id);
      expect(ids.map(({ length }) => length)).toEqual([1, 1]);
    });
  });

  describe('acknowledge', () => {
    test('takes no other id for the one at its place', async ({ mailbox, sender, recipient, inbox }) => {
      for (let sent = 0; sent < 2; sent += 1) await mailbox.accept(sender, send(recipient), now);
      const ids = (await drain(mailbox, inbox)).map(({ envelope }) => envelope.id);
      // The place is the end of an id: each gets the other's.
      const [first = '', second = ''] = ids as readonly string[];
      const swapped = [first.slice(0, 24) + second.slice(24), second.slice(0, 24) + first.slice(24)];
      await mailbox.acknowledge(inbox, { ids: swapped as EnvelopeId[], storeSeq: 0 });
      expect(await mailbox.depth(inbox)).toBe(2);
      await mailbox.acknowledge(inbox, { ids, storeSeq: 0 });
      expect(await mailbox.depth(inbox)).toBe(0);
    });

    test('deletes what is named and nothing else; unknown ids and repetition do no harm', async ({
      mailbox,
      sender,
      recipient,
      inbox,
    }) => {
      for (let sent = 0; sent < 4; sent += 1) await mailbox.accept(sender, send(recipient), now);
      const ids = (await drain(mailbox, inbox)).map(({ envelope }) => envelope.id);
      await mailbox.acknowledge(inbox, { ids: [ids[2], ids[0], randomUUID()] as EnvelopeId[], storeSeq: 0 });
      await mailbox.acknowledge(inbox, { ids: [ids[0]] as EnvelopeId[], storeSeq: 0 });
      expect((await drain(mailbox, inbox)).map(({ envelope }) => envelope.id)).toEqual([ids[1], ids[3]]);
    });

    test('never deletes from another mailbox', async ({ mailbox, sender, recipient, inbox }) => {
      await mailbox.accept(sender, send(recipient), now);
      const [stored] = await drain(mailbox, inbox);
      const id = stored?.envelope.id as EnvelopeId;
      await mailbox.acknowledge(sender, { ids: [id], storeSeq: 0 });
      await mailbox.acknowledge(deviceOf(recipient, 2), { ids: [id], storeSeq: 0 });
      expect(await mailbox.depth(inbox)).toBe(1);
    });

    test('works beside others that do the same and beside new sends', async ({
      store,
      mailbox,
      sender,
      recipient,
      inbox,
    }) => {
      const sends = Array.from({ length: 200 }, () => mailbox.accept(sender, send(recipient), now));
      await Promise.all(sends);
      const ids = (await drain(mailbox, inbox)).map(({ envelope }) => envelope.id);
      const others = [store.open(), store.open()];
      await Promise.all([
        ...others.flatMap((other) => [
          other.acknowledge(inbox, { ids: ids.slice(0, 150), storeSeq: 0 }),
          other.acknowledge(inbox, { ids: ids.slice(100, 200).reverse(), storeSeq: 0 }),
        ]),
        ...Array.from({ length: 20 }, () => mailbox.accept(sender, send(recipient), now)),
      ]);
      // Rows that another transaction was deleting are skipped, so that one is waited for here.
      await mailbox.acknowledge(inbox, { ids, storeSeq: 0 });
      expect(await mailbox.depth(inbox)).toBe(20);
    });

    test('does not give a number away again', async ({ mailbox, sender, recipient, inbox }) => {
      await mailbox.accept(sender, send(recipient), now);
      const [first] = await drain(mailbox, inbox);
      await mailbox.acknowledge(inbox, { ids: [first?.envelope.id as EnvelopeId], storeSeq: 0 });
      await mailbox.accept(sender, send(recipient), now);
      expect((await drain(mailbox, inbox)).map(({ seq }) => seq)).toEqual([2]);
    });
  });

  describe('what has waited for 30 days', () => {
    test('is not handed out, swept or not, and holds up nothing behind it', async ({
      mailbox,
      sender,
      recipient,
      inbox,
    }) => {
      const sends = [now - 30 * dayMs - 2, now - 30 * dayMs - 1, now - 30 * dayMs, now].map((acceptedAt) => ({
        acceptedAt,
        request: send(recipient),
      }));
      for (const { request, acceptedAt } of sends) await mailbox.accept(sender, request, acceptedAt);
      const young = sends.slice(2).map(({ acceptedAt }) => acceptedAt);
      const acceptedAts = (page: MailboxPage) => page.envelopes.map(({ envelope }) => envelope.acceptedAt);
      const page = await mailbox.page(inbox, 0, wholePage, now);
      expect([acceptedAts(page), page.more]).toEqual([young, false]);
      // Nor does it take the place of what is.
      const first = await mailbox.page(inbox, 0, { ...wholePage, maxEnvelopes: 1 }, now);
      expect([acceptedAts(first), first.more]).toEqual([young.slice(0, 1), true]);
      const later = await mailbox.page(inbox, 0, wholePage, now + 30 * dayMs + 1);
      expect(later).toEqual({ envelopes: [], more: false });
    });
  });

  describe('sweep', () => {
    test('removes envelopes after 30 days and attempts after 31', async ({
      mailbox,
      sender,
      recipient,
      inbox,
    }) => {
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

    test('goes in batches and says when there is more', async ({ store, mailbox, sender, recipient }) => {
      await mailbox.sweep(now + 100 * dayMs);
      for (let sent = 0; sent < 7; sent += 1) await mailbox.accept(sender, send(recipient), now);
      const careful = store.open({ sweepBatchRows: 2, maxSweepBatches: 2 });
      const later = now + 100 * dayMs;
      expect(await careful.sweep(later)).toEqual({ envelopes: 4, attempts: 4, finished: false });
      expect(await careful.sweep(later)).toEqual({ envelopes: 3, attempts: 3, finished: true });
    });
  });

  test('a deleted account leaves nothing behind', async ({ store, mailbox, sender, recipient, inbox }) => {
    await mailbox.sweep(now + 100 * dayMs);
    const rows = await store.countRows();
    await mailbox.accept(sender, send(recipient), now);
    await mailbox.accept(inbox, send(sender.accountId), now);
    await store.deleteAccount(recipient);
    await store.deleteAccount(sender.accountId);
    expect(await store.countRows()).toBe(rows);
  });
}
