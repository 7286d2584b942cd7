/** Sender keys: this engine and libsignal in one group, in every role. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../src/testing/index.js';
import { deviceAddress } from '../../../../src/wire/index.js';
import { distributionId, members, NativeMember, PortableMember, said, ScriptedSender } from './support.js';

const slow = process.env['SLOW'] === '1';
const seed = process.env['SOTTO_SEED'] ?? (slow ? String(Date.now()) : '1');

/** The same of both, and what it is. */
async function both(
  step: (member: PortableMember | NativeMember) => Promise<string>,
  [portable, native]: readonly [PortableMember, NativeMember],
): Promise<string> {
  const [ours, theirs] = [await step(portable), await step(native)];
  expect(ours).toBe(theirs);
  return ours;
}

const receivers = (label: string) => [new PortableMember(label), new NativeMember()] as const;

describe.each(['portable', 'libsignal'])('a group whose sender is %s', (engine) => {
  it(`loses, reorders, repeats and forges messages (seed ${seed})`, async () => {
    const random = seededRandom(`${seed} ${engine}`);
    const from = members[engine]!(`${seed} sender`);
    const group = receivers(seed);
    expect(await both((member) => member.process(Uint8Array.from([])), group)).toBe('invalid-message');
    const distribution = await from.create();
    expect(await both((member) => member.process(distribution), group)).toBe(distributionId);
    const inAir: { text: string; message: Uint8Array }[] = [];
    const landed: Uint8Array[] = [];
    for (let sent = 0; sent < (slow ? 2_000 : 150); sent += 1) {
      const text = `message ${sent}`;
      const message = await from.encrypt(text);
      if (random.chance(0.8)) inAir.push({ text, message });
      if (inAir.length < 1 + random.integer(20)) continue;
      const arrived = inAir.splice(random.integer(inAir.length), 1)[0]!;
      const forged = arrived.message.slice();
      forged[random.integer(forged.length)]! ^= 1 << random.integer(8);
      expect(await both((member) => member.decrypt(forged), group)).not.toBe(said(arrived.text));
      expect(await both((member) => member.decrypt(arrived.message), group)).toBe(said(arrived.text));
      landed.push(arrived.message);
      const again = random.pick(landed);
      expect(await both((member) => member.decrypt(again), group)).toBe('duplicate-message');
    }
    for (const { text, message } of random.shuffle(inAir)) {
      expect(await both((member) => member.decrypt(message), group)).toBe(said(text));
    }
    expect(landed.length).toBeGreaterThan(50);
  });

  it('lets who joins late read what comes after', async () => {
    const from = members[engine]!(`${seed} late`);
    const group = receivers(seed);
    const first = await from.create();
    const before = [await from.encrypt('one'), await from.encrypt('two')];
    const later = await from.create();
    expect(later).not.toEqual(first);
    await both((member) => member.process(later), group);
    expect(await both((member) => member.decrypt(before[1]!), group)).toBe('duplicate-message');
    const after = await from.encrypt('three');
    expect(await both((member) => member.decrypt(after), group)).toBe(said('three'));
    // The key is known: an older position of it opens nothing.
    await both((member) => member.process(first), group);
    expect(await both((member) => member.decrypt(before[0]!), group)).toBe('duplicate-message');
  });

  it('says the same again when it is asked for its key again', async () => {
    const from = members[engine]!(`${seed} again`);
    expect(await from.create()).toEqual(await from.create());
  });
});

