/** The relay acts and its answer is lost, again and again: every operation takes effect once. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Loss, OperationName, RelayCall } from '../../src/testing/network/tamper.js';
import type { SottoError } from '../../src/errors.js';
import { toBase64Url, type SendRequest } from '../../src/wire/index.js';
import { KeyWatch } from '../support/key-watch.js';
import { introduced, Party, textOf } from '../support/party.js';
import { World } from '../support/world.js';

const losses = ['disconnect', 'silence'] as const;

/** Loses the replies to an operation so many times, and keeps what was asked. */
function loseReplies(world: World, operation: OperationName, times: number, loss: Loss) {
  const calls: RelayCall[] = [];
  let left = times;
  world.relay.tamper = {
    delay: (call) => {
      if (call.operation === operation) calls.push(call);
      return undefined;
    },
    loseReply: (call) => (call.operation === operation && left-- > 0 ? loss : undefined),
  };
  return { calls, lost: () => times - Math.max(0, left) };
}

/** What a call came to, with the clock driven meanwhile. */
async function outcome(world: World, call: Promise<unknown>): Promise<string> {
  let result: string | undefined;
  call.then(
    () => (result = 'done'),
    (error: unknown) => (result = (error as SottoError).code),
  );
  await world.until(() => result !== undefined);
  return result!;
}

function spell({ attemptId, recipient, bodies }: SendRequest): string {
  const parts = bodies.map(
    ({ deviceId, kind, ciphertext }) => `${deviceId} ${kind} ${toBase64Url(ciphertext)}`,
  );
  return [toBase64Url(attemptId), recipient, ...parts].join('\n');
}

