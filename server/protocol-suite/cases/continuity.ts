/** Resuming: states that go on, older ones, copies, and what was shown with sends and acknowledgements. */
import assert from 'node:assert/strict';
import type { ResumeRequest, ResumeResponse } from '@sotto/sdk/wire';
import { bytes, type Device } from '../device.js';
import type { CaseContext } from '../case-context.js';
import type { LiveConnection } from '../live.js';

const first: ResumeRequest = { generation: 1, storeSeq: 3, continuation: null };

/** A device whose state the relay knows, and what it was given. */
async function known({ world }: CaseContext) {
  const device = await world.newcomer();
  const connection = await world.connect(device);
  const { continuation } = await connection.resume(first);
  return { device, connection, state: { ...first, continuation } };
}

async function verdictOf(connection: LiveConnection, shown: ResumeRequest): Promise<string> {
  return (await connection.resume(shown)).verdict;
}

/** The device connects anew and shows a state. */
async function verdictLater({ world }: CaseContext, device: Device, shown: ResumeRequest): Promise<string> {
  return verdictOf(await world.connect(device), shown);
}

export function continuityCases(context: CaseContext): void {
  const { world, it } = context;

  it('lets a state go on from connection to connection, whatever it did between', async () => {
    const device = await world.newcomer();
    let state = first;
    const given = new Set<string>();
    for (let round = 0; round < 4; round += 1) {
      const answer: ResumeResponse = await (await world.connect(device)).resume(state);
      assert.equal(answer.verdict, 'continued');
      assert.deepEqual([answer.generation, answer.storeSeq], [1, state.storeSeq]);
      given.add(String(answer.continuation));
      state = { ...state, storeSeq: state.storeSeq + round, continuation: answer.continuation };
    }
    assert.equal(given.size, 4);
  });

  it('takes the last bytes but one as long as their answer may have been lost', async () => {
    const { device, state } = await known(context);
    for (let lost = 0; lost < 3; lost += 1) {
      assert.equal(await verdictLater(context, device, state), 'continued');
    }
    const newcomer = await world.newcomer();
    for (let lost = 0; lost < 3; lost += 1) {
      assert.equal(await verdictLater(context, newcomer, first), 'continued');
    }
  });

  it('knows a copy by bytes that were followed by others', async () => {
    const { device, connection, state } = await known(context);
    const { continuation } = await connection.resume(state);
    const request = await world.sendRequest(device, await world.person());
    await connection.mustSend({ ...request, storeSeq: state.storeSeq + 1 });
    assert.equal(await verdictLater(context, device, { ...state, storeSeq: 100 }), 'cloned');
    // The other has them no more either: of two that run, neither is left unnoticed.
    const other = { ...state, storeSeq: 101, continuation };
    assert.equal(await verdictLater(context, device, other), 'cloned');
    assert.equal(await verdictLater(context, device, { ...first, storeSeq: 102 }), 'cloned');
    assert.equal(
      await verdictLater(context, device, { ...state, storeSeq: 103, continuation: bytes(16) }),
      'cloned',
    );
  });

  it('knows an older state by what came with an accepted send', async () => {
    const { device, connection, state } = await known(context);
    const request = await world.sendRequest(device, await world.person());
    await connection.mustSend({ ...request, storeSeq: 20 });
    await connection.mustSend({ ...(await world.sendRequest(device, await world.person())), storeSeq: 18 });
    const answer = await (await world.connect(device)).resume({ ...state, storeSeq: 19 });
    assert.deepEqual([answer.verdict, answer.generation, answer.storeSeq], ['rolled-back', 1, 20]);
  });

  it('knows an older state by what came with a send that was refused: its ciphertexts were seen', async () => {
    const { device, connection, state } = await known(context);
    const person = await world.person();
    const request = await world.sendRequest(device, person);
    const closed = { ...request, reachToken: person.accessToken, storeSeq: 20 };
    assert.equal(await connection.refusedSend(closed), 'introduction-required');
    const { verdict, continuation } = await (await world.connect(device)).resume({ ...state, storeSeq: 19 });
    assert.equal(verdict, 'rolled-back');
    const anew = await world.connect(device);
    const next = await anew.resume({ generation: 2, storeSeq: 21, continuation });
    const elsewhere = request.bodies.map((body) => ({ ...body, deviceId: 2 as typeof body.deviceId }));
    const reply = await anew.send({ ...request, bodies: elsewhere, storeSeq: 30 });
    assert.ok(reply.ok && reply.response.kind === 'device-mismatch');
    const older = { generation: 2, storeSeq: 29, continuation: next.continuation };
    assert.equal(await verdictLater(context, device, older), 'rolled-back');
  });

  it('knows a copy by what its other has sent in vain', async () => {
    const { device, connection, state } = await known(context);
    const { continuation } = await connection.resume(state);
    const request = await world.sendRequest(device, await world.person());
    await connection.refusedSend({
      ...request,
      reachToken: device.accessToken,
      storeSeq: state.storeSeq + 1,
    });
    assert.equal(await verdictLater(context, device, { ...state, storeSeq: 100 }), 'cloned');
    assert.equal(await verdictLater(context, device, { ...state, storeSeq: 101, continuation }), 'cloned');
  });

  it('knows an older state by what came with an acknowledgement', async () => {
    const { device, connection, state } = await known(context);
    const sender = await world.person();
    await (await world.connect(sender)).mustSend(await world.sendRequest(sender, device));
    await connection.receivedCount(1);
    await connection.acknowledge(
      connection.received.map(({ id }) => id),
      30,
    );
    assert.equal(await verdictLater(context, device, { ...state, storeSeq: 29 }), 'rolled-back');
  });

  it('answers a repeated attempt as before, however far its device has come since', async () => {
    const { device, connection, state } = await known(context);
    const request = await world.sendRequest(device, await world.person());
    const { acceptedAt } = await connection.mustSend({ ...request, storeSeq: 5 });
    assert.equal((await connection.mustSend({ ...request, storeSeq: 9 })).acceptedAt, acceptedAt);
    assert.equal(await verdictLater(context, device, { ...state, storeSeq: 5 }), 'continued');
  });

  it('lets a device begin anew with a higher generation, and no older one come after it', async () => {
    const { device, connection, state } = await known(context);
    const request = await world.sendRequest(device, await world.person());
    await connection.mustSend({ ...request, storeSeq: 50 });
    const answer = await connection.resume({ ...state, storeSeq: 10 });
    assert.equal(answer.verdict, 'rolled-back');
    const anew = { generation: 2, storeSeq: answer.storeSeq + 1, continuation: answer.continuation };
    const { verdict, continuation } = await connection.resume(anew);
    assert.equal(verdict, 'continued');
    assert.equal(await verdictLater(context, device, { ...anew, storeSeq: 60, continuation }), 'continued');
    const older = await (await world.connect(device)).resume({ ...state, storeSeq: 70 });
    assert.deepEqual([older.verdict, older.generation], ['cloned', 2]);
  });

  it('keeps devices apart', async () => {
    const [one, other] = [await known(context), await known(context)];
    assert.equal(await verdictOf(one.connection, other.state), 'cloned');
    assert.equal(await verdictOf(other.connection, other.state), 'continued');
  });
}
