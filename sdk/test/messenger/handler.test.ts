/** What a handler writes and sends is one commit with its message; what goes wrong in it is bounded and visible. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MessengerEvents } from '../../src/events.js';
import { limits } from '../../src/limits.js';
import type { MessageHandler, MessageUnit } from '../../src/messages/index.js';
import type { StorageChange } from '../../src/ports/storage.js';
import { utf8 } from '../../src/bytes.js';
import { introduced, Party, textOf } from '../support/party.js';
import { World } from '../support/world.js';

type Scene = Awaited<ReturnType<typeof introduced>>;

let scene: Scene;
/** What bob's handler does, for the test that runs. */
let behave: MessageHandler = () => undefined;
let calls = 0;

beforeAll(async () => {
  scene = await introduced('handler', {
    bob: {
      onMessage: (message, unit) => {
        calls += 1;
        return behave(message, unit);
      },
    },
  });
});

beforeEach(() => {
  calls = 0;
  behave = () => undefined;
  scene.bob.commitPlan = () => 'pass';
});

/** Alice writes; resolves when bob has the message, whatever his handler made of it. */
async function write(text: string): Promise<void> {
  const { world, alice, bob, bobId, aliceId } = scene;
  await alice.messenger.messages.send(bobId, { text });
  await world.until(async () => (await bob.rows(aliceId)).some((row) => textOf(row) === text));
  await world.settle();
}

function lastFailure(): MessengerEvents['handler-failed'] | undefined {
  return scene.bob.events['handler-failed']?.at(-1);
}

async function record(key: string): Promise<Uint8Array | undefined> {
  const [value] = await scene.bob.messenger.records.get([key]);
  return value;
}

