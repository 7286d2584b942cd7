/** Resets against a relay whose clock the test moves: the objection time, and what a new identity leaves of the old. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../../protocol-suite/device.js';
import { World } from '../../protocol-suite/world.js';
import type { Database } from '../../src/ports.js';
import { createRelay, type Relay } from '../../src/relay.js';
import { openPGliteDatabase } from '../../src/storage/postgres/index.js';

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

describe('resets', () => {
  let database: Database;
  let relay: Relay;
  let world: World;
  let now = Date.now();

  beforeAll(async () => {
    database = await openPGliteDatabase();
    const overrides = { database, now: () => now, logSink: { write: () => undefined } };
    relay = await createRelay({ port: 0, limitFactor: 10_000 }, overrides);
    world = new World(
      () => relay.url,
      () => undefined,
    );
  });
  afterAll(async () => {
    world.close();
    await relay.close();
    await database.close();
  });

  const ask = ({ username, loginKey }: Device) => world.api.must('reset.request', { username, loginKey });
  const refresh = async (device: Device) => {
    device.tokens = await world.api.must('auth.refresh', device.refreshRequest());
  };

  it('takes a day when a device was in use in the last week, and no time when none was', async () => {
    const device = await world.person();
    now += 6 * dayMs;
    expect((await ask(device)).waitMs).toBe(dayMs);
    now += 23 * hourMs;
    expect((await ask(device)).waitMs).toBe(hourMs);
    await refresh(device);
    const reset = device.reset(device.stranger(), await world.nonce());
    await world.api.refused('reset.complete', reset, 'reset-waiting');
    now += hourMs;
    expect((await ask(device)).waitMs).toBe(0);
    const idle = await world.person();
    now += 7 * dayMs + 1;
    expect((await ask(idle)).waitMs).toBe(0);
  });

  it('puts one new device in the place of all, under a new identity and code', async () => {
    const [device, friend] = [await world.person(), await world.newcomer()];
    const live = await world.connect(friend);
    await live.mustSend(await world.sendRequest(friend, device));
    const waiting = await world.mailbox(device);
    now += 8 * dayMs;
    await ask(device);
    const stranger = device.stranger(9);
    const first = device.reset(stranger, await world.nonce());
    stranger.tokens = await world.api.must('reset.complete', first);
    // The answer was lost: the same documents under another nonce.
    const { statement, manifest, username, loginKey } = first;
    const again = { username, loginKey, statement, manifest };
    const repeated = stranger.proveAsIdentity('reset.complete', again, await world.nonce());
    stranger.tokens = await world.api.must('reset.complete', repeated);
    const { accountId } = device;
    const shown = await world.stateOf(stranger);
    expect(shown.statement.identityKey).toEqual(stranger.identityKey);
    expect(shown.manifest.devices.map(({ deviceId }) => deviceId)).toEqual([9]);
    const old = await world.proveAsIdentity(device, 'accounts.state', { accountId });
    await world.api.refused('accounts.state', old, 'proof-refused');
    expect(await world.mailbox(stranger)).toEqual(waiting);
    await world.api.refused('auth.refresh', device.refreshRequest(), 'device-replaced');
    await refresh(friend);
    const code = await device.contactCode();
    await world.api.refused('contacts.resolve', { username, code }, 'not-found', friend.accessToken);
    await world.introduction(friend, stranger);
    const rows = await database.query('SELECT device_id FROM devices WHERE account_id = $1', [accountId]);
    expect(rows).toEqual([{ device_id: 9 }]);
  });

  it('is over when a device objects, may be asked for again a day after, and is forgotten', async () => {
    const device = await world.person();
    await ask(device);
    await world.proven(device, 'reset.object', {});
    const { username, loginKey } = device;
    await world.api.refused('reset.request', { username, loginKey }, 'reset-objected');
    now += dayMs + 1;
    expect((await ask(device)).waitMs).toBe(dayMs);
    now += 9 * dayMs;
    await refresh(device);
    const { pending } = await world.api.must('reset.status', {}, device.accessToken);
    expect(pending).toBeNull();
    // Nobody completed it while it could be: it is as if it had never been asked for.
    expect((await ask(device)).waitMs).toBe(dayMs);
  });
});