describe('limits', () => {
  const script = new ScriptedSender(seededRandom('limits'));

  async function group(label: string) {
    const made = receivers(label);
    await both((member) => member.process(script.distribution()), made);
    return made;
  }

  it('jumps 25,000 messages and no farther', async () => {
    const made = await group('jump');
    expect(await both((member) => member.decrypt(script.message(25_001)), made)).toBe('invalid-message');
    expect(await both((member) => member.decrypt(script.message(25_000)), made)).toBe(said('message 25000'));
    expect(await both((member) => member.decrypt(script.message(50_002)), made)).toBe('invalid-message');
    expect(await both((member) => member.decrypt(script.message(50_001)), made)).toBe(said('message 50001'));
  });

  it('keeps the seeds of the last 2,000 messages it passed', async () => {
    const made = await group('window');
    await both((member) => member.decrypt(script.message(2_500)), made);
    for (const [iteration, outcome] of [
      [499, 'duplicate-message'],
      [500, said('message 500')],
      [501, said('message 501')],
      [2_499, said('message 2499')],
    ] as const) {
      expect(await both((member) => member.decrypt(script.message(iteration)), made)).toBe(outcome);
    }
    // 1,997 are left; ten more make the seven oldest too many.
    await both((member) => member.decrypt(script.message(2_511)), made);
    for (const [iteration, outcome] of [
      [508, 'duplicate-message'],
      [509, said('message 509')],
      [2_501, said('message 2501')],
    ] as const) {
      expect(await both((member) => member.decrypt(script.message(iteration)), made)).toBe(outcome);
    }
    const pages = [...made[0].records.keys()].filter((key) => key.includes('/skipped/'));
    expect(pages.length).toBeLessThan(40);
  });

  it('agrees on which seeds are kept, whatever comes', async () => {
    const random = seededRandom(`${seed} seeds`);
    const made = await group('seeds');
    let front = 0;
    for (let run = 0; run < (slow ? 3_000 : 200); run += 1) {
      const ahead = random.chance(0.3);
      const iteration = ahead ? front + random.integer(900) : Math.max(0, front - random.integer(2_300));
      front = Math.max(front, iteration);
      await both((member) => member.decrypt(script.message(iteration)), made);
    }
  });

  it('comes to an end with the last number there is', async () => {
    const last = 2 ** 32 - 1;
    const ending = new ScriptedSender(seededRandom('end'), { iteration: last - 2 });
    const made = receivers('end');
    await both((member) => member.process(ending.distribution()), made);
    expect(await both((member) => member.decrypt(ending.message(last)), made)).toBe('invalid-message');
    expect(await both((member) => member.decrypt(ending.message(last - 1)), made)).toBe(
      said(`message ${last - 1}`),
    );
    expect(await both((member) => member.decrypt(ending.message(last)), made)).toBe('invalid-message');
    expect(await both((member) => member.decrypt(ending.message(last - 2)), made)).toBe(
      said(`message ${last - 2}`),
    );
  });

  it('remembers five keys, and no page of the ones it forgot', async () => {
    const random = seededRandom('five');
    const scripts = Array.from({ length: 6 }, () => new ScriptedSender(random));
    const made = receivers('five');
    for (const each of scripts.slice(0, 5)) {
      await both((member) => member.process(each.distribution()), made);
      await both((member) => member.decrypt(each.message(100)), made);
    }
    expect([...made[0].records.keys()].filter((key) => key.includes('/skipped/'))).toHaveLength(10);
    await both((member) => member.process(scripts[5]!.distribution()), made);
    expect([...made[0].records.keys()].filter((key) => key.includes('/skipped/'))).toHaveLength(8);
    expect(await both((member) => member.decrypt(scripts[0]!.message(101)), made)).toBe('no-sender-key');
    for (const each of scripts.slice(1, 5)) {
      expect(await both((member) => member.decrypt(each.message(40)), made)).toBe(said('message 40'));
    }
  });

  it('moves a key that is told again to the front, where it is forgotten last', async () => {
    const random = seededRandom('front');
    const scripts = Array.from({ length: 6 }, () => new ScriptedSender(random));
    const made = receivers('front');
    for (const each of scripts.slice(0, 5)) await both((member) => member.process(each.distribution()), made);
    await both((member) => member.process(scripts[0]!.distribution()), made);
    await both((member) => member.process(scripts[5]!.distribution()), made);
    expect(await both((member) => member.decrypt(scripts[0]!.message(0)), made)).toBe(said('message 0'));
    expect(await both((member) => member.decrypt(scripts[1]!.message(0)), made)).toBe('no-sender-key');
  });

  it('lets another key with the same chain id take the place of the first', async () => {
    const random = seededRandom('same chain');
    const [first, second] = [1, 1].map((chainId) => new ScriptedSender(random, { chainId }));
    const made = receivers('same chain');
    await both((member) => member.process(first!.distribution()), made);
    await both((member) => member.decrypt(first!.message(70)), made);
    await both((member) => member.process(second!.distribution()), made);
    expect([...made[0].records.keys()].filter((key) => key.includes('/skipped/'))).toHaveLength(0);
    expect(await both((member) => member.decrypt(first!.message(71)), made)).toBe('invalid-message');
    expect(await both((member) => member.decrypt(first!.message(3)), made)).toBe('invalid-message');
    expect(await both((member) => member.decrypt(second!.message(3)), made)).toBe(said('message 3'));
  });

  it(`agrees on every record, whatever is told and said (seed ${seed})`, async () => {
    const random = seededRandom(`${seed} records`);
    const pool = Array.from({ length: 9 }, (_, index) => new ScriptedSender(random, { chainId: index % 7 }));
    const made = receivers('records');
    const outcomes = new Set<string>();
    for (let run = 0; run < (slow ? 20_000 : 600); run += 1) {
      const from = random.pick(pool);
      const iteration = random.integer(60);
      const outcome = random.chance(0.35)
        ? await both((member) => member.process(from.distribution(iteration)), made)
        : await both((member) => member.decrypt(from.message(iteration)), made);
      outcomes.add(outcome.startsWith('“') ? 'said' : outcome);
    }
    expect([...outcomes].sort()).toEqual(
      [distributionId, 'duplicate-message', 'invalid-message', 'no-sender-key', 'said'].sort(),
    );
  });
});

