import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import type { StorageAdapter } from '../../src/ports/storage.js';
import { createMemoryMedium, memoryStorage } from '../../src/storage/memory/index.js';
import { defineRecord, HandlerContext, Journal, Writer } from '../../src/unit/index.js';

/** The methods of an adapter, to be replaced one by one. */
function bound(storage: StorageAdapter): StorageAdapter {
  return {
    durability: storage.durability,
    acquire: () => storage.acquire(),
    get: (keys) => storage.get(keys),
    list: (prefix) => storage.list(prefix),
    commit: (changes, options) => storage.commit(changes, options),
    destroy: (options) => storage.destroy(options),
    close: () => storage.close(),
  };
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const eventSchema = z.strictObject({ n: z.number() });

async function openWriter(medium = createMemoryMedium()) {
  const writer = await Writer.open(memoryStorage({ medium }), () => undefined);
  return { medium, writer };
}

describe('a unit of work', () => {
  it('is written whole or not at all', async () => {
    const { writer } = await openWriter();
    await expect(
      writer.run(async (unit) => {
        unit.put('a', bytes(1));
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await writer.get(['a'])).toEqual([undefined]);
    await writer.run(async (unit) => {
      unit.put('a', bytes(1));
      unit.put('b', bytes(2));
    });
    expect(await writer.get(['a', 'b'])).toEqual([bytes(1), bytes(2)]);
  });

  it('reads its own changes and leaves others alone', async () => {
    const { writer } = await openWriter();
    await writer.run(async (unit) => {
      unit.put('x/a', bytes(1));
      unit.put('x/b', bytes(2));
    });
    await writer.run(async (unit) => {
      unit.delete('x/a');
      unit.put('x/c', bytes(3));
      expect(await unit.getMany(['x/a', 'x/b', 'x/c'])).toEqual([undefined, bytes(2), bytes(3)]);
      expect((await unit.list('x/')).map(({ key }) => key).sort()).toEqual(['x/b', 'x/c']);
      expect(await writer.get(['x/a'])).toEqual([bytes(1)]);
    });
  });

  it('asks the storage once for what many of its steps read, absent values included', async () => {
    const storage = memoryStorage({ medium: createMemoryMedium() });
    const asked: string[] = [];
    const watched: StorageAdapter = {
      ...bound(storage),
      get: (keys) => {
        asked.push(...keys);
        return storage.get(keys);
      },
    };
    const writer = await Writer.open(watched, () => undefined);
    await writer.run(async (unit) => unit.put('a', bytes(1)));
    asked.length = 0;
    await writer.run(async (unit) => {
      expect(await unit.getMany(['a', 'b'])).toEqual([bytes(1), undefined]);
      expect(await unit.getMany(['b', 'a', 'c'])).toEqual([undefined, bytes(1), undefined]);
      expect(await unit.get('a')).toEqual(bytes(1));
    });
    expect(asked).toEqual(['a', 'b', 'c']);
  });

  it('sees what it has put or deleted after it has read the key, and again what was before a checkpoint', async () => {
    const { writer } = await openWriter();
    await writer.run(async (unit) => unit.put('a', bytes(1)));
    await writer.run(async (unit) => {
      expect(await unit.getMany(['a', 'b'])).toEqual([bytes(1), undefined]);
      const checkpoint = unit.checkpoint();
      unit.put('a', bytes(2));
      unit.put('b', bytes(3));
      expect(await unit.getMany(['a', 'b'])).toEqual([bytes(2), bytes(3)]);
      unit.delete('a');
      expect(await unit.get('a')).toBeUndefined();
      checkpoint.restore();
      expect(await unit.getMany(['a', 'b'])).toEqual([bytes(1), undefined]);
    });
  });

  it('knows nothing of what another one has read or staged', async () => {
    const { writer } = await openWriter();
    await writer.run(async (unit) => unit.put('a', bytes(1)));
    const failed = writer.run(async (unit) => {
      await unit.getMany(['a', 'b']);
      unit.put('a', bytes(9));
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    await writer.run(async (unit) => {
      expect(await unit.getMany(['a', 'b'])).toEqual([bytes(1), undefined]);
      unit.put('b', bytes(2));
    });
    await writer.run(async (unit) => expect(await unit.get('b')).toEqual(bytes(2)));
  });

  it('takes staged changes back to a checkpoint', async () => {
    const { writer } = await openWriter();
    let called = 0;
    await writer.run(async (unit) => {
      unit.put('kept', bytes(1));
      const checkpoint = unit.checkpoint();
      unit.put('kept', bytes(9));
      unit.put('gone', bytes(2));
      unit.afterCommit(() => (called += 1));
      checkpoint.restore();
    });
    expect(await writer.get(['kept', 'gone'])).toEqual([bytes(1), undefined]);
    expect(called).toBe(0);
  });

  it('runs one after another, whatever takes long', async () => {
    const { writer } = await openWriter();
    const order: number[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const first = writer.run(async () => {
      await gate;
      order.push(1);
    });
    const second = writer.run(async () => void order.push(2));
    release();
    await Promise.all([first, second]);
    expect(order).toEqual([1, 2]);
  });

  it('refuses use after it has ended', async () => {
    const { writer } = await openWriter();
    const unit = await writer.run(async (open) => open);
    expect(() => unit.put('a', bytes(1))).toThrow(expect.objectContaining({ code: 'unit-closed' }));
  });

  it('stops for good when another writer takes over, and says so once', async () => {
    const medium = createMemoryMedium();
    let fenced = 0;
    const writer = await Writer.open(memoryStorage({ medium }), () => (fenced += 1));
    await openWriter(medium);
    const put = () => writer.run(async (unit) => unit.put('a', bytes(1)));
    await expect(put()).rejects.toMatchObject({ code: 'fenced' });
    await expect(put()).rejects.toMatchObject({ code: 'messenger-closed' });
    expect(fenced).toBe(1);
  });
});

describe('a record', () => {
  const record = defineRecord(2, z.strictObject({ n: z.number() }));
  it.each([
    ['another version', '{"v":1,"d":{"n":1}}'],
    ['another shape', '{"v":2,"d":{"n":"1"}}'],
    ['no JSON', '{'],
  ])('of %s is storage-corrupt and quotes nothing', (_name, text) => {
    const decode = () => record.decode(new TextEncoder().encode(text));
    expect(decode).toThrow(expect.objectContaining({ code: 'storage-corrupt' }));
    expect(decode).toThrow(expect.not.objectContaining({ cause: expect.anything() }));
  });
});

describe('the journal', () => {
  it('speaks in order, and again after a crash under the same seq', async () => {
    const { medium, writer } = await openWriter();
    const journal = new Journal(writer, eventSchema);
    await writer.run((unit) => journal.append(unit, { n: 1 }));
    const heard: unknown[] = [];
    await journal.start(async (entry) => void heard.push(entry));
    await writer.run(async (unit) => {
      await journal.append(unit, { n: 2 });
      await journal.append(unit, { n: 3 });
    });
    await journal.settled();
    const all = [1, 2, 3].map((n) => ({ seq: n, event: { n } }));
    expect(heard).toEqual(all);

    // The process dies before anything else is committed; the first entry went with that commit.
    const reopened = await openWriter(medium);
    const again: unknown[] = [];
    const second = new Journal(reopened.writer, eventSchema);
    await second.start(async (entry) => void again.push(entry));
    await second.settled();
    expect(again).toEqual(all.slice(1));
    await reopened.writer.close();

    const third = await openWriter(medium);
    const silent: unknown[] = [];
    const journal3 = new Journal(third.writer, eventSchema);
    await journal3.start(async (entry) => void silent.push(entry));
    await third.writer.run((unit) => journal3.append(unit, { n: 4 }));
    await journal3.settled();
    expect(silent).toEqual([{ seq: 4, event: { n: 4 } }]);
  });

  it('does not speak of what was not committed', async () => {
    const { writer } = await openWriter();
    const journal = new Journal(writer, eventSchema);
    const heard: unknown[] = [];
    await journal.start(async (entry) => void heard.push(entry));
    await writer
      .run(async (unit) => {
        await journal.append(unit, { n: 1 });
        throw new Error('no');
      })
      .catch(() => undefined);
    await writer.run((unit) => journal.append(unit, { n: 2 }));
    await journal.settled();
    expect(heard).toEqual([{ seq: 1, event: { n: 2 } }]);
  });
});

describe('the handler context', () => {
  it('tells a call inside a handler from one beside it, across awaits', async () => {
    const context = new HandlerContext();
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const inside = context.run(async () => {
      await gate;
      context.assertOutside();
    });
    context.assertOutside();
    release();
    await expect(inside).rejects.toMatchObject({ code: 'unit-reentrancy' });
    context.assertOutside();
  });
});
