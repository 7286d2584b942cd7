/** Accepting sends: durability, order, device sets, idempotency. */
import type { AccountId, DeviceAddress, EnvelopeId, SendBody } from '@sotto/sdk/wire';
import { describe, expect } from 'vitest';
import type { AcceptOutcome, Mailbox } from '../../src/mailbox/mailbox.js';
import {
  body,
  bytes,
  dayMs,
  deviceOf,
  drain,
  newAccount,
  now,
  problem,
  send,
  type SceneTest,
  wholePage,
} from './mailbox-suite-kit.js';

export function sendingCases(test: SceneTest): void {
  describe('accept', () => {
    test('stores one envelope per device with the bytes unchanged', async ({
      mailbox,
      sender,
      registered,
    }) => {
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

    test('hands over what is new in which mailbox, as the mailbox has it', async ({
      mailbox,
      sender,
      registered,
    }) => {
      const target = await registered([1, 2]);
      const devices = [deviceOf(target, 1), deviceOf(target, 2)];
      for (const seq of [1, 2]) {
        const outcome = await mailbox.accept(sender, send(target, [body(1), body(2)]), now);
        const stored = await Promise.all(
          devices.map((device) => mailbox.page(device, seq - 1, wholePage, now)),
        );
        const expected = devices.map((to, index) => ({ to, ...stored[index]?.envelopes[0] }));
        expect(expected.map((one) => one.seq)).toEqual([seq, seq]);
        expect(outcome).toMatchObject({ delivered: expected });
      }
    });

    test('is durable once it has answered: another mailbox over the same data sees it', async ({
      store,
      mailbox,
      sender,
      recipient,
      inbox,
    }) => {
      await mailbox.accept(sender, send(recipient), now);
      expect(await drain(store.open(), inbox)).toHaveLength(1);
    });

    test('keeps the order of one sender when nothing is awaited', async ({
      mailbox,
      sender,
      recipient,
      inbox,
    }) => {
      const requests = Array.from({ length: 300 }, () => send(recipient));
      await Promise.all(requests.map((request) => mailbox.accept(sender, request, now)));
      const stored = await drain(mailbox, inbox);
      expect(stored.map(({ envelope }) => envelope.ciphertext)).toEqual(
        requests.map(({ bodies }) => bodies[0]?.ciphertext),
      );
    });

    test('numbers without gap or repetition when several processes and senders write at once', async ({
      store,
      mailbox,
      sender,
      recipient,
      inbox,
      registered,
    }) => {
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

    test('takes ciphertexts of the largest size, many at once', async ({
      mailbox,
      sender,
      recipient,
      inbox,
    }) => {
      const large = () => send(recipient, [body(1, { ciphertext: bytes(96 * 1024) })]);
      const requests = Array.from({ length: 60 }, large);
      await Promise.all(requests.map((request) => mailbox.accept(sender, request, now)));
      expect(await drain(mailbox, inbox)).toHaveLength(60);
    });

    test('answers an unknown and a deleted account like a token that opens nothing', async ({
      store,
      mailbox,
      sender,
      recipient,
    }) => {
      await store.deleteAccount(recipient);
      for (const target of [recipient, newAccount()]) {
        await expect(mailbox.accept(sender, send(target), now)).rejects.toEqual(
          problem('introduction-required'),
        );
      }
    });

    test('refuses a sending device that is gone', async ({ store, mailbox, sender, recipient, inbox }) => {
      await store.deleteAccount(sender.accountId);
      await expect(mailbox.accept(sender, send(recipient), now)).rejects.toEqual(problem('unauthorized'));
      expect(await mailbox.depth(inbox)).toBe(0);
    });

    test('refuses two bodies for one device', async ({ mailbox, sender, recipient }) => {
      const request = send(recipient, [body(1), body(1)]);
      await expect(mailbox.accept(sender, request, now)).rejects.toEqual(problem('invalid-request'));
    });

    test('leaves out the sending device when an account writes to itself', async ({
      store,
      mailbox,
      sender,
    }) => {
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

    test('lets one refused send of a batch not touch the others', async ({
      mailbox,
      sender,
      recipient,
      inbox,
    }) => {
      const sends = [send(recipient), send(newAccount()), send(recipient, [body(9)]), send(recipient)];
      const outcomes = await Promise.allSettled(sends.map((one) => mailbox.accept(sender, one, now)));
      expect(outcomes.map((one) => (one.status === 'fulfilled' ? one.value.kind : one.reason.code))).toEqual([
        'accepted',
        'introduction-required',
        'device-mismatch',
        'accepted',
      ]);
      expect(await mailbox.depth(inbox)).toBe(2);
    });
  });

  describe('device mismatch', () => {
    test('says missing, extra and stale, and consumes nothing', async ({
      store,
      mailbox,
      sender,
      registered,
    }) => {
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

    test('is not asked of an attempt that was accepted before the devices changed', async ({
      store,
      mailbox,
      sender,
      recipient,
    }) => {
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
    test('accepts the same attempt once, with its first answer, also after the envelope is gone', async ({
      mailbox,
      sender,
      recipient,
      inbox,
    }) => {
      const request = send(recipient);
      await mailbox.accept(sender, request, now);
      const again = await mailbox.accept(sender, { ...request, reachToken: 'fresher' }, now + 9);
      expect(again).toEqual({ kind: 'accepted', acceptedAt: now, repeated: true, delivered: [] });
      const [stored] = await drain(mailbox, inbox);
      await mailbox.acknowledge(inbox, { ids: [stored?.envelope.id as EnvelopeId], storeSeq: 0 });
      await mailbox.accept(sender, request, now + dayMs);
      expect(await mailbox.depth(inbox)).toBe(0);
    });

    test('accepts once however many processes are asked at the same time', async ({
      store,
      mailbox,
      sender,
      recipient,
      inbox,
    }) => {
      const request = send(recipient);
      const mailboxes = Array.from({ length: 4 }, () => store.open());
      const asked = Array.from({ length: 40 }, (_, index) => mailboxes[index % 4] as Mailbox);
      const outcomes = await Promise.all(asked.map((one) => one.accept(sender, request, now)));
      const firsts = outcomes.filter((one: AcceptOutcome) => one.kind === 'accepted' && !one.repeated);
      expect(firsts).toHaveLength(1);
      expect(await mailbox.depth(inbox)).toBe(1);
    });

    test('refuses the id for other content: another body, another recipient, other order', async ({
      mailbox,
      sender,
      recipient,
      registered,
    }) => {
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

    test('refuses the id for other content when two processes are asked at once', async ({
      store,
      mailbox,
      sender,
      recipient,
      inbox,
    }) => {
      const requests = Array.from({ length: 12 }, () => ({
        ...send(recipient),
        attemptId: new Uint8Array(16),
        storeSeq: 0,
      }));
      const outcomes = await Promise.allSettled(
        requests.map((request) => store.open().accept(sender, request, now)),
      );
      const refused = outcomes.filter((one) => one.status === 'rejected').map((one) => one.reason.code);
      expect(refused).toEqual(Array.from({ length: 11 }, () => 'idempotency-conflict'));
      expect(await mailbox.depth(inbox)).toBe(1);
    });

    test('keeps the attempt ids of devices apart', async ({
      mailbox,
      sender,
      recipient,
      inbox,
      registered,
    }) => {
      const other = deviceOf(await registered());
      const request = send(recipient);
      await mailbox.accept(sender, request, now);
      expect(await mailbox.accept(other, request, now)).toMatchObject({ repeated: false });
      expect(await mailbox.depth(inbox)).toBe(2);
    });

    test('tells when an attempt was accepted, and only to the device that made it', async ({
      mailbox,
      sender,
      recipient,
      inbox,
    }) => {
      const request = send(recipient);
      expect(await mailbox.acceptedBefore(sender, request)).toBeUndefined();
      await mailbox.accept(sender, request, now);
      expect(await mailbox.acceptedBefore(sender, request)).toBe(now);
      expect(await mailbox.acceptedBefore(inbox, request)).toBeUndefined();
      const other = { ...request, bodies: [body(1)] };
      await expect(mailbox.acceptedBefore(sender, other)).rejects.toEqual(problem('idempotency-conflict'));
    });
  });
}
