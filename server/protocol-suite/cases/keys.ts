/** Upload, status and handing out of pre-keys. */
import assert from 'node:assert/strict';
import { wireLimits, type DeviceId, type PreKeyUpload } from '@sotto/sdk/wire';
import { bytes, Device } from '../device.js';
import type { CaseContext } from '../case-context.js';
import type { World } from '../world.js';

const upload = (world: World, device: Device, keys: PreKeyUpload) =>
  world.proven(device, 'keys.upload', { keys });
const statuses = ({ results }: { results: readonly { status: string }[] }) =>
  results.map(({ status }) => status);

async function bundleOf(
  world: World,
  asker: Device,
  owner: Device,
  deviceIds: DeviceId[] = [owner.deviceId],
) {
  const reachToken = await world.introduction(asker, owner);
  return world.api.must(
    'keys.bundle',
    { accountId: owner.accountId, reachToken, deviceIds },
    asker.accessToken,
  );
}

export function keyCases(context: CaseContext): void {
  uploadCases(context);
  bundleCases(context);
}

function uploadCases({ world, it }: CaseContext): void {
  it('stores keys once, however often they are uploaded', async () => {
    const device = await world.newcomer();
    const keys = {
      signed: device.signedPreKey(7),
      kemLastResort: device.kemPreKey(8),
      oneTime: [device.oneTimePreKey(1), device.oneTimePreKey(2)],
      kemOneTime: [device.kemPreKey(1)],
    };
    const first = await upload(world, device, keys);
    assert.deepEqual(new Set(statuses(first)), new Set(['stored']));
    assert.deepEqual(first.status, { oneTime: 2, kemOneTime: 1, signedId: 7, kemLastResortId: 8 });
    const again = await upload(world, device, keys);
    assert.deepEqual(new Set(statuses(again)), new Set(['unchanged']));
    assert.deepEqual(await world.api.must('keys.status', {}, device.accessToken), first.status);
  });

  it('judges key by key: a bad one does not block the others', async () => {
    const device = await world.newcomer();
    const good = device.oneTimePreKey(1);
    await upload(world, device, { oneTime: [good] });
    const kem = device.kemPreKey(5);
    const { results } = await upload(world, device, {
      signed: { ...device.signedPreKey(1), signature: bytes(64) },
      kemLastResort: new Device().kemPreKey(9),
      oneTime: [device.oneTimePreKey(1), device.oneTimePreKey(2), { id: 3, publicKey: new Uint8Array(33) }],
      kemOneTime: [kem, { ...device.kemPreKey(6), signature: kem.signature }],
    });
    const verdict = (kind: string, id: number) =>
      results.find((one) => one.kind === kind && one.id === id)?.status;
    assert.equal(results.length, 7);
    assert.equal(verdict('signed', 1), 'invalid');
    assert.equal(verdict('kem-last-resort', 9), 'invalid');
    assert.equal(verdict('one-time', 1), 'conflict');
    assert.equal(verdict('one-time', 2), 'stored');
    assert.equal(verdict('one-time', 3), 'invalid');
    assert.equal(verdict('kem-one-time', 5), 'stored');
    assert.equal(verdict('kem-one-time', 6), 'invalid');
  });

  it('keeps no more one-time keys than the limit and says which did not fit', async () => {
    const device = await world.newcomer();
    const { maxPreKeysPerDevice: max } = wireLimits;
    const keys = Array.from({ length: max }, (_, index) => device.oneTimePreKey(index));
    const first = await upload(world, device, { oneTime: keys });
    assert.equal(first.status.oneTime, max);
    const { results, status } = await upload(world, device, {
      oneTime: [keys[0]!, device.oneTimePreKey(max)],
    });
    assert.deepEqual(statuses({ results }), ['unchanged', 'full']);
    assert.equal(status.oneTime, max);
  });

  it('needs the device’s own signature: a token alone changes no key', async () => {
    const [device, thief] = [await world.person(), new Device()];
    const before = await world.view(device);
    const request = { keys: { oneTime: [device.oneTimePreKey(90)] } };
    const forged = await world.prove(thief, 'keys.upload', request);
    await world.api.refused('keys.upload', forged, 'proof-refused', device.accessToken);
    const other = await world.person();
    const own = await world.prove(device, 'keys.upload', request);
    await world.api.refused('keys.upload', own, 'proof-refused', other.accessToken);
    assert.deepEqual(await world.view(device), before);
  });

  it('replaces the signed and the last-resort key', async () => {
    const [device, asker] = [await world.newcomer(), await world.newcomer()];
    const [signed, kemLastResort] = [device.signedPreKey(2), device.kemPreKey(2_000)];
    await upload(world, device, { signed, kemLastResort });
    const { devices } = await bundleOf(world, asker, device);
    assert.deepEqual(devices[0]?.signedPreKey, signed);
    assert.deepEqual(devices[0]?.kemPreKey, kemLastResort);
    assert.equal(devices[0]?.kemLastResort, true);
  });
}

function bundleCases({ world, it }: CaseContext): void {
  it('hands out each one-time key once, then says that it is the last resort', async () => {
    const [owner, asker] = [await world.person(3), await world.newcomer()];
    const bundles = await Promise.all(Array.from({ length: 5 }, () => bundleOf(world, asker, owner)));
    const devices = bundles.map((bundle) => bundle.devices[0]!);
    const ecIds = devices.flatMap(({ oneTimePreKey }) => oneTimePreKey?.id ?? []);
    const kemIds = devices.flatMap(({ kemLastResort, kemPreKey }) => (kemLastResort ? [] : kemPreKey.id));
    assert.deepEqual(ecIds.sort(), [1, 2, 3]);
    assert.deepEqual(kemIds.sort(), [1, 2, 3]);
    for (const device of devices.filter(({ kemLastResort }) => kemLastResort))
      assert.equal(device.kemPreKey.id, 1_000);
    for (const { statement, manifest } of bundles) {
      assert.deepEqual(statement, owner.statement({ signature: statement.signature }));
      assert.deepEqual(manifest, owner.manifest({ signature: manifest.signature }));
    }
    const { status } = await upload(world, owner, { oneTime: [owner.oneTimePreKey(2)] });
    assert.equal(status.oneTime, 0, 'the id of a key that was handed out is used up');
  });

  it('shows statement and manifest without using a key', async () => {
    const [owner, asker] = [await world.person(1), await world.newcomer()];
    const { devices } = await bundleOf(world, asker, owner, []);
    assert.deepEqual(devices, []);
    const { devices: ofUnknown } = await bundleOf(world, asker, owner, [99 as DeviceId]);
    assert.deepEqual(ofUnknown, []);
    assert.equal((await world.api.must('keys.status', {}, owner.accessToken)).oneTime, 1);
  });

  it('has no bundle for a device without lasting keys', async () => {
    const [owner, asker] = [await world.newcomer(), await world.newcomer()];
    await upload(world, owner, { oneTime: [owner.oneTimePreKey(1)] });
    const reachToken = await world.introduction(asker, owner);
    const request = { accountId: owner.accountId, reachToken, deviceIds: [owner.deviceId] };
    await world.api.refused('keys.bundle', request, 'keys-missing', asker.accessToken);
    assert.equal((await world.api.must('keys.status', {}, owner.accessToken)).oneTime, 1);
  });

  it('tells the owner when the stock runs low', async () => {
    const [owner, asker] = [await world.person(1), await world.newcomer()];
    const live = await world.connect(owner);
    await bundleOf(world, asker, owner);
    await live.heard('keys-low');
  });
}
