import { describe, expect, it } from 'vitest';
import { equalBytes } from '../../../../src/bytes.js';
import { isSottoError } from '../../../../src/errors.js';
import { TestDevice, type Sent } from '../../../../src/testing/engine-conformance-kit.js';
import { seededRandom } from '../../../../src/testing/index.js';
import { devices, engines, roles } from '../support.js';

const seed = process.env['SOTTO_SEED'] ?? '1';

async function exchange(from: TestDevice, to: TestDevice, text: string): Promise<void> {
  await to.decrypt(from, await from.encrypt(to, text));
}

async function refusal(to: TestDevice, from: TestDevice, message: Sent): Promise<string> {
  try {
    await to.tryDecrypt(from, message);
    return 'accepted';
  } catch (error) {
    if (isSottoError(error)) return error.code;
    throw error;
  }
}

interface Flight {
  readonly from: TestDevice;
  readonly to: TestDevice;
  readonly message: Sent;
  delivered: boolean;
}

/** Bursts of messages, of which some are lost, late or come twice; everything that is delivered must decrypt. */
async function badNetwork(alice: TestDevice, bob: TestDevice, label: string): Promise<number> {
  const random = seededRandom(label);
  const inAir: Flight[] = [];
  const landed: Flight[] = [];
  let sent = 0;
  while (sent < 320) {
    const [from, to] = random.chance(0.5) ? [alice, bob] : [bob, alice];
    for (let burst = 1 + random.integer(12); burst > 0; burst -= 1, sent += 1) {
      const message = await from.encrypt(to, `message ${sent}`);
      if (random.chance(0.8)) inAir.push({ from, to, message, delivered: false });
    }
    // What waits longer than a few turns would be of chains that are no more.
    for (const flight of random.shuffle(inAir.splice(0, inAir.length - random.integer(4)))) {
      await flight.to.decrypt(flight.from, flight.message);
      landed.push(flight);
      if (random.chance(0.1)) await expectRepeatRefused(random.pick(landed.slice(-8)));
    }
  }
  return landed.length;
}

async function expectRepeatRefused({ to, from, message }: Flight): Promise<void> {
  expect(['duplicate-message', 'invalid-message']).toContain(await refusal(to, from, message));
}