/** The commit in which bob's row of a message was written. */
async function commitOf(text: string): Promise<readonly StorageChange[]> {
  let found: readonly StorageChange[] | undefined;
  scene.bob.commitPlan = (changes) => {
    if (changes.some(({ key, value }) => value && /^message\//.test(key) && includes(value, text))) {
      found ??= changes;
    }
    return 'pass';
  };
  await write(text);
  return found!;
}

function includes(value: Uint8Array, text: string): boolean {
  return Buffer.from(value).includes(text);
}

describe('what a handler does', () => {
  it('is one commit with ratchet, row, mark, journal and answer', async () => {
    const { world, alice, aliceId } = scene;
    behave = async (message, unit) => {
      unit.put('seen-by-handler', utf8(textOf(message)));
      await unit.send(message.sender, { text: 'answered' });
    };
    const commit = await commitOf('all at once');
    const kinds = new Set(commit.map(({ key }) => key.split('/')[0]));
    for (const kind of ['app', 'engine', 'message', 'seen', 'journal', 'outbox', 'receipt']) {
      expect(kinds).toContain(kind);
    }
    const rows = commit.filter(({ key }) => /^message\//.test(key));
    expect(rows).toHaveLength(2);
    // The answer's ciphertext is there as well: what goes out later is what was committed.
    const outbox = commit.find(({ key }) => key.startsWith('outbox/'))!;
    expect(JSON.parse(Buffer.from(outbox.value!).toString()).d.attempt.bodies).toHaveLength(1);
    expect(await record('seen-by-handler')).toEqual(utf8('all at once'));
    await world.until(async () => (await alice.rows(scene.bobId)).some((row) => textOf(row) === 'answered'));
    expect((await scene.bob.rows(aliceId)).filter((row) => textOf(row) === 'answered')).toHaveLength(1);
    expect(calls).toBe(1);
  });

  it('is read back by later handlers and by the application, and can be removed', async () => {
    behave = (_message, unit) => {
      unit.put('list/a', Uint8Array.of(1));
      unit.put('list/b', Uint8Array.of(2));
    };
    await write('make a list');
    const seen: unknown[] = [];
    behave = async (_message, unit) => {
      const value = await unit.get('list/a');
      value!.fill(9);
      unit.put('list/a', Uint8Array.of(3));
      unit.delete('list/b');
      seen.push(value, await unit.get('list/a'), await unit.get('list/b'), await unit.get('account/self'));
    };
    await write('change the list');
    expect(seen).toEqual([Uint8Array.of(9), Uint8Array.of(3), undefined, undefined]);
    const listed = [];
    for await (const entry of scene.bob.messenger.records.list('list/')) listed.push(entry);
    expect(listed).toEqual([{ key: 'list/a', value: Uint8Array.of(3) }]);
  });
});

describe('a handler that fails', () => {
  it('is called three times, and then the message is committed without its changes', async () => {
    behave = async (message, unit) => {
      unit.put('half-done', Uint8Array.of(calls));
      await unit.send(message.sender, { text: 'never sent' });
      throw new Error('and its text is nobody’s business');
    };
    const commit = await commitOf('it fails');
    expect(calls).toBe(limits.maxHandlerAttempts);
    expect(commit.some(({ key }) => /^(app|outbox)\//.test(key))).toBe(false);
    expect(await record('half-done')).toBeUndefined();
    expect(lastFailure()).toMatchObject({ reason: 'handler-threw', message: { body: { text: 'it fails' } } });
    await scene.world.pass(5_000);
    expect(await scene.alice.texted(scene.bobId)).not.toContain('never sent');
  });

  it('twice and then succeeds leaves what the last call staged, once', async () => {
    const failures = scene.bob.events['handler-failed']?.length ?? 0;
    behave = async (message, unit) => {
      unit.put(`call/${calls}`, Uint8Array.of(calls));
      await unit.send(message.sender, { text: `call ${calls}` });
      if (calls < limits.maxHandlerAttempts) throw new Error('not yet');
    };
    await write('third time lucky');
    expect([await record('call/1'), await record('call/2'), await record('call/3')]).toEqual([
      undefined,
      undefined,
      Uint8Array.of(3),
    ]);
    await scene.world.pass(5_000);
    const answers = (await scene.alice.texted(scene.bobId)).filter((text) => text.startsWith('call'));
    expect(answers).toEqual(['call 3']);
    expect(scene.bob.events['handler-failed']?.length ?? 0).toBe(failures);
  });

  it('by taking too long is given up after ten seconds each time', async () => {
    const { world, alice, bob, bobId, aliceId } = scene;
    const units: MessageUnit[] = [];
    behave = async (_message, unit) => {
      unit.put('too-late', Uint8Array.of(1));
      units.push(unit);
      await new Promise<never>(() => undefined);
    };
    const begun = world.clock.monotonicNow();
    await alice.messenger.messages.send(bobId, { text: 'take your time' });
    await world.until(async () => (await bob.rows(aliceId)).some((row) => textOf(row) === 'take your time'));
    await world.settle();
    const expectedMs = limits.maxHandlerAttempts * limits.handlerTimeoutMs;
    expect(world.clock.monotonicNow() - begun).toBeGreaterThanOrEqual(expectedMs);
    expect(calls).toBe(limits.maxHandlerAttempts);
    expect(lastFailure()).toMatchObject({ reason: 'handler-timeout' });
    expect(await record('too-late')).toBeUndefined();
    for (const unit of units) await expectClosed(unit);
  });

  it.each([
    [
      'with too many changes',
      (unit: MessageUnit) => {
        for (let n = 0; n <= limits.maxHandlerChanges; n += 1) unit.put(`flood/${n}`, new Uint8Array());
      },
    ],
    [
      'with too many bytes',
      (unit: MessageUnit) => {
        unit.put('flood/half', new Uint8Array(limits.maxHandlerBytes / 2));
        unit.put('flood/more', new Uint8Array(limits.maxHandlerBytes / 2 + 1));
      },
    ],
    [
      'with too many messages',
      async (unit: MessageUnit) => {
        for (let n = 0; n <= limits.maxHandlerSends; n += 1) await unit.send(scene.aliceId, { text: `${n}` });
      },
    ],
  ])('%s is told so', async (name, flood) => {
    behave = (_message, unit) => flood(unit);
    await write(name);
    expect(lastFailure()).toMatchObject({ reason: 'unit-too-large' });
    expect([...(await scene.bob.dump()).keys()].filter((key) => key.startsWith('app/flood'))).toEqual([]);
  });

  it('at as much as a unit may hold does not fail', async () => {
    const failures = scene.bob.events['handler-failed']!.length;
    behave = async (_message, unit) => {
      for (let n = 1; n < limits.maxHandlerChanges; n += 1) unit.put(`full/${n}`, new Uint8Array());
      unit.put('full/bytes', new Uint8Array(limits.maxHandlerBytes));
      for (let n = 0; n < limits.maxHandlerSends; n += 1) await unit.send(scene.aliceId, { text: `f${n}` });
    };
    await write('full');
    expect(scene.bob.events['handler-failed']).toHaveLength(failures);
    await scene.world.pass(5_000);
    const sent = (await scene.alice.texted(scene.bobId)).filter((text) => /^f\d+$/.test(text));
    expect(sent).toEqual(Array.from({ length: limits.maxHandlerSends }, (_, n) => `f${n}`));
  });

  it('by a send that is refused fails as a whole, caught or not, awaited or not', async () => {
    const stranger = await Party.register(scene.world, 'stranger');
    const contact = await stranger.messenger.contacts.add(await scene.bob.code());
    const ways: readonly MessageHandler[] = [
      async (message, unit) => {
        unit.put('answered', Uint8Array.of(1));
        await unit.send(message.sender, { text: 'who are you?' });
      },
      async (message, unit) => {
        unit.put('answered', Uint8Array.of(1));
        await unit.send(message.sender, { text: 'who are you?' }).catch(() => undefined);
      },
      (message, unit) => {
        unit.put('answered', Uint8Array.of(1));
        void unit.send(message.sender, { text: 'who are you?' });
      },
    ];
    const strangerId = await stranger.id();
    for (const [index, way] of ways.entries()) {
      behave = way;
      await stranger.messenger.messages.send(contact.accountId, { text: `psst ${index}` });
      await scene.world.until(async () => (await scene.bob.rows(strangerId)).length === index + 1);
      await scene.world.settle();
      expect(lastFailure()).toMatchObject({ reason: 'contact-not-accepted' });
      expect(await record('answered')).toBeUndefined();
    }
    expect(await scene.bob.rows(strangerId)).toHaveLength(ways.length);
  });
});

async function expectClosed(unit: MessageUnit): Promise<void> {
  const closed = expect.objectContaining({ code: 'unit-closed' });
  expect(() => {
    unit.put('late', Uint8Array.of(1));
  }).toThrow(closed);
  expect(() => {
    unit.delete('late');
  }).toThrow(closed);
  await expect(unit.get('late')).rejects.toMatchObject({ code: 'unit-closed' });
  await expect((async () => unit.send(scene.aliceId, { text: 'late' }))()).rejects.toMatchObject({
    code: 'unit-closed',
  });
}

describe('a unit', () => {
  it('is closed when its handler has returned', async () => {
    let kept: MessageUnit | undefined;
    behave = (_message, unit) => {
      kept = unit;
    };
    await write('keep the unit');
    await expectClosed(kept!);
  });
});

describe('the messenger', () => {
  it('refuses every call from inside a handler, and takes them beside it', async () => {
    const { world, alice, bob, bobId, aliceId } = scene;
    const refusals: string[] = [];
    let finish = () => {};
    const gate = new Promise<void>((resolve) => (finish = resolve));
    behave = async () => {
      await Promise.resolve();
      const { account, contacts, messages, preKeys, sessions, records } = bob.messenger;
      const inside: (() => Promise<unknown>)[] = [
        () => account.profile(),
        () => account.login('password'),
        () => account.signOut(),
        () => contacts.list(),
        () => contacts.block(aliceId),
        () => contacts.acceptIdentity(aliceId),
        () => messages.send(aliceId, { text: 'inside' }),
        () => messages.list(aliceId),
        () => preKeys.replenish(),
        () => sessions.reset(aliceId),
        () => records.get(['x']),
        () => records.list('')[Symbol.asyncIterator]().next(),
        () => bob.messenger.connect(),
        () => bob.messenger.disconnect(),
        () => bob.messenger.close(),
      ];
      for (const call of inside) await call().catch((error: { code: string }) => refusals.push(error.code));
      await gate;
    };
    await alice.messenger.messages.send(bobId, { text: 'from the inside' });
    await world.settle();
    expect(refusals).toHaveLength(15);
    expect(new Set(refusals)).toEqual(new Set(['unit-reentrancy']));
    // Beside it: reads at once, writes as soon as the unit is done.
    expect(await bob.messenger.contacts.list()).not.toEqual([]);
    const beside = bob.messenger.messages.send(aliceId, { text: 'beside' });
    finish();
    expect(textOf(await beside)).toBe('beside');
    expect(await bob.texted(aliceId)).toContain('from the inside');
  });

  it('takes calls from what a handler has started once the handler is done', async () => {
    const { world, bob, aliceId } = scene;
    let start = () => {};
    const handlerIsDone = new Promise<void>((resolve) => (start = resolve));
    let afterwards: Promise<unknown> | undefined;
    behave = () => {
      afterwards = handlerIsDone.then(() => bob.messenger.messages.send(aliceId, { text: 'afterwards' }));
      afterwards.catch(() => undefined);
    };
    await write('begin something');
    start();
    await afterwards;
    await world.until(async () => (await scene.alice.texted(scene.bobId)).includes('afterwards'));
  });
});

describe('a bot that answers to strangers', () => {
  it('accepts who writes and answers in the same commit', async () => {
    const world = new World('bot');
    const bot = await Party.register(world, 'bot', {
      messageRequests: 'accept',
      onMessage: async (message, unit) => {
        await unit.send(message.sender, { text: `echo: ${textOf(message)}` });
      },
    });
    const alice = await Party.register(world, 'alice');
    const { accountId: botId } = await alice.messenger.contacts.add(await bot.code());
    for (const text of ['one', 'two', 'three']) await alice.messenger.messages.send(botId, { text });
    await world.until(() => alice.texts.length === 3);
    expect(alice.texts).toEqual(['echo: one', 'echo: two', 'echo: three']);
    await world.until(async () =>
      (await bot.history(alice)).every(({ status }) => status !== 'pending' && status !== 'sent'),
    );
    expect((await alice.history(botId)).map(({ status }) => status)).toEqual([
      'delivered',
      'delivered',
      'delivered',
      'received',
      'received',
      'received',
    ]);
  });
});
