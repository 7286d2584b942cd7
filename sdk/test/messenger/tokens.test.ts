/** Tokens: renewed before they end, once at a time, repeated to the letter; and what the user is asked for when they cannot be. */
import { describe, expect, it } from 'vitest';
import { type SottoError } from '../../src/errors.js';
import { makeProblem, toBase64Url, type RequestOf } from '../../src/wire/index.js';
import { introduced, Party } from '../support/party.js';
import { World } from '../support/world.js';

const minuteMs = 60_000;

/** A world in which access tokens are good for a quarter of an hour, and a record of the refreshes asked for. */
function shortTokens(seed: string) {
  const world = new World(seed, { accessTokenTtlMs: 15 * minuteMs });
  const refreshes: RequestOf<'auth.refresh'>[] = [];
  const watch = () => {
    world.relay.tamper.delay = (call) => {
      if (call.operation === 'auth.refresh') refreshes.push(call.request);
      return undefined;
    };
  };
  watch();
  return { world, refreshes, watch };
}

describe('an access token', () => {
  it('is renewed before it ends, by one request however many want it', async () => {
    const { world, refreshes } = shortTokens('single-flight');
    const alice = await Party.register(world, 'alice');
    await world.pass(14 * minuteMs);
    await alice.messenger.preKeys.status();
    expect(refreshes).toHaveLength(0);
    // Less than half a minute is left.
    await world.pass(45_000);
    await Promise.all(Array.from({ length: 20 }, () => alice.messenger.preKeys.status()));
    expect(refreshes).toHaveLength(1);
    await alice.messenger.preKeys.status();
    expect(refreshes).toHaveLength(1);
  });

  it('that the relay no longer takes is renewed at once and the request repeated', async () => {
    const { world, refreshes } = shortTokens('refused');
    const alice = await Party.register(world, 'alice');
    world.relay.expireAccessTokens();
    expect(await alice.messenger.preKeys.status()).toMatchObject({ signedId: expect.any(Number) });
    expect(refreshes).toHaveLength(1);
    // The stream finds out at its next connection.
    world.relay.expireAccessTokens();
    world.relay.cut();
    await world.until(() => alice.messenger.connection.kind === 'online');
    expect(refreshes).toHaveLength(2);
  });

  it('outlives a device clock that jumps by years', async () => {
    const { world } = shortTokens('clock');
    const { alice, bob, aliceId, bobId } = await introduced('clock', { world });
    const years = 10 * 365 * 24 * 60 * minuteMs;
    for (const offsetMs of [years, -years, 0]) {
      alice.clockOffsetMs = offsetMs;
      await world.pass(20 * minuteMs);
      world.relay.cut();
      await world.until(() => alice.messenger.connection.kind === 'online');
      expect(await alice.messenger.preKeys.status()).toMatchObject({ signedId: expect.any(Number) });
      await alice.messenger.messages.send(bobId, { text: `from ${offsetMs}` });
      await bob.messenger.messages.send(aliceId, { text: `to ${offsetMs}` });
      await world.until(() => bob.texts.includes(`from ${offsetMs}`));
      await world.until(() => alice.texts.includes(`to ${offsetMs}`));
    }
    expect(alice.events['login-required']).toBeUndefined();
  });
});

describe('a refresh whose reply is lost', () => {
  it.each(['disconnect', 'silence'] as const)('by %s is repeated as the very same request', async (loss) => {
    const { world, refreshes, watch } = shortTokens(`lost-${loss}`);
    const alice = await Party.register(world, 'alice');
    world.relay.expireAccessTokens();
    let toLose = 5;
    world.relay.tamper.loseReply = ({ operation }) =>
      operation === 'auth.refresh' && toLose-- > 0 ? loss : undefined;
    for (let attempt = 0; attempt < 5; attempt += 1) {
      // Across a restart, too: the request is written down before it is made.
      if (attempt === 2) {
        alice.kill();
        await alice.start();
        watch();
      }
      const asked = alice.messenger.preKeys.status().then(
        () => 'answered',
        (error: unknown) => (error as SottoError).code,
      );
      let outcome: string | undefined;
      void asked.then((value) => (outcome = value));
      await world.until(() => outcome !== undefined);
      expect(outcome).toBe(loss === 'silence' ? 'request-timeout' : 'offline');
    }
    await alice.messenger.preKeys.status();
    const spelled = refreshes.map(({ refreshToken, requestId, signature }) =>
      [refreshToken, toBase64Url(requestId), toBase64Url(signature)].join(),
    );
    expect(spelled).toHaveLength(6);
    expect(new Set(spelled).size).toBe(1);
    expect(alice.events['login-required']).toBeUndefined();
    // The next one is another request.
    world.relay.expireAccessTokens();
    await alice.messenger.preKeys.status();
    expect(toBase64Url(refreshes.at(-1)!.requestId)).not.toBe(toBase64Url(refreshes[0]!.requestId));
  });
});

