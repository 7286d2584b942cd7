/** A new device in the place of one that is gone, by the identity's signature. */
import assert from 'node:assert/strict';
import type { DeviceId, RequestOf, TokenPair } from '@sotto/sdk/wire';
import { bytes, Device } from '../device.js';
import { hex } from '../live.js';
import type { CaseContext } from '../case-context.js';
import type { World } from '../world.js';

type Replace = Omit<RequestOf<'accounts.replace-device'>, 'proof'>;

const operation = 'accounts.replace-device';

async function ask(world: World, signer: Device, change: Replace): Promise<TokenPair> {
  return world.api.must(operation, await world.proveAsIdentity(signer, operation, change));
}

/** Puts a successor into a device's place. */
async function replaced(world: World, old: Device, deviceId = 2): Promise<Device> {
  const successor = old.successor(deviceId);
  successor.tokens = await ask(world, old, old.replacement(successor, (await world.stateOf(old)).manifest));
  return successor;
}

export function recoveryCases({ world, it }: CaseContext): void {
  stateCases({ world, it });
  exchangeCases({ world, it });
  oldDeviceCases({ world, it });
  refusalCases({ world, it });
}

type Cases = Pick<CaseContext, 'world' | 'it'>;

function stateCases({ world, it }: Cases): void {
  it('shows an account to its identity key alone', async () => {
    const [device, other] = [await world.person(), await world.newcomer()];
    const { accountId } = device;
    const { statement, manifest, relayTime } = await world.stateOf(device);
    const view = await world.view(device);
    assert.deepEqual([statement, manifest], [view.statement, view.manifest]);
    assert.ok(Math.abs(relayTime - Date.now()) < 24 * 60 * 60 * 1000);
    const name = 'accounts.state';
    const forgeries = [
      await world.proveAsIdentity(other, name, { accountId }),
      // The device's own key is not the identity.
      await world.prove(device, name, { accountId }),
      await world.proveAsIdentity(device, 'accounts.delete', { accountId }),
      await world.proveAsIdentity(device, name, { accountId: new Device().accountId }),
    ];
    for (const forgery of forgeries) await world.api.refused(name, forgery, 'proof-refused');
    const good = await world.proveAsIdentity(device, name, { accountId });
    await world.api.must(name, good);
    await world.api.refused(name, good, 'proof-refused');
  });
}

function exchangeCases({ world, it }: Cases): void {
  it('puts a new device in the place of the old one, with what waits for it, in order', async () => {
    const [old, friend] = [await world.person(), await world.newcomer()];
    const live = await world.connect(friend);
    const bodies = [old.body(), old.body(), old.body()];
    for (const body of bodies) await live.mustSend(await world.sendRequest(friend, old, [body]));
    const before = await world.mailbox(old);
    const successor = await replaced(world, old);
    assert.deepEqual(await world.mailbox(successor), before);
    assert.deepEqual(
      before.map((line) => line.split(' ')[1]),
      bodies.map(({ ciphertext }) => hex(ciphertext)),
    );
    const status = await world.api.must('keys.status', {}, successor.accessToken);
    assert.deepEqual(status, { oneTime: 0, kemOneTime: 0, signedId: null, kemLastResortId: null });
    // From here on it is the device that others find, and what is new comes behind what waited.
    const mismatch = await live.send(await world.sendRequest(friend, old));
    assert.deepEqual(mismatch, {
      ok: true,
      response: { kind: 'device-mismatch', missing: [2], extra: [1], stale: [] },
    });
    const late = successor.body();
    await live.mustSend(await world.sendRequest(friend, successor, [late]));
    const after = await world.mailbox(successor);
    assert.deepEqual(after.slice(0, 3), before);
    assert.equal(after[3]?.split(' ')[1], hex(late.ciphertext));
    const connection = await world.connect(successor);
    const ids = connection.received.map(({ id }) => id);
    // The state of the device before is no measure for this one.
    const { verdict } = await connection.resume({ generation: 2, storeSeq: 0, continuation: null });
    assert.equal(verdict, 'continued');
    await connection.acknowledge(ids);
    assert.deepEqual(await world.mailbox(successor), []);
  });

  it('measures a new device by nothing that the old one has shown', async () => {
    const [old, friend] = [await world.person(), await world.person()];
    const connection = await world.connect(old);
    await (await world.connect(friend)).mustSend(await world.sendRequest(friend, old));
    await connection.mustSend({ ...(await world.sendRequest(old, friend)), storeSeq: 20 });
    await connection.receivedCount(1);
    await connection.acknowledge(
      connection.received.map(({ id }) => id),
      30,
    );
    const successor = await replaced(world, old);
    const first = await (
      await world.connect(successor)
    ).resume({ generation: 2, storeSeq: 1, continuation: null });
    assert.equal(first.verdict, 'continued');
    const { continuation } = first;
    const next = await (await world.connect(successor)).resume({ generation: 2, storeSeq: 2, continuation });
    assert.equal(next.verdict, 'continued');
  });

  it('answers the very same exchange again, because a reply may be lost', async () => {
    const old = await world.person();
    const successor = old.successor(2);
    const change = old.replacement(successor, (await world.stateOf(old)).manifest);
    for (let time = 0; time < 3; time += 1) successor.tokens = await ask(world, old, change);
    await world.api.must('keys.status', {}, successor.accessToken);
    assert.deepEqual((await world.stateOf(old)).manifest, change.manifest);
  });

  it('lets one of two restores win, and tells the other', async () => {
    const old = await world.person();
    const { manifest } = await world.stateOf(old);
    const rivals = [2, 3, 4].map((deviceId) => old.successor(deviceId));
    const changes = rivals.map((rival) => old.replacement(rival, manifest));
    const requests = await Promise.all(
      changes.map((change) => world.proveAsIdentity(old, operation, change)),
    );
    const answers = await Promise.all(requests.map((request) => world.api.call(operation, request)));
    const won = answers.flatMap((answer, index) => (answer.ok ? [index] : []));
    assert.equal(won.length, 1);
    for (const answer of answers) if (!answer.ok) assert.equal(answer.problem.code, 'manifest-conflict');
    assert.deepEqual((await world.stateOf(old)).manifest, changes[won[0] as number]?.manifest);
  });
}

