/** What an encrypted storage hides, what it notices, and which keys it takes. */
import { describe, expect, it } from 'vitest';
import { encryptedStorage, passphraseKey } from '@sotto/sdk/storage/encrypted';
import { createMemoryMedium, memoryStorage } from '@sotto/sdk/storage/memory';
import { concatBytes, equalBytes, utf8 } from '../../src/bytes.js';
import { wrapPlatformScrypt } from '../../src/platform-scrypt.js';
import { Secret } from '../../src/secret.js';
import { OpenStore, putTexts, secretKey, textsOf } from './encrypted-store.js';

const texts = {
  account: 'alice in wonderland',
  'message/carol/1': 'the same words',
  'message/dave/1': 'the same words',
  'message/dave/2': 'other words',
  carol: 'in another place',
};

async function filled(): Promise<OpenStore> {
  const store = new OpenStore();
  await putTexts(store.encrypted(), texts);
  return store;
}

const flipped = (bytes: Uint8Array, at: number) => {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] as number) ^ 0x02;
  return copy;
};

const textOf = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

describe('what the store below sees', () => {
  it('has no name and no value in it', async () => {
    const inside = await (await filled()).inside();
    const everything = inside.map(({ key, value }) => `${key}\n${textOf(value)}`).join('\n');
    for (const word of ['alice', 'words', 'account', 'message', 'carol', 'dave']) {
      expect(everything).not.toContain(word);
    }
    // The scan finds what is there.
    const canary = memoryStorage({ medium: new OpenStore().medium });
    await canary.commit([{ key: 'carol', value: utf8('words') }], { fence: await canary.acquire() });
    const [found] = await canary.get(['carol']);
    expect(textOf(found as Uint8Array)).toContain('words');
  });

  it('shows the same name in two places, and the same value twice, as different ones', async () => {
    const inside = await (await filled()).inside();
    const segments = inside.filter(({ key }) => key.startsWith('g1/v/')).map(({ key }) => key.split('/'));
    const leaves = segments.map((parts) => parts.at(-1));
    expect(new Set(leaves).size).toBe(leaves.length);
    // What it does show: which names share their beginning. Message, and dave in it.
    expect(new Set(segments.map(([, , first]) => first)).size).toBe(3);
    expect(segments.filter((parts) => parts.length === 5)).toHaveLength(3);
    const values = inside.map(({ value }) => value);
    expect(values.some((one) => values.some((other) => one !== other && equalBytes(one, other)))).toBe(false);
  });

  it('changes with every write of the same value', async () => {
    const store = await filled();
    const before = await store.inside();
    await putTexts(store.encrypted(), texts);
    const after = await store.inside();
    const unchanged = after.filter(({ key, value }) => {
      const earlier = before.find((entry) => entry.key === key);
      return earlier && equalBytes(earlier.value, value);
    });
    expect(unchanged.map(({ key }) => key)).toEqual(['header']);
  });
});

describe('a storage that was meddled with', () => {
  it('says so for every bit of every record', async () => {
    const store = await filled();
    const codes = new Map<string, number>();
    for (const { key, value } of await store.inside()) {
      for (let at = 0; at < value.length; at += 1) {
        const copy = store.copy();
        await copy.meddle(key, flipped(value, at));
        const outcome = await openedForWriting(copy);
        codes.set(outcome, (codes.get(outcome) ?? 0) + 1);
        const isVersion = at === 0 || (key === 'header' && at === 1);
        const isCheck = key === 'header' && at >= 6 && at < 34;
        expect([key, at, outcome]).toEqual([key, at, expectedOutcome(isVersion, isCheck)]);
      }
    }
    expect(codes.get('storage-tampered')).toBeGreaterThan(350);
  });

  it('notices a value that was put in another’s place, cut or taken for the header', async () => {
    const store = await filled();
    const [one, other] = (await store.inside()).filter(({ key }) => key.startsWith('g1/v/'));
    for (const value of [
      other?.value,
      one?.value.subarray(0, 20),
      new Uint8Array(),
      one?.value.subarray(1),
    ]) {
      const copy = store.copy();
      await copy.meddle(one?.key as string, value);
      expect(await copy.read()).toMatch(/^storage-(tampered|corrupt)$/);
    }
    await store.meddle('header', one?.value);
    expect(await store.read()).toBe('storage-corrupt');
  });

  it.each(['header', 'g1/count'])('notices that %s is gone, and does not begin anew', async (key) => {
    const store = await filled();
    await store.meddle(key, undefined);
    expect(await openedForWriting(store)).toBe('storage-tampered');
  });

  it('does not take a storage that is not encrypted', async () => {
    const store = new OpenStore();
    await store.meddle('account', utf8('plain'));
    await expect(store.encrypted().acquire()).rejects.toMatchObject({ code: 'storage-tampered' });
    expect(await store.inside()).toHaveLength(1);
  });

  it('cannot notice one value that is replaced by an older one of its own: documented', async () => {
    const store = await filled();
    const before = await store.inside();
    await putTexts(store.encrypted(), { account: 'newer' });
    const after = await store.inside();
    const changed = before.find(
      ({ key, value }) =>
        key.startsWith('g1/v/') &&
        after.some((entry) => entry.key === key && !equalBytes(entry.value, value)),
    );
    await store.meddle(changed?.key as string, changed?.value);
    expect(await store.read()).toMatchObject({ account: texts.account });
  });
});

function expectedOutcome(isVersion: boolean, isCheck: boolean): string {
  if (isVersion) return 'storage-corrupt';
  return isCheck ? 'storage-wrong-key' : 'storage-tampered';
}

