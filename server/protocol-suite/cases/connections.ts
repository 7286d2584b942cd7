/** Receiving: handshake, backfill, cutover, live, pages, acknowledgements, replacement. */
import assert from 'node:assert/strict';
import { wireLimits, type EnvelopeId, type SendRequest } from '@sotto/sdk/wire';
import { bytes, type Device } from '../device.js';
import { hex, refusedHandshake, type LiveConnection } from '../live.js';
import type { CaseContext } from '../case-context.js';
import type { World } from '../world.js';

/** Sends one after the other. @returns their ciphertexts in hex */
async function sendMany(world: World, sender: LiveConnection, from: Device, to: Device, count: number) {
  const { reachToken } = await world.sendRequest(from, to);
  const requests = Array.from({ length: count }, (): SendRequest => {
    return { attemptId: bytes(16), recipient: to.accountId, reachToken, storeSeq: 0, bodies: [to.body()] };
  });
  await Promise.all(requests.slice(0, 50).map((request) => sender.mustSend(request)));
  for (let start = 50; start < count; start += 50) {
    await Promise.all(requests.slice(start, start + 50).map((request) => sender.mustSend(request)));
  }
  return requests.map(({ bodies }) => hex(bodies[0]!.ciphertext));
}

const idsOf = (connection: LiveConnection) => connection.received.map(({ id }) => id);

export function connectionCases(context: CaseContext): void {
  handshakeCases(context);
  streamCases(context);
}

function handshakeCases({ world, it }: CaseContext): void {
  it('greets with its time, then backfills, then says that it has caught up', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    await sendMany(world, await world.connect(from), from, to, 3);
    const receiver = await world.connect(to);
    assert.deepEqual(receiver.events, ['connect', 'ready', 'envelopes', 'caught-up']);
    assert.deepEqual(receiver.violations, []);
  });

  it('refuses a handshake that does not fit', async () => {
    const { accessToken } = await world.newcomer();
    const handshakes = [
      undefined,
      {},
      { protocol: 1 },
      { protocol: 2, accessToken },
      { protocol: '1', accessToken },
      { protocol: 1, accessToken, more: true },
      { protocol: 1, accessToken: '' },
      { protocol: 1, accessToken: [accessToken] },
      { protocol: 1, accessToken: 'x'.repeat(wireLimits.maxTokenLength + 1) },
    ];
    for (const handshake of handshakes) {
      assert.equal((await refusedHandshake(world.url, handshake)).code, 'invalid-request');
    }
  });

  it('lets the newest connection of a device win and tells the older one', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    const older = await world.connect(to);
    const newer = await world.connect(to);
    await older.heard('disconnect');
    assert.deepEqual(older.goodbye, { reason: 'replaced' });
    await (await world.connect(from)).mustSend(await world.sendRequest(from, to));
    await newer.receivedCount(1);
    assert.equal(older.received.length, 0);
  });
}

function streamCases({ world, it }: CaseContext): void {
  it('goes from backfill to live without loss, repetition or disorder', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    const sender = await world.connect(from);
    const waiting = await sendMany(world, sender, from, to, 100);
    const receiver = world.begin(to);
    const live = await sendMany(world, sender, from, to, 100);
    await receiver.receivedCount(200);
    assert.deepEqual(receiver.ciphertexts, [...waiting, ...live]);
    assert.equal(new Set(idsOf(receiver)).size, 200);
    assert.equal(receiver.events.filter((event) => event === 'caught-up').length, 1);
    assert.ok(Math.max(...receiver.pageSizes) <= wireLimits.maxEnvelopesPerPage);
  });

  it('stops at the number in flight and goes on when there is room', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    const { maxEnvelopesInFlight: max } = wireLimits;
    const sent = await sendMany(world, await world.connect(from), from, to, max + 5);
    const receiver = world.begin(to);
    await receiver.receivedCount(max);
    // Its reply comes after whatever was pushed before it.
    await receiver.acknowledge(['00000000-0000-4000-8000-000000000000' as EnvelopeId]);
    assert.equal(receiver.received.length, max);
    assert.ok(!receiver.events.includes('caught-up'));
    await receiver.acknowledge(idsOf(receiver).slice(0, 5));
    await receiver.heard('caught-up');
    assert.deepEqual(receiver.ciphertexts, sent);
  });

  it('delivers what was not acknowledged to the next connection again', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    await sendMany(world, await world.connect(from), from, to, 5);
    const first = await world.connect(to);
    const [, second, , fourth] = idsOf(first);
    await first.acknowledge([fourth!, second!]);
    await first.acknowledge([second!]);
    first.close();
    const next = await world.connect(to);
    assert.deepEqual(
      idsOf(next),
      idsOf(first).filter((id) => id !== second && id !== fourth),
    );
  });

  it('lets nobody acknowledge another device’s envelopes', async () => {
    const [from, to, other] = [await world.newcomer(), await world.newcomer(), await world.newcomer()];
    await sendMany(world, await world.connect(from), from, to, 2);
    const receiver = await world.connect(to);
    const ids = idsOf(receiver);
    for (const stranger of [from, other]) await (await world.connect(stranger)).acknowledge(ids);
    assert.equal((await world.mailbox(to)).length, 2);
  });

  it('goes on while another connection neither reads nor acknowledges', async () => {
    const [from, slow, quick] = [await world.newcomer(), await world.newcomer(), await world.newcomer()];
    const sender = await world.connect(from);
    const idle = world.begin(slow);
    await sendMany(world, sender, from, slow, wireLimits.maxEnvelopesInFlight + 20);
    const receiver = await world.connect(quick);
    const sent = await sendMany(world, sender, from, quick, 20);
    await receiver.receivedCount(20);
    assert.deepEqual(receiver.ciphertexts, sent);
    assert.ok(idle.connected);
  });
}