describe.each(roles)('%s to %s', (initiator, recipient) => {
  it.each([{ ec: 11, kem: 21 }, { ec: 11 }, { kem: 21 }, {}])('starts with %o', async (oneTime) => {
    const [alice, bob] = await devices(initiator, recipient);
    await alice.startSession(bob, oneTime);
    const [first, second] = [await alice.encrypt(bob, 'first'), await alice.encrypt(bob, 'second')];
    expect(await bob.decrypt(alice, first)).toMatchObject({
      usedPreKeys: {
        ...('ec' in oneTime ? { oneTimeId: 11 } : {}),
        ...('kem' in oneTime ? { kemOneTimeId: 21 } : {}),
      },
    });
    expect((await bob.decrypt(alice, second)).usedPreKeys).toEqual({});
    expect(await refusal(bob, alice, first)).toBe('duplicate-message');
    await exchange(bob, alice, 'answer');
    await exchange(alice, bob, 'third');
  });

  it(`loses, reorders and repeats messages (seed ${seed})`, async () => {
    const [alice, bob] = await devices(initiator, recipient);
    await alice.startSession(bob, { ec: 11, kem: 21 });
    await exchange(alice, bob, 'first');
    expect(await badNetwork(alice, bob, `${seed} ${initiator} ${recipient}`)).toBeGreaterThan(200);
  });

  it('archives, and promotes what a late message is for', async () => {
    const [alice, bob] = await devices(initiator, recipient);
    await alice.startSession(bob, { ec: 11, kem: 21 });
    await exchange(alice, bob, 'first');
    await exchange(bob, alice, 'answer');
    const late = [await alice.encrypt(bob, 'late'), await alice.encrypt(bob, 'later')];
    for (const kem of [22, 23]) {
      await alice.startSession(bob, { kem });
      await exchange(alice, bob, `session ${kem}`);
    }
    await bob.decrypt(alice, late[1]!);
    // Bob sends with the oldest session now, which Alice has in her archive.
    await exchange(bob, alice, 'promoted');
    await exchange(alice, bob, 'promoted there too');
    await bob.decrypt(alice, late[0]!);
    expect(await refusal(bob, alice, late[0]!)).toBe('duplicate-message');
  });

  it('finds an archived session by the base key of a repeated first message', async () => {
    const [alice, bob] = await devices(initiator, recipient);
    await alice.startSession(bob, { ec: 11, kem: 21 });
    const [first, second] = [await alice.encrypt(bob, 'first'), await alice.encrypt(bob, 'second')];
    await bob.decrypt(alice, first);
    bob.apply(await bob.engine.archiveSession(bob.view, alice.address));
    expect(await bob.decrypt(alice, second)).toMatchObject({ usedPreKeys: {} });
    await exchange(bob, alice, 'in use again');
  });

  it('converges when both start at once', async () => {
    const [alice, bob] = await devices(initiator, recipient);
    await alice.startSession(bob, { ec: 11, kem: 21 });
    await bob.startSession(alice, { ec: 11, kem: 21 });
    const fromAlice = [await alice.encrypt(bob, 'a1'), await alice.encrypt(bob, 'a2')];
    const fromBob = [await bob.encrypt(alice, 'b1'), await bob.encrypt(alice, 'b2')];
    await bob.decrypt(alice, fromAlice[0]!);
    await alice.decrypt(bob, fromBob[1]!);
    for (let round = 0; round < 3; round += 1) {
      const [toBob, toAlice] = [await alice.encrypt(bob, 'a'), await bob.encrypt(alice, 'b')];
      await bob.decrypt(alice, toBob);
      await alice.decrypt(bob, toAlice);
    }
    await bob.decrypt(alice, fromAlice[1]!);
    await alice.decrypt(bob, fromBob[0]!);
    await exchange(alice, bob, 'settled');
    await exchange(bob, alice, 'settled');
    expect((await alice.encrypt(bob, 'x')).kind).toBe('message');
  });

  it('starts again and again, with messages of every session under way', async () => {
    const [alice, bob] = await devices(initiator, recipient);
    const random = seededRandom(`${seed} again`);
    const inAir: Flight[] = [];
    for (let round = 0; round < 12; round += 1) {
      const [from, to] = random.chance(0.5) ? [alice, bob] : [bob, alice];
      await from.startSession(to);
      for (const text of ['one', 'two']) {
        inAir.push({ from, to, message: await from.encrypt(to, text), delivered: false });
      }
      const flight = inAir.splice(random.integer(inAir.length), 1)[0]!;
      await flight.to.decrypt(flight.from, flight.message);
    }
    for (const { from, to, message } of random.shuffle(inAir)) await to.decrypt(from, message);
    await exchange(alice, bob, 'settled');
    await exchange(bob, alice, 'settled');
  });

  it('joins two devices of one account, which may jump farther', async () => {
    const phone = await TestDevice.create(engines[initiator]!(), 1, 1);
    const laptop = await TestDevice.create(engines[recipient]!(), 1, 2, phone.our.identity);
    await phone.startSession(laptop, { ec: 11, kem: 21 });
    await exchange(phone, laptop, 'first');
    await exchange(laptop, phone, 'answer');
    await exchange(phone, laptop, 'third');
  });

  it('reads on after its records were restored from a copy, and repeats no key that counts', async () => {
    const [alice, bob] = await devices(initiator, recipient);
    await alice.startSession(bob, { ec: 11, kem: 21 });
    await exchange(alice, bob, 'first');
    const copy = new Map(bob.records);
    await exchange(bob, alice, 'answer');
    const later = await alice.encrypt(bob, 'later');
    restore(bob, copy);
    await bob.decrypt(alice, later);
    // What he sends repeats a key that Alice has used up: that is as far as a restored session goes.
    await alice.assertRefuses(bob, await bob.encrypt(alice, 'again'), 'invalid-message', 'a key used twice');
  });

  it('ends 30 days after the start, to the millisecond, unless somebody answers', async () => {
    const [alice, bob] = await devices(initiator, recipient);
    alice.now += 999;
    const started = Math.floor(alice.now / 1000) * 1000;
    await alice.startSession(bob);
    alice.now = started + 30 * 24 * 60 * 60 * 1000;
    const last = await alice.encrypt(bob, 'on the last millisecond');
    alice.now += 1;
    await expect(alice.encrypt(bob, 'x')).rejects.toMatchObject({ code: 'no-session' });
    expect(await alice.engine.sessionState(alice.view, bob.address, alice.now)).toMatchObject({
      usable: false,
    });
    await bob.decrypt(alice, last);
    await exchange(bob, alice, 'answer');
    await exchange(alice, bob, 'goes on');
  });

  it('makes the same of an outer identity key that was exchanged', async () => {
    const [alice, bob] = await devices(initiator, recipient);
    const mallory = await TestDevice.create(engines[initiator]!(), 3);
    await alice.startSession(bob);
    const [first, second] = [await alice.encrypt(bob, 'first'), await alice.encrypt(bob, 'second')];
    await bob.decrypt(alice, first);
    const forged = { ...second, ciphertext: exchanged(second.ciphertext, alice, mallory) };
    expect(await refusal(bob, alice, forged)).toBe('invalid-message');
    // It outranks a duplicate.
    const repeated = { ...first, ciphertext: exchanged(first.ciphertext, alice, mallory) };
    expect(await refusal(bob, alice, repeated)).toBe('invalid-message');
    bob.apply(await bob.engine.archiveSession(bob.view, alice.address));
    expect(await refusal(bob, alice, forged)).toBe('invalid-message');
    await bob.decrypt(alice, second);
  });
});

function restore({ records }: TestDevice, copy: ReadonlyMap<string, Uint8Array>): void {
  records.clear();
  for (const [key, value] of copy) records.set(key, value);
}

/** A first message with another identity key on its outside. */
function exchanged(ciphertext: Uint8Array, from: TestDevice, to: TestDevice): Uint8Array {
  const key = from.our.identity.publicKey;
  const at = ciphertext.findIndex((_, index) => equalBytes(ciphertext.subarray(index, index + 33), key));
  expect(at).toBeGreaterThan(0);
  const changed = ciphertext.slice();
  changed.set(to.our.identity.publicKey, at);
  return changed;
}
