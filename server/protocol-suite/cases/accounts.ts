/** Registration and deletion. */
import assert from 'node:assert/strict';
import type { DeviceId } from '@sotto/sdk/wire';
import { bytes, Device } from '../device.js';
import type { CaseContext } from '../case-context.js';

export function accountCases({ world, it }: CaseContext): void {
  it('registers, and the access token works at once', async () => {
    const device = await world.newcomer();
    const status = await world.api.must('keys.status', {}, device.accessToken);
    assert.deepEqual(status, { oneTime: 0, kemOneTime: 0, signedId: null, kemLastResortId: null });
  });

  it('answers the very same registration again, because a reply may be lost', async () => {
    const device = new Device();
    const registration = device.registration();
    await world.api.must('accounts.register', registration);
    device.tokens = await world.api.must('accounts.register', registration);
    await world.api.must('keys.status', {}, device.accessToken);
  });

  it('refuses a name and an account id that are taken, and does not change whose they are', async () => {
    const owner = await world.person();
    const before = await world.view(owner);
    const other = new Device();
    const sameName = { username: owner.username };
    await world.api.refused(
      'accounts.register',
      other.registration({ statement: other.statement(sameName) }),
      'username-taken',
    );
    const { accountId } = owner;
    const sameId = { statement: other.statement({ accountId }), manifest: other.manifest({ accountId }) };
    await world.api.refused('accounts.register', other.registration(sameId), 'account-id-taken');
    assert.deepEqual(await world.view(owner), before);
    await world.api.must('accounts.register', other.registration());
  });

  it('refuses statements and manifests that their identity key did not sign', async () => {
    const [device, other] = [new Device(), new Device()];
    const truth = { statement: device.statement(), manifest: device.manifest() };
    const { devices } = truth.manifest;
    const forgeries = {
      'a random signature under the statement': { statement: { ...truth.statement, signature: bytes(64) } },
      'a random signature under the manifest': { manifest: { ...truth.manifest, signature: bytes(64) } },
      'a name that was not signed': { statement: { ...truth.statement, username: other.username } },
      'an account that was not signed': { statement: { ...truth.statement, accountId: other.accountId } },
      'another identity key': { statement: { ...truth.statement, identityKey: other.identityKey } },
      'the statement’s signature under the manifest': {
        manifest: { ...truth.manifest, signature: truth.statement.signature },
      },
      'a manifest of another identity': { manifest: other.manifest({ accountId: device.accountId }) },
      'a manifest of another account': { manifest: device.manifest({ accountId: other.accountId }) },
      'a second version': { manifest: device.manifest({ version: 2, previousHash: bytes(32) }) },
      'a first version with a predecessor': { manifest: device.manifest({ previousHash: bytes(32) }) },
      'two devices': {
        manifest: device.manifest({ devices: [devices[0]!, { ...devices[0]!, deviceId: 2 as DeviceId }] }),
      },
      'a key that is no point': {
        statement: device.statement({ identityKey: new Uint8Array(33).fill(255) }),
      },
    };
    for (const forgery of Object.values(forgeries)) {
      await world.api.refused('accounts.register', device.registration(forgery), 'signature-refused');
    }
    await world.api.must('accounts.register', device.registration());
  });

  it('deletes an account with everything; name and id stay taken', async () => {
    const [device, friend] = [await world.person(), await world.person()];
    const send = await world.sendRequest(friend, device);
    const introduction = await world.introduction(friend, device);
    const live = await world.connect(device);
    const { accountId } = device;
    await world.proven(device, 'accounts.delete', { accountId });
    await live.heard('disconnect');
    assert.deepEqual(live.goodbye, { reason: 'signed-out' });

    const code = await device.contactCode();
    const { username, loginKey, deviceId } = device;
    await world.api.refused('contacts.resolve', { username, code }, 'not-found', friend.accessToken);
    const login = await world.prove(device, 'auth.login', { username, loginKey, deviceId });
    await world.api.refused('auth.login', login, 'login-refused');
    await world.api.refused('auth.refresh', device.refreshRequest(), 'refresh-refused');
    const bundle = { accountId, reachToken: introduction, deviceIds: [deviceId] };
    await world.api.refused('keys.bundle', bundle, 'introduction-required', friend.accessToken);
    const sender = await world.connect(friend);
    assert.equal(await sender.refusedSend(send), 'introduction-required');

    const heir = new Device();
    const inName = { statement: heir.statement({ username }) };
    await world.api.refused('accounts.register', heir.registration(inName), 'username-taken');
    const inId = { statement: heir.statement({ accountId }), manifest: heir.manifest({ accountId }) };
    await world.api.refused('accounts.register', heir.registration(inId), 'account-id-taken');
    await world.api.refused('accounts.register', device.registration(), [
      'username-taken',
      'account-id-taken',
    ]);
  });
}