describe('a device that the relay says goodbye to as signed out', () => {
  async function dismissed(seed: string) {
    const scene = await introduced(seed);
    const { world, alice } = scene;
    const address = await alice.address();
    const dismiss = () => {
      world.relay.revokeTokens(address);
      world.relay.dismiss(address, 'signed-out');
    };
    return { ...scene, dismiss };
  }

  it('says at once that a login is required, though nothing is asked of it', async () => {
    const { world, alice, dismiss } = await dismissed('dismissed');
    dismiss();
    await world.settle();
    expect(alice.messenger.connection.kind).toBe('closed');
    expect(alice.events['login-required']).toHaveLength(1);
    await alice.messenger.account.login(alice.password);
    await world.until(() => alice.messenger.connection.kind === 'online');
  });

  it('says so as soon as it can find out, once', async () => {
    const { world, alice, dismiss } = await dismissed('dismissed-offline');
    let toLose = 3;
    world.relay.tamper.loseRequest = ({ operation }) =>
      operation === 'auth.refresh' && toLose-- > 0 ? 'disconnect' : undefined;
    dismiss();
    await world.settle();
    expect(alice.events['login-required']).toBeUndefined();
    await world.until(() => alice.events['login-required'] !== undefined);
    await world.pass(10 * minuteMs);
    expect(alice.events['login-required']).toHaveLength(1);
  });

  it('stops asking when it is closed', async () => {
    const { world, alice, dismiss } = await dismissed('dismissed-closed');
    let asked = 0;
    world.relay.tamper.loseRequest = ({ operation }) => {
      if (operation !== 'auth.refresh') return undefined;
      asked += 1;
      return 'disconnect';
    };
    dismiss();
    await world.settle();
    await alice.messenger.disconnect();
    await world.pass(10 * minuteMs);
    expect(asked).toBe(1);
  });

  it('asks for no password when its own user deletes the account', async () => {
    const { world, alice } = await introduced('deleted');
    await alice.messenger.account.signOut({ deleteAccount: true });
    await world.pass(minuteMs);
    expect(alice.events['login-required']).toBeUndefined();
  });

  it('goes on when deleting the account does not get through', async () => {
    const { world, alice } = await introduced('not-deleted');
    world.relay.tamper.loseRequest = ({ operation }) =>
      operation === 'accounts.delete' ? 'disconnect' : undefined;
    await expect(alice.messenger.account.signOut({ deleteAccount: true })).rejects.toMatchObject({
      code: 'offline',
    });
    await world.until(() => alice.messenger.connection.kind === 'online');
  });
});

describe('a device whose tokens were revoked', () => {
  it('asks for the password once, and is online again after the login', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('revoked');
    world.relay.revokeTokens(await alice.address());
    world.relay.cut(await alice.address());
    await world.until(() => alice.events['login-required'] !== undefined);
    await world.pass(10 * minuteMs);
    expect(alice.events['login-required']).toHaveLength(1);
    await expect(alice.messenger.preKeys.status()).rejects.toMatchObject({ code: 'login-required' });
    await expect(alice.messenger.contacts.add(await bob.code())).rejects.toMatchObject({
      code: 'login-required',
    });
    const written = await alice.messenger.messages.send(bobId, { text: 'waits for the password' });
    expect(written.status).toBe('pending');
    await bob.messenger.messages.send(aliceId, { text: 'are you there?' });

    for (const password of ['not it, not at all', `${alice.password} `]) {
      await expect(alice.messenger.account.login(password)).rejects.toMatchObject({ code: 'login-refused' });
    }
    await expect(alice.messenger.account.login('short')).rejects.toMatchObject({ code: 'weak-password' });
    await alice.messenger.account.login(alice.password);
    await world.until(() => alice.messenger.connection.kind === 'online');
    await world.until(() => bob.texts.includes('waits for the password'));
    await world.until(() => alice.texts.includes('are you there?'));
  });

  it('asks again after a restart', async () => {
    const { world, alice } = await introduced('revoked-restart');
    world.relay.revokeTokens(await alice.address());
    await alice.restart();
    await world.until(() => alice.events['login-required'] !== undefined);
    await alice.messenger.account.login(alice.password);
    await world.until(() => alice.messenger.connection.kind === 'online');
  });
});