describe('refusals', () => {
  const random = seededRandom('refusals');
  const script = new ScriptedSender(random);

  it.each([
    ['nothing', () => new Uint8Array()],
    ['a ciphertext of no block', () => script.messageWith(0, new Uint8Array())],
    ['half a block', () => script.messageWith(0, new Uint8Array(8))],
    ['bad padding', () => script.messageWith(0, random.bytes(32))],
    ['a message of another version', () => script.message(0).with(0, 0x43)],
    [
      'a signature that is another’s',
      () => new ScriptedSender(random, { chainId: script.chainId }).message(0),
    ],
  ])('%s', async (_, make) => {
    const made = receivers('refusals');
    await both((member) => member.process(script.distribution()), made);
    const message = make();
    expect(await both((member) => member.decrypt(message), made)).toBe('invalid-message');
    expect(await both((member) => member.decrypt(script.message(0)), made)).toBe(said('message 0'));
  });

  it('a group nobody told of, and a chain nobody told of', async () => {
    const made = receivers('unknown');
    expect(await both((member) => member.decrypt(script.message(0)), made)).toBe('no-sender-key');
    await both((member) => member.process(new ScriptedSender(random).distribution()), made);
    expect(await both((member) => member.decrypt(script.message(0)), made)).toBe('no-sender-key');
  });

  it('sending without a key, and with another’s; telling another’s goes', async () => {
    const member = new PortableMember('sending');
    await expect(member.encrypt('x')).rejects.toMatchObject({ code: 'no-sender-key' });
    await member.process(script.distribution());
    await expect(member.encrypt('x')).rejects.toMatchObject({ code: 'no-sender-key' });
    const native = new NativeMember();
    await native.process(script.distribution());
    await expect(native.encrypt('x')).rejects.toThrow();
    expect(Buffer.from(await member.create())).toEqual(Buffer.from(await native.create()));
  });

  it('names that are none', async () => {
    const { accountId } = deviceAddress.parse({ accountId: distributionId, deviceId: 1 });
    for (const deviceId of [0, 128, 1.5, Number.NaN]) {
      const member = new PortableMember('names', { accountId, deviceId: deviceId as never });
      await expect(member.create()).rejects.toThrow(TypeError);
    }
  });
});

describe('records', () => {
  it('a message in order reads one and writes one', async () => {
    const [from, to] = [new PortableMember('a'), new PortableMember('b')];
    await to.process(await from.create());
    const message = await from.encrypt('one');
    expect(from.lastChanges).toHaveLength(1);
    to.reads.length = 0;
    await to.decrypt(message);
    expect(to.reads).toHaveLength(1);
    expect(to.lastChanges).toEqual([`put ${to.reads[0]}`]);
  });

  it('a key that is known and first changes nothing', async () => {
    const [from, to] = [new PortableMember('a'), new PortableMember('b')];
    const distribution = await from.create();
    await to.process(distribution);
    await to.process(distribution);
    expect(to.lastChanges).toEqual([]);
  });

  it('are gone with the key, page and all, and a new key begins', async () => {
    const script = new ScriptedSender(seededRandom('gone'));
    const to = new PortableMember('gone');
    await to.process(script.distribution());
    await to.decrypt(script.message(200));
    expect(to.records.size).toBe(5);
    await to.remove();
    expect(to.records.size).toBe(0);
    await to.remove();
    expect(await to.decrypt(script.message(201))).toBe('no-sender-key');
    const first = await to.create();
    await to.remove();
    expect(await to.create()).not.toEqual(first);
  });

  it('that are damaged are named so, and can be removed', async () => {
    const from = new PortableMember('damaged');
    await from.create();
    const [[key, record]] = [...from.records] as [[string, Uint8Array]];
    from.records.set(key, record.with(record.length - 1, record.at(-1)! ^ 1));
    await expect(from.encrypt('x')).rejects.toMatchObject({ code: 'engine-record-invalid' });
    await expect(from.create()).rejects.toMatchObject({ code: 'engine-record-invalid' });
    await from.remove();
    expect(from.records.size).toBe(0);
  });

  it('are named by device and distribution', async () => {
    const member = new PortableMember('named');
    await member.create();
    expect([...member.records.keys()]).toEqual([
      `sender-key/9d0652a3-dcc3-4d11-975f-74d61598733f.3/${distributionId}/current`,
    ]);
  });
});
