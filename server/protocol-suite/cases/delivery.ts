/** Sending: acceptance, idempotency, device sets, order. */
import assert from 'node:assert/strict';
import type { DeviceId, SendBody, SendRequest } from '@sotto/sdk/wire';
import { bytes, Device } from '../device.js';
import { hex } from '../live.js';
import type { CaseContext } from '../case-context.js';

const cipher = ({ bodies }: SendRequest) => hex(bodies[0]!.ciphertext);

export function deliveryCases(context: CaseContext): void {
  acceptanceCases(context);
  idempotencyCases(context);
}

function acceptanceCases({ world, it }: CaseContext): void {
  it('delivers a send to the recipient’s device, unchanged', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    const [sender, receiver] = [await world.connect(from), await world.connect(to)];
    const request = await world.sendRequest(from, to, [
      to.body({ kind: 'prekey', ciphertext: bytes(96 * 1024) }),
    ]);
    const { acceptedAt } = await sender.mustSend(request);
    await receiver.receivedCount(1);
    const [{ id, ciphertext, ...rest }] = receiver.received as [(typeof receiver.received)[0]];
    assert.deepEqual(rest, { sender: from.address, kind: 'prekey', acceptedAt });
    assert.equal(hex(ciphertext), cipher(request));
    await receiver.acknowledge([id]);
    assert.deepEqual(await world.mailbox(to), []);
  });

  it('opens the way for later sends with the delivery token', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    const sender = await world.connect(from);
    const first = await sender.mustSend(await world.sendRequest(from, to));
    const next = { ...(await world.sendRequest(from, to)), reachToken: first.deliveryToken };
    await sender.mustSend(next);
    // It opens one way for one account only.
    const back = await world.connect(to);
    const reverse = { ...next, recipient: from.accountId, bodies: [from.body()], attemptId: bytes(16) };
    assert.equal(await back.refusedSend(reverse), 'introduction-required');
  });

  it('answers an account that does not exist like a token that opens nothing', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    const sender = await world.connect(from);
    const request = await world.sendRequest(from, to);
    const toNobody = await sender.send({ ...request, recipient: new Device().accountId });
    const withoutToken = await sender.send({ ...request, reachToken: 'x' });
    assert.deepEqual(toNobody, withoutToken);
    assert.ok(!toNobody.ok && toNobody.problem.code === 'introduction-required');
  });

  it('says missing, extra and stale devices as data and consumes nothing', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    const sender = await world.connect(from);
    const request = await world.sendRequest(from, to);
    const mismatch = async (bodies: SendBody[]) => {
      const reply = await sender.send({ ...request, bodies });
      assert.ok(reply.ok && reply.response.kind === 'device-mismatch');
      const { missing, extra, stale } = reply.response;
      return { missing, extra, stale };
    };
    const other = to.body({ deviceId: 9 as DeviceId });
    const stale = to.body({ registrationId: (to.registrationId % 16_380) + 1 });
    assert.deepEqual(await mismatch([other]), { missing: [1], extra: [9], stale: [] });
    assert.deepEqual(await mismatch([stale]), { missing: [], extra: [], stale: [1] });
    assert.deepEqual(await mismatch([stale, other]), { missing: [], extra: [9], stale: [1] });
    assert.deepEqual(await world.mailbox(to), []);
    await sender.mustSend(request);
    assert.equal((await world.mailbox(to)).length, 1);
  });

  it('refuses two bodies for one device', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    const sender = await world.connect(from);
    const request = await world.sendRequest(from, to, [to.body(), to.body()]);
    assert.equal(await sender.refusedSend(request), 'invalid-request');
  });

  it('keeps the order of what one connection sends without waiting', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    const [sender, receiver] = [await world.connect(from), await world.connect(to)];
    const { reachToken } = await world.sendRequest(from, to);
    const requests = Array.from({ length: 50 }, () => ({
      attemptId: bytes(16),
      storeSeq: 0,
      recipient: to.accountId,
      reachToken,
      bodies: [to.body()],
    }));
    await Promise.all(requests.map((request) => sender.mustSend(request)));
    await receiver.receivedCount(50);
    assert.deepEqual(receiver.ciphertexts, requests.map(cipher));
  });
}

function idempotencyCases({ world, it }: CaseContext): void {
  it('accepts one attempt once, however often and from wherever it is sent', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    const request = await world.sendRequest(from, to);
    const sender = await world.connect(from);
    const answers = await Promise.all(Array.from({ length: 10 }, () => sender.mustSend(request)));
    const again = await (await world.connect(from)).mustSend(request);
    assert.deepEqual(new Set([...answers, again].map(({ acceptedAt }) => acceptedAt)).size, 1);
    assert.equal((await world.mailbox(to)).length, 1);
  });

  it('accepts it once after the envelope was acknowledged, too', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    const [sender, receiver] = [await world.connect(from), await world.connect(to)];
    const request = await world.sendRequest(from, to);
    await sender.mustSend(request);
    await receiver.receivedCount(1);
    await receiver.acknowledge(receiver.received.map(({ id }) => id));
    await sender.mustSend(request);
    assert.deepEqual(await world.mailbox(to), []);
  });

  it('answers a repeated attempt before it looks at token and devices', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    const sender = await world.connect(from);
    const request = await world.sendRequest(from, to);
    const first = await sender.mustSend(request);
    const again = await sender.mustSend({ ...request, reachToken: 'expired' });
    assert.equal(again.acceptedAt, first.acceptedAt);
  });

  it('refuses an attempt id that was used for other content, and stores nothing', async () => {
    const [from, to, third] = [await world.newcomer(), await world.newcomer(), await world.newcomer()];
    const sender = await world.connect(from);
    const request = await world.sendRequest(from, to);
    await sender.mustSend(request);
    const before = await world.view(to);
    const others: SendRequest[] = [
      { ...request, bodies: [to.body()] },
      { ...request, bodies: [{ ...request.bodies[0]!, kind: 'prekey' }] },
      { ...(await world.sendRequest(from, third)), attemptId: request.attemptId },
    ];
    for (const other of others) assert.equal(await sender.refusedSend(other), 'idempotency-conflict');
    assert.deepEqual(await world.view(to), before);
    assert.deepEqual(await world.mailbox(third), []);
  });

  it('keeps the attempts of different devices apart', async () => {
    const [from, other, to] = [await world.newcomer(), await world.newcomer(), await world.newcomer()];
    const request = await world.sendRequest(from, to);
    await (await world.connect(from)).mustSend(request);
    const { reachToken } = await world.sendRequest(other, to);
    await (await world.connect(other)).mustSend({ ...request, reachToken });
    assert.equal((await world.mailbox(to)).length, 2);
  });
}
