/** Login, refresh, logout, nonces and access tokens. */
import assert from 'node:assert/strict';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { DeviceId, RequestOf } from '@sotto/sdk/wire';
import { bytes, Device } from '../device.js';
import { refusedHandshake } from '../live.js';
import type { CaseContext } from '../case-context.js';
import type { World } from '../world.js';

const loginOf = ({ username, loginKey, deviceId }: Device) => ({ username, loginKey, deviceId });

async function refreshed(world: World, device: Device, request = device.refreshRequest()) {
  return world.api.must('auth.refresh', request);
}

export function authenticationCases(context: CaseContext): void {
  loginCases(context);
  refreshCases(context);
  accessCases(context);
}

function loginCases({ world, it }: CaseContext): void {
  it('logs a device in with its login key and its signature', async () => {
    const device = await world.person();
    const login = await world.prove(device, 'auth.login', loginOf(device));
    const tokens = await world.api.must('auth.login', login);
    await world.api.must('keys.status', {}, tokens.accessToken);
    // The login before goes on.
    await world.api.must('auth.refresh', device.refreshRequest());
  });

  it('answers an unknown name, an unknown device, a wrong key and a wrong signature alike, to the byte', async () => {
    const [device, stranger] = [await world.person(), new Device()];
    const attempts = [
      { ...loginOf(device), loginKey: bytes(32) },
      { ...loginOf(device), username: stranger.username },
      { ...loginOf(device), deviceId: 77 as DeviceId },
    ];
    const problems = [];
    for (const attempt of attempts) {
      const login = await world.prove(device, 'auth.login', attempt);
      problems.push(await world.api.refused('auth.login', login, 'login-refused'));
    }
    const signedByStranger = await world.prove(stranger, 'auth.login', loginOf(device));
    problems.push(await world.api.refused('auth.login', signedByStranger, 'login-refused'));
    for (const problem of problems) assert.deepEqual(problem, problems[0]);
  });

  it('takes a nonce once, for the request that was signed with it', async () => {
    const device = await world.person();
    const login = await world.prove(device, 'auth.login', loginOf(device));
    await world.api.must('auth.login', login);
    await world.api.refused('auth.login', login, 'proof-refused');
    const unknown = device.prove('auth.login', loginOf(device), bytes(32));
    await world.api.refused('auth.login', unknown, 'proof-refused');
    const upload = await world.prove(device, 'keys.upload', { keys: {} });
    const others = { keys: { oneTime: [device.oneTimePreKey(50)] }, proof: upload.proof };
    await world.api.refused('keys.upload', others, 'proof-refused', device.accessToken);
    const forLogin = await world.prove(device, 'auth.login', loginOf(device));
    const elsewhere = { keys: {}, proof: forLogin.proof };
    await world.api.refused('keys.upload', elsewhere, 'proof-refused', device.accessToken);
  });

  it('gives every asker another nonce', async () => {
    const nonces = await Promise.all(Array.from({ length: 20 }, () => world.nonce()));
    assert.equal(new Set(nonces.map((nonce) => Buffer.from(nonce).toString('hex'))).size, 20);
  });
}