describe.each(losses)('by %s, the lost answer', (loss) => {
  const failure = loss === 'disconnect' ? 'offline' : 'request-timeout';

  it('to a registration: the call is made again, and it is the same account', async () => {
    const world = new World(`register-${loss}`);
    const { calls } = loseReplies(world, 'accounts.register', 3, loss);
    const alice = await Party.open(world, 'alice');
    const input = { username: 'alice', password: alice.password };
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await outcome(world, alice.messenger.account.register(input))).toBe(failure);
      expect(await alice.messenger.account.profile()).toBeUndefined();
      // The second time after a crash.
      if (attempt === 1) {
        alice.kill();
        await alice.start();
      }
    }
    expect(await outcome(world, alice.messenger.account.register(input))).toBe('done');
    const statements = calls.map((call) =>
      call.operation === 'accounts.register' ? toBase64Url(call.request.statement.signature) : '',
    );
    expect(statements).toHaveLength(4);
    expect(new Set(statements).size).toBe(1);
    expect(await outcome(world, alice.messenger.account.register(input))).toBe('already-registered');
    await alice.online();
  });

  it('to the first key upload: the account is there, and the keys follow', async () => {
    const world = new World(`first-upload-${loss}`);
    const { lost } = loseReplies(world, 'keys.upload', 1, loss);
    const alice = await Party.open(world, 'alice');
    const input = { username: 'alice', password: alice.password };
    expect(await outcome(world, alice.messenger.account.register(input))).toBe('done');
    expect(lost()).toBe(1);
    await alice.online();
    const bob = await Party.register(world, 'bob');
    const { accountId } = await bob.messenger.contacts.add(await alice.code());
    await bob.messenger.messages.send(accountId, { text: 'with your keys' });
    await world.until(() => alice.texts.length === 1);
  });

  it('to a key upload, twenty times: the same keys again, and a sane stock', async () => {
    const times = 20;
    const world = new World(`upload-${loss}`);
    const alice = await Party.register(world, 'alice');
    const address = await alice.address();
    const before = world.relay.preKeyStatus(address);
    const { calls } = loseReplies(world, 'keys.upload', times, loss);
    for (let attempt = 0; attempt < times; attempt += 1) {
      expect(await outcome(world, alice.messenger.preKeys.replenish())).toBe(failure);
      if (attempt % 7 === 6) {
        alice.kill();
        await alice.start();
      }
    }
    await alice.messenger.preKeys.replenish();
    const uploads = calls.map((call) =>
      call.operation === 'keys.upload' ? JSON.stringify(call.request.keys.oneTime?.map(({ id }) => id)) : '',
    );
    expect(uploads.length).toBeGreaterThan(times);
    expect(new Set(uploads.slice(0, times + 1)).size).toBe(1);
    // What the relay holds is what the device holds: nothing was made and forgotten, nothing lost.
    const keys = [...(await alice.dump()).keys()];
    const held = (kind: string) => keys.filter((key) => key.startsWith(`engine/${kind}/`)).length;
    const after = world.relay.preKeyStatus(address);
    expect(after.oneTime).toBe(held('pre-key'));
    expect(after.kemOneTime + 1).toBe(held('kem-pre-key'));
    expect(after.oneTime).toBeGreaterThan(before.oneTime);
    expect(after).toMatchObject({ signedId: before.signedId, kemLastResortId: before.kemLastResortId });
    expect(keys).not.toContain('prekeys/upload');
  });

  describe('in a conversation', () => {
    let scene: Awaited<ReturnType<typeof introduced>>;
    const watch = new KeyWatch();

    beforeAll(async () => {
      scene = await introduced(`talk-${loss}`);
    });

    beforeEach(() => {
      scene.world.relay.tamper = {};
    });

    it('to a send is repeated to the byte, and takes effect once', async () => {
      const { world, alice, bob, aliceId, bobId } = scene;
      for (const kind of ['message', 'prekey'] as const) {
        if (kind === 'message') {
          await bob.messenger.messages.send(aliceId, { text: 'so that there is a session' });
          await world.until(() => alice.texts.length > 0);
        } else await alice.messenger.sessions.reset(bobId);
        await world.pass(5_000);
        const { calls, lost } = loseReplies(world, 'send', 6, loss);
        await alice.messenger.messages.send(bobId, { text: `lost ${kind}` });
        await world.until(() => lost() === 6);
        // The process may as well die in between.
        await alice.restart();
        await world.until(async () => (await alice.rows(bobId)).at(-1)?.status === 'delivered');
        await world.pass(60_000);
        const ours = calls.filter(({ device }) => device?.accountId === aliceId);
        ours.forEach((call) => {
          watch.see(call);
        });
        const spelled = ours.map((call) => (call.operation === 'send' ? spell(call.request) : ''));
        expect(spelled.length).toBeGreaterThan(1);
        expect(new Set(spelled).size).toBe(1);
        expect((await bob.texted(aliceId)).filter((text) => text === `lost ${kind}`)).toHaveLength(1);
      }
      expect(bob.undecryptable).toEqual([]);
      expect(watch.keyCount).toBe(2);
    });

    it('to a bundle costs a key and nothing else', async () => {
      const { world, alice, bob, bobId } = scene;
      await alice.messenger.sessions.reset(bobId);
      const { lost } = loseReplies(world, 'keys.bundle', 3, loss);
      await alice.messenger.messages.send(bobId, { text: 'bundled' });
      await world.until(async () => (await alice.rows(bobId)).at(-1)?.status === 'delivered');
      expect(lost()).toBe(3);
      expect(bob.texts.filter((text) => text === 'bundled')).toHaveLength(1);
    });

    it('to acknowledgements lets nothing take effect twice', async () => {
      const { world, alice, bob, aliceId, bobId } = scene;
      const { lost } = loseReplies(world, 'acknowledge', 8, loss);
      const texts = Array.from({ length: 12 }, (_, n) => `acknowledged ${n}`);
      for (const text of texts) await alice.messenger.messages.send(bobId, { text });
      await world.until(async () => (await alice.rows(bobId)).every(({ status }) => status !== 'pending'));
      expect(lost()).toBeGreaterThan(0);
      await world.until(async () => world.relay.waiting(await bob.address()).length === 0);
      await world.pass(60_000);
      expect((await bob.texted(aliceId)).filter((text) => text.startsWith('acknowledged'))).toEqual(texts);
      expect(bob.undecryptable).toEqual([]);
    });

    it('requests that never arrive are made again, too', async () => {
      const { world, alice, bob, aliceId, bobId } = scene;
      let left = 6;
      world.relay.tamper.loseRequest = ({ operation }) =>
        (operation === 'send' || operation === 'acknowledge') && left-- > 0 ? loss : undefined;
      const texts = Array.from({ length: 5 }, (_, n) => `requested ${n}`);
      for (const text of texts) await alice.messenger.messages.send(bobId, { text });
      await world.until(async () => (await alice.rows(bobId)).at(-1)?.status === 'delivered');
      expect((await bob.rows(aliceId)).map(textOf).filter((text) => text.startsWith('requested'))).toEqual(
        texts,
      );
    });
  });
});