describe('a connection that another one of the same device replaces', () => {
  it('stays away until it is asked for again', async () => {
    const { world, alice, bob, aliceId } = await introduced('replaced');
    world.relay.dismiss(await alice.address(), 'replaced');
    await world.until(() => alice.messenger.connection.kind === 'replaced');
    const states = alice.events.connection!.length;
    await bob.messenger.messages.send(aliceId, { text: 'hello?' });
    await world.pass(60 * minuteMs);
    expect(alice.events.connection).toHaveLength(states);
    expect(alice.texts).toEqual([]);
    await alice.messenger.connect();
    await world.until(() => alice.texts.includes('hello?'));
  });

  it('is taken over by a second process on the same storage, which the first one notices', async () => {
    const { world, alice, bob, aliceId, bobId } = await introduced('two-processes');
    const first = alice.messenger;
    // The process does not die; another one begins.
    await alice.start();
    await alice.online();
    await world.until(() => first.connection.kind === 'replaced');
    await expect(first.messages.send(bobId, { text: 'from the first' })).rejects.toMatchObject({
      code: 'fenced',
    });
    expect(alice.events.fenced).toHaveLength(1);
    await expect(first.messages.send(bobId, { text: 'again' })).rejects.toMatchObject({
      code: 'messenger-closed',
    });
    await bob.messenger.messages.send(aliceId, { text: 'to the second' });
    await world.until(() => alice.texts.includes('to the second'));
    await first.close();
  });

  it('that is signed out by the relay stays away, and a login brings it back', async () => {
    const { world, alice } = await introduced('signed-out');
    world.relay.revokeTokens(await alice.address());
    world.relay.dismiss(await alice.address(), 'signed-out');
    await world.until(() => alice.messenger.connection.kind === 'closed');
    await world.pass(60 * minuteMs);
    expect(alice.messenger.connection.kind).toBe('closed');
    await alice.messenger.account.login(alice.password);
    await world.until(() => alice.messenger.connection.kind === 'online');
  });
});

describe('an account', () => {
  it('is deleted at the relay, or nothing is wiped', async () => {
    const { world, alice, bob, aliceId } = await introduced('delete');
    world.network.unplug(alice.transport);
    await expect(alice.messenger.account.signOut({ deleteAccount: true })).rejects.toMatchObject({
      code: 'offline',
    });
    expect(await alice.messenger.account.profile()).toMatchObject({ username: 'alice' });
    world.network.plug(alice.transport);
    await world.until(() => alice.messenger.connection.kind === 'online');
    await alice.messenger.account.signOut({ deleteAccount: true });
    expect(await alice.dump()).toEqual(new Map());
    expect(world.relay.account('alice')).toBeUndefined();
    // Whoever writes to it is told in the end, and the name stays taken.
    const { seq } = await bob.messenger.messages.send(aliceId, { text: 'gone?' });
    await world.until(async () => (await bob.rows(aliceId)).at(-1)?.status === 'failed');
    expect(await bob.messenger.messages.get(aliceId, seq)).toMatchObject({ failure: 'not-found' });
    const other = await Party.open(world, 'alice2');
    await expect(
      other.messenger.account.register({ username: 'Alice', password: 'another long password' }),
    ).rejects.toMatchObject({ code: 'username-taken' });
    await other.messenger.account.register({ username: 'alice2', password: 'another long password' });
    expect(await other.messenger.account.profile()).toMatchObject({ username: 'alice2' });
  });

  it('signs out also when the relay does not answer', async () => {
    const { world, alice } = await introduced('sign-out-offline');
    world.relay.tamper.refuse = ({ operation }) =>
      operation === 'auth.logout' ? makeProblem('unavailable') : undefined;
    await alice.messenger.account.signOut();
    expect(await alice.dump()).toEqual(new Map());
  });

  it('takes only names and passwords that can be ones', async () => {
    const world = new World('names');
    const nobody = await Party.open(world, 'nobody');
    const { account } = nobody.messenger;
    const password = 'long enough';
    for (const username of ['', 'ab', '1abc', 'a b c', 'ämil', 'a'.repeat(33), 'kelvin\u212a']) {
      await expect(account.register({ username, password })).rejects.toMatchObject({
        code: 'invalid-username',
      });
    }
    for (const weak of ['', 'seven77', 'x'.repeat(1_025)]) {
      await expect(account.register({ username: 'nobody', password: weak })).rejects.toMatchObject({
        code: 'weak-password',
      });
    }
    expect(await nobody.dump()).toEqual(new Map());
    await expect(nobody.messenger.connect()).rejects.toMatchObject({ code: 'not-registered' });
  });
});