/** As a messenger would: acquire, read everything. */
async function openedForWriting(store: OpenStore): Promise<string> {
  const storage = store.encrypted();
  try {
    await storage.acquire();
    await textsOf(storage);
    return 'readable';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

const cheap = { logN: 14, p: 1 };

describe('keys', () => {
  it('opens with the key it was made with, of each kind, and with no other', async () => {
    const generate = () =>
      crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
    const device = await generate();
    const keys = {
      secret: () => secretKey(1),
      device: () => device,
      passphrase: () => passphraseKey('ﬁrst words', cheap),
    };
    const wrong = [secretKey(2), await generate(), passphraseKey('second words', cheap)];
    for (const [kind, right] of Object.entries(keys)) {
      const store = new OpenStore();
      await putTexts(store.encrypted(right()), texts);
      expect(await store.read(right())).toEqual(texts);
      const others = Object.entries(keys).filter(([other]) => other !== kind);
      for (const key of [...wrong, ...others.map(([, other]) => other())]) {
        expect(await store.read(key)).toBe('storage-wrong-key');
      }
    }
  });

  it('takes a passphrase as it is meant, whatever keyboard it was typed on', async () => {
    const store = new OpenStore();
    await putTexts(store.encrypted(passphraseKey('ﬁrst １', cheap)), texts);
    expect(await store.read(passphraseKey('first 1'))).toEqual(texts);
  });

  it('takes nothing from anybody when the key is wrong', async () => {
    const store = new OpenStore();
    const storage = store.encrypted();
    const fence = await putTexts(storage, texts);
    const intruder = store.encrypted(secretKey(2));
    await expect(intruder.acquire()).rejects.toMatchObject({ code: 'storage-wrong-key' });
    await expect(storage.commit([], { fence })).resolves.toBeUndefined();
  });

  it('may be wiped as soon as the storage has it', async () => {
    const store = new OpenStore();
    const secret = secretKey(1);
    const storage = store.encrypted(secret);
    secret.wipe();
    await putTexts(storage, texts);
    expect(await store.read(secretKey(1))).toEqual(texts);
  });

  it.each([
    [13, 1],
    [19, 1],
    [255, 1],
    [14, 0],
    [14, 5],
    [14, 255],
  ])('does no work for a header that asks for scrypt with 2^%i and %i', async (logN, p) => {
    const store = new OpenStore();
    await putTexts(store.encrypted(passphraseKey('words', cheap)), texts);
    const header = (await store.inside()).find(({ key }) => key === 'header')?.value as Uint8Array;
    await store.meddle(
      'header',
      concatBytes(header.subarray(0, 6), Uint8Array.of(logN, p), header.subarray(8)),
    );
    // Had it been derived, it would be the wrong key.
    expect(await store.read(passphraseKey('words'))).toBe('storage-corrupt');
  });

  it('says so where the memory to derive it from a passphrase is missing, and is asked for again', async () => {
    const store = new OpenStore();
    await putTexts(store.encrypted(passphraseKey('words', cheap)), texts);
    let isShort = true;
    wrapPlatformScrypt((derive) => async (...input) => {
      if (isShort) throw new RangeError('Array buffer allocation failed');
      return derive(...input);
    });
    const storage = store.encrypted(passphraseKey('words'));
    await expect(storage.get(['account'])).rejects.toMatchObject({ code: 'kdf-memory' });
    await expect(storage.acquire()).rejects.toMatchObject({ code: 'kdf-memory' });
    isShort = false;
    expect(await storage.get(['account'])).toEqual([utf8(texts.account)]);
  });

  it('is removed with what it encrypted, after it, and not by a writer that was fenced', async () => {
    const medium = createMemoryMedium();
    const sizeBelow = async () => {
      let size = 0;
      for await (const _ of memoryStorage({ medium }).list('')) size += 1;
      return size;
    };
    const left: number[] = [];
    const open = () =>
      encryptedStorage(memoryStorage({ medium }), secretKey(1), {
        removeKey: async () => void left.push(await sizeBelow()),
      });
    const [older, newer] = [open(), open()];
    const fence = await older.acquire();
    await older.commit([{ key: 'a', value: utf8('text') }], { fence });
    const newerFence = await newer.acquire();
    await expect(older.destroy({ fence })).rejects.toMatchObject({ code: 'fenced' });
    expect(left).toEqual([]);
    expect(await sizeBelow()).toBeGreaterThan(0);
    await newer.destroy({ fence: newerFence });
    expect(left).toEqual([0]);
  });

  it('refuses what is no key', async () => {
    const inner = memoryStorage();
    const short = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, [
      'encrypt',
      'decrypt',
    ]);
    const oneWay = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt']);
    for (const key of [
      new Secret(new Uint8Array(31)),
      short,
      oneWay,
      'text',
      undefined,
      new Uint8Array(32),
    ]) {
      expect(() => encryptedStorage(inner, key as never)).toThrow(TypeError);
    }
    for (const [passphrase, cost] of [
      ['', cheap],
      ['w'.repeat(1_025), cheap],
      [7, cheap],
      ['words', { logN: 13, p: 1 }],
      ['words', { logN: 14.5, p: 1 }],
    ] as const) {
      expect(() => passphraseKey(passphrase as string, cost)).toThrow(TypeError);
    }
  });

  it('prints no passphrase', async () => {
    const { inspect } = await import('node:util');
    const key = passphraseKey('open sesame', cheap);
    const printed = [inspect(key, { depth: 5, showHidden: true }), JSON.stringify(key), String(key)].join(
      ' ',
    );
    expect(printed).not.toContain('sesame');
  });
});