function refreshCases({ world, it }: CaseContext): void {
  it('rotates the refresh token', async () => {
    const device = await world.person();
    const first = device.tokens;
    for (let step = 0; step < 3; step += 1) device.tokens = await refreshed(world, device);
    assert.notEqual(device.tokens.refreshToken, first.refreshToken);
    await world.api.must('keys.status', {}, device.accessToken);
  });

  it('repeats the answer to the same request, so that a lost reply costs nothing', async () => {
    const device = await world.person();
    const request = device.refreshRequest();
    const answers = await Promise.all(Array.from({ length: 20 }, () => refreshed(world, device, request)));
    const successors = new Set(answers.map(({ refreshToken }) => refreshToken));
    assert.equal(successors.size, 1);
    device.tokens = answers[0]!;
    await refreshed(world, device);
  });

  it('ends the family when a spent token comes back in another request', async () => {
    const device = await world.person();
    const spent = device.tokens.refreshToken;
    device.tokens = await refreshed(world, device);
    await world.api.refused('auth.refresh', device.refreshRequest(spent), 'refresh-refused');
    await world.api.refused('auth.refresh', device.refreshRequest(), 'refresh-refused');
    const login = await world.prove(device, 'auth.login', loginOf(device));
    device.tokens = await world.api.must('auth.login', login);
    await refreshed(world, device);
  });

  it('refuses a newest token without the device’s signature, and nothing is spent', async () => {
    const [device, thief] = [await world.person(), new Device()];
    const { refreshToken } = device.tokens;
    const forged: RequestOf<'auth.refresh'>[] = [
      thief.refreshRequest(refreshToken),
      { ...device.refreshRequest(), signature: bytes(64) },
      { ...device.refreshRequest(), requestId: bytes(16) },
      { ...device.refreshRequest(), refreshToken: device.accessToken },
      { ...device.refreshRequest(), refreshToken: `${refreshToken}x` },
    ];
    for (const request of forged) await world.api.refused('auth.refresh', request, 'refresh-refused');
    await refreshed(world, device);
  });

  it('logs out: the refresh token is dead and the live connection is told', async () => {
    const device = await world.person();
    const live = await world.connect(device);
    await world.api.must('auth.logout', {}, device.accessToken);
    await live.heard('disconnect');
    assert.deepEqual(live.goodbye, { reason: 'signed-out' });
    await world.api.refused('auth.refresh', device.refreshRequest(), 'refresh-refused');
  });

  it('refuses the access token of a login that has ended, in requests and in handshakes', async () => {
    const device = await world.person();
    const renewed = await refreshed(world, device);
    const other = await loggedInAgain(world, device);
    const tokens = [device.accessToken, renewed.accessToken];
    await world.api.must('auth.logout', {}, device.accessToken);
    for (const accessToken of tokens) await expectEnded(world, device, accessToken);
    // Another login of the same device goes on.
    await world.api.must('keys.status', {}, other.accessToken);
  });

  it('refuses the access tokens of a family that a spent refresh token has ended', async () => {
    const device = await world.person();
    const spent = device.tokens.refreshToken;
    const renewed = await refreshed(world, device);
    await world.api.refused('auth.refresh', device.refreshRequest(spent), 'refresh-refused');
    for (const accessToken of [device.accessToken, renewed.accessToken]) {
      await expectEnded(world, device, accessToken);
    }
  });
}

async function loggedInAgain(world: World, device: Device) {
  return world.api.must('auth.login', await world.prove(device, 'auth.login', loginOf(device)));
}

/** A token opens no operation and no socket. */
async function expectEnded(world: World, device: Device, accessToken: string): Promise<void> {
  const refused = world.api.refused.bind(world.api);
  const request = { username: device.username, code: (await device.contactCode()).slice(0, 12) };
  await refused('keys.status', {}, 'unauthorized', accessToken);
  await refused('contacts.resolve', request, 'unauthorized', accessToken);
  await refused('auth.logout', {}, 'unauthorized', accessToken);
  const upload = await world.prove(device, 'keys.upload', { keys: {} });
  await refused('keys.upload', upload, 'unauthorized', accessToken);
  const problem = await refusedHandshake(world.url, { protocol: 1, accessToken });
  assert.equal(problem.code, 'unauthorized');
}

function accessCases({ world, it }: CaseContext): void {
  it('refuses access tokens that are missing, altered, unsigned or signed by others', async () => {
    const device = await world.person();
    const [header = '', payload = '', signature = ''] = device.accessToken.split('.');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const ownKey = bytes(32);
    const resigned = Buffer.from(ed25519.sign(Buffer.from(`${header}.${payload}`), ownKey)).toString(
      'base64url',
    );
    const tokens = [
      undefined,
      'x',
      device.tokens.refreshToken,
      `${header}.${encode({ ...claims, sub: new Device().accountId })}.${signature}`,
      `${header}.${encode({ ...claims, exp: 9_999_999_999 })}.${signature}`,
      `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
      `${header}.${payload}.${resigned}`,
      `${header}.${payload}`,
    ];
    for (const token of tokens) {
      await world.api.refused('keys.status', {}, 'unauthorized', token);
      if (token === undefined) continue;
      const problem = await refusedHandshake(world.url, { protocol: 1, accessToken: token });
      assert.equal(problem.code, 'unauthorized');
    }
  });
}
