/** A new identity for an account, by its password, and devices that object. */
import assert from 'node:assert/strict';
import { bytes, type Device } from '../device.js';
import type { CaseContext } from '../case-context.js';

export function resetCases({ world, it }: CaseContext): void {
  const asked = ({ username, loginKey }: Device) => ({ username, loginKey });

  it('lets the devices of an account in use object for a day', async () => {
    const device = await world.person();
    const first = await world.api.must('reset.request', asked(device));
    assert.equal(first.accountId, device.accountId);
    assert.ok(first.waitMs > 0 && first.waitMs <= 24 * 60 * 60 * 1000);
    const again = await world.api.must('reset.request', asked(device));
    assert.ok(again.waitMs <= first.waitMs);
    const { pending } = await world.api.must('reset.status', {}, device.accessToken);
    assert.ok(pending && pending.completesAt > pending.requestedAt);
    const stranger = device.stranger();
    const reset = device.reset(stranger, await world.nonce());
    await world.api.refused('reset.complete', reset, 'reset-waiting');
    await world.proven(device, 'reset.object', {});
    await world.api.refused('reset.request', asked(device), 'reset-objected');
    await world.api.refused('reset.complete', device.reset(stranger, await world.nonce()), 'reset-objected');
    const after = await world.api.must('reset.status', {}, device.accessToken);
    assert.equal(after.pending, null);
    assert.deepEqual((await world.view(device)).statement.identityKey, device.identityKey);
  });

  it('puts a new identity in force when no device is logged in', async () => {
    const [device, friend] = [await world.person(), await world.newcomer()];
    const code = await device.contactCode();
    await world.api.must('auth.logout', {}, device.accessToken);
    const { accountId, username } = device;
    assert.deepEqual(await world.api.must('reset.request', asked(device)), { accountId, waitMs: 0 });
    const taken = device.reset(device.stranger(1), await world.nonce());
    await world.api.refused('reset.complete', taken, 'device-id-taken');
    const stranger = device.stranger();
    const request = device.reset(stranger, await world.nonce());
    stranger.tokens = await world.api.must('reset.complete', request);
    const { statement, manifest } = request;
    const again = { ...asked(device), statement, manifest };
    const repeated = stranger.proveAsIdentity('reset.complete', again, await world.nonce());
    stranger.tokens = await world.api.must('reset.complete', repeated);
    assert.deepEqual((await world.stateOf(stranger)).statement, statement);
    const lookUp = { username, code };
    await world.api.refused('contacts.resolve', lookUp, 'not-found', friend.accessToken);
    await world.introduction(friend, stranger);
    const login = await world.prove(device, 'auth.login', { ...asked(device), deviceId: device.deviceId });
    await world.api.refused('auth.login', login, 'device-replaced');
  });

  it('answers an unknown name and a wrong password alike', async () => {
    const device = await world.newcomer();
    const wrong = { ...asked(device), loginKey: bytes(32) };
    const unknown = {
      ...asked(device),
      username: device.stranger().username.replace(/^u/, 'v') as Device['username'],
    };
    for (const request of [wrong, unknown])
      await world.api.refused('reset.request', request, 'login-refused');
    const { pending } = await world.api.must('reset.status', {}, device.accessToken);
    assert.equal(pending, null);
  });

  it('refuses a new identity that was not asked for, or did not sign', async () => {
    const device = await world.person();
    const stranger = device.stranger();
    const good = device.reset(stranger, await world.nonce());
    await world.api.refused('reset.complete', good, 'reset-waiting');
    await world.api.refused('reset.complete', good, 'proof-refused');
    const fresh = async () => device.reset(stranger, await world.nonce());
    const unproven = { ...(await fresh()), proof: { nonce: await world.nonce(), signature: bytes(64) } };
    await world.api.refused('reset.complete', unproven, 'proof-refused');
    const { signature } = stranger.statement();
    const forged = stranger.proveAsIdentity(
      'reset.complete',
      { ...asked(device), statement: { ...device.statement(), signature }, manifest: stranger.manifest() },
      await world.nonce(),
    );
    await world.api.refused('reset.complete', forged, 'signature-refused');
    await world.api.refused('reset.complete', { ...(await fresh()), loginKey: bytes(32) }, 'login-refused');
  });
}