function oldDeviceCases({ world, it }: Cases): void {
  it('sends the old device away, tells it why, and takes nothing from it', async () => {
    const [old, friend] = [await world.person(), await world.person()];
    const live = await world.connect(old);
    await live.mustSend(await world.sendRequest(old, friend));
    await live.resume({ generation: 1, storeSeq: 7, continuation: null });
    await replaced(world, old);
    await live.heard('disconnect');
    assert.deepEqual(live.goodbye, { reason: 'signed-out' });
    await world.api.refused('keys.status', {}, 'unauthorized', old.accessToken);
    await world.api.refused('auth.refresh', old.refreshRequest(), 'device-replaced');
    const { username, loginKey, deviceId } = old;
    const login = await world.prove(old, 'auth.login', { username, loginKey, deviceId });
    await world.api.refused('auth.login', login, 'device-replaced');
    // Who has its token or its password alone, and not its key, hears what everybody does.
    const thief = new Device();
    const stolen = thief.refreshRequest(old.tokens.refreshToken);
    await world.api.refused('auth.refresh', stolen, 'refresh-refused');
    const guess = await world.prove(thief, 'auth.login', { username, loginKey, deviceId });
    await world.api.refused('auth.login', guess, 'login-refused');
    const wrong = await world.prove(old, 'auth.login', { username, loginKey: bytes(32), deviceId });
    await world.api.refused('auth.login', wrong, 'login-refused');
    assert.equal((await world.mailbox(friend)).length, 1);
  });
}

function refusalCases({ world, it }: Cases): void {
  it('refuses lists that do not follow the one in force by that exchange alone', async () => {
    const [old, other] = [await world.person(), await world.newcomer()];
    const { manifest } = await world.stateOf(old);
    const successor = old.successor(2);
    const good = old.replacement(successor, manifest);
    const [device] = good.manifest.devices;
    assert.ok(device);
    const listed = (devices: (typeof manifest)['devices']) =>
      old.replacement(successor, manifest, { devices });
    const conflicts: Record<string, Replace> = {
      'a version left out': old.replacement(successor, manifest, { version: manifest.version + 2 }),
      'another past': old.replacement(successor, manifest, { previousHash: bytes(32) }),
      'another device that goes': { ...good, replaces: 9 as DeviceId },
      'another device that comes': { ...good, deviceId: 9 as DeviceId },
      'the old one that stays': listed([...manifest.devices, device]),
      'two that come': listed([device, { ...device, deviceId: 3 as DeviceId }]),
      'the old one under the same number': old.replacement(old.successor(1), manifest),
    };
    for (const [what, change] of Object.entries(conflicts)) {
      const request = await world.proveAsIdentity(old, operation, change);
      const { code } = await world.api.refused(operation, request, 'manifest-conflict');
      assert.equal(code, 'manifest-conflict', what);
    }
    const forged = { ...good, manifest: { ...good.manifest, signature: bytes(64) } };
    await world.api.refused(
      operation,
      await world.proveAsIdentity(old, operation, forged),
      'signature-refused',
    );
    for (const request of [
      await world.prove(old, operation, good),
      await world.proveAsIdentity(other, operation, good),
    ]) {
      await world.api.refused(operation, request, 'proof-refused');
    }
    assert.deepEqual((await world.stateOf(old)).manifest, manifest);
    await world.api.must('keys.status', {}, old.accessToken);
  });

  it('lets a device id rest', async () => {
    const old = await world.person();
    const second = await replaced(world, old, 2);
    const { manifest } = await world.stateOf(old);
    const change = second.replacement(second.successor(1), manifest);
    const request = await world.proveAsIdentity(old, operation, change);
    await world.api.refused(operation, request, 'device-id-taken');
    assert.deepEqual((await world.stateOf(old)).manifest, manifest);
    await replaced(world, second, 3);
  });
}
