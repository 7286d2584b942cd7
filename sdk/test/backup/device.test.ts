/** A device's archive and its way back into a storage: what is in it, when it is of, and what crashes leave. */
import { describe, expect, it } from 'vitest';
import type { ArchiveSection } from '../../src/backup/archive-content.js';
import { readArchive } from '../../src/backup/archive-reader.js';
import { discardStagedRestore, stageRestore } from '../../src/backup/staged-restore.js';
import { ownAccountKey } from '../../src/account/index.js';
import { messageKey, messageRecord, messageSeqRecord } from '../../src/messages/index.js';
import type { StorageAdapter } from '../../src/ports/storage.js';
import { createMemoryMedium, memoryStorage } from '../../src/storage/memory/index.js';
import { Writer, type Unit } from '../../src/unit/index.js';
import {
  archiveOf,
  beginSection,
  bytesOf,
  cheapDerivation,
  conversationSection,
  identitySection,
  messageSection,
  noTotals,
  sampleSecret,
  sampleSections,
  streamOf,
} from './sample-archive.js';
import { deviceArchive, fillDevice, theirId } from './sample-device.js';

const engine = { name: 'portable', recordVersion: 1 };
const open = (storage: StorageAdapter = memoryStorage()) => Writer.open(storage, () => undefined);

async function filled(messages: number): Promise<Writer> {
  const writer = await open();
  await fillDevice(writer, { engine, messages });
  return writer;
}

function sections(archive: Uint8Array | ReadableStream<Uint8Array>): AsyncIterable<ArchiveSection> {
  const stream = archive instanceof Uint8Array ? streamOf(archive, 50_000) : archive;
  return readArchive(stream, sampleSecret, {}, cheapDerivation);
}

async function contents(writer: Pick<Writer, 'list'>): Promise<Record<string, string>> {
  const found: [string, string][] = [];
  for await (const { key, value } of writer.list('')) {
    if (!key.startsWith('store-')) found.push([key, Buffer.from(value).toString('latin1')]);
  }
  return Object.fromEntries(found.sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Without what a restore leaves to whoever writes the account. */
async function restorable(writer: Writer): Promise<Record<string, string>> {
  const { [ownAccountKey]: _, ...rest } = await contents(writer);
  return rest;
}

/** A storage that dies with its n-th commit, before or after it took effect. */
function dying(inner: StorageAdapter, dieAt: number, after: boolean): StorageAdapter {
  let commits = 0;
  return {
    durability: inner.durability,
    acquire: () => inner.acquire(),
    get: (keys) => inner.get(keys),
    list: (prefix) => inner.list(prefix),
    commit: async (changes, options) => {
      commits += 1;
      if (commits > dieAt || (commits === dieAt && !after)) throw new Error('dead');
      await inner.commit(changes, options);
      if (commits === dieAt) throw new Error('dead');
    },
    destroy: (options) => inner.destroy(options),
    close: () => inner.close(),
  };
}

describe('a device', () => {
  it('comes back as it was, through an archive, into another storage', async () => {
    const device = await filled(2_500);
    const restored = await open();
    const staged = await stageRestore({ writer: restored, now: 0 }, sections(await deviceArchive(device)));
    expect(staged.totals).toMatchObject({
      contacts: 1,
      conversations: 1,
      messages: 2_500,
      applicationRecords: 1,
    });
    await restored.run(async (unit) => {
      staged.activate(unit);
    });
    expect(await restorable(restored)).toEqual(await restorable(device));
  });

  it('goes into an archive as it was when that was begun, whatever it does meanwhile', async () => {
    const device = await filled(600);
    const before = await restorable(device);
    const stream = await deviceArchive(device);
    const gone = messageKey(theirId, 3);
    await device.run(async (unit) => {
      const last = await unit.read(messageKey(theirId, 600), messageRecord);
      if (!last) throw new Error('no message');
      unit.write(messageKey(theirId, 600), messageRecord, { ...last, status: 'failed', failure: 'offline' });
      unit.delete(gone);
      unit.put('app/notes/1', Uint8Array.of(9));
      unit.put('app/notes/2', Uint8Array.of(9));
    });
    const restored = await open();
    const staged = await stageRestore({ writer: restored, now: 0 }, sections(stream));
    await restored.run(async (unit) => {
      staged.activate(unit);
    });
    expect(await restorable(restored)).toEqual(before);
    expect(await device.get([gone])).toEqual([undefined]);
  });

  it('keeps deleted messages deleted, and their ids known, through one archive after another', async () => {
    const device = await filled(10);
    await device.run(async (unit) => {
      unit.delete(messageKey(theirId, 4));
    });
    const before = await restorable(device);
    let from = device;
    for (let round = 0; round < 2; round += 1) {
      const restored = await open();
      await stageRestore({ writer: restored, now: 0 }, sections(await deviceArchive(from)));
      await restored.run(async (unit) => {
        unit.delete('restore/state');
        const [account] = await from.get([ownAccountKey]);
        if (account) unit.put(ownAccountKey, account);
      });
      expect(await restorable(restored)).toEqual(before);
      from = restored;
    }
  });

  it('ends its archive with an error when more changes meanwhile than is put aside', async () => {
    const device = await filled(10);
    const each = async (change: (unit: Unit, key: string) => void) => {
      for (let index = 0; index < 9; index += 1) {
        await device.run(async (unit) => {
          change(unit, `app/big/${index}`);
        });
      }
    };
    await each((unit, key) => {
      unit.put(key, new Uint8Array(4 * 1024 * 1024));
    });
    const stream = await deviceArchive(device);
    await each((unit, key) => {
      unit.delete(key);
    });
    const details = { limit: 'maxSnapshotBytes' };
    await expect(bytesOf(stream)).rejects.toMatchObject({ code: 'limit-exceeded', details });
  });

  it('takes keys of records as long as a storage does, and through an archive', async () => {
    const device = await filled(1);
    const key = 'k'.repeat(512 - 'app/'.length);
    await device.run(async (unit) => {
      unit.put(`app/${key}`, Uint8Array.of(7));
    });
    const records: string[] = [];
    for await (const section of sections(await deviceArchive(device))) {
      if (section.type === 'applicationRecord') records.push(section.key);
    }
    expect(records.sort()).toEqual([key, 'notes/1']);
  });

  it.each(['conversation/nobody', `message-id/${theirId}/nobody/nothing`])(
    'with %s in its storage is corrupt, which ends the archive',
    async (key) => {
      const device = await filled(3);
      await device.run(async (unit) => {
        unit.delete(messageKey(theirId, 2));
        const [known] = await device.get([`conversation/${theirId}`]);
        const ids = await unit.list(`message-id/${theirId}/`);
        const second = ids.find(({ value }) => messageSeqRecord.decode(value).seq === 2)!;
        unit.delete(second.key);
        unit.put(key, key.startsWith('conversation') ? known! : second.value);
      });
      const written = deviceArchive(device).then(bytesOf);
      await expect(written).rejects.toMatchObject({ code: 'storage-corrupt' });
    },
  );

  it('has nothing of sessions, pre-keys, tokens and the device key in its archive', async () => {
    const device = await filled(1);
    await device.run(async (unit) => {
      for (const key of [
        'engine/session/x',
        'engine/pre-key/1',
        'account/credentials',
        'outbox/1',
        'prekeys/held',
      ]) {
        unit.put(key, new TextEncoder().encode('a canary that sings'));
      }
    });
    const found: string[] = [];
    for await (const section of sections(await deviceArchive(device))) found.push(section.type);
    expect(found).toEqual([
      'begin',
      'identity',
      'contact',
      'conversation',
      'message',
      'applicationRecord',
      'end',
    ]);
  });

  it('lets go of its snapshot when the archive is cancelled', async () => {
    const device = await filled(3_000);
    const reader = (await deviceArchive(device)).getReader();
    await reader.read();
    await reader.cancel();
    const stop = new AbortController();
    const stopped = await deviceArchive(device, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(bytesOf(stopped)).rejects.toThrow('enough');
    await device.run(async (unit) => {
      unit.put('app/notes/1', Uint8Array.of(1));
    });
    await device.close();
  });
});

describe('a restore', () => {
  it('drops what has expired, keeps the id, and says how many', async () => {
    const writer = await open();
    const staged = await stageRestore(
      { writer, now: 1_900_000_000_000 },
      sections(await archiveOf(sampleSections())),
    );
    expect([staged.expired, staged.leftOut]).toEqual([1, 0]);
    expect(await writer.get([messageKey(theirId, 4)])).toEqual([undefined]);
    expect(Object.keys(await contents(writer)).filter((key) => key.startsWith('message-id/'))).toHaveLength(
      4,
    );
  });

  it('leaves out what is to be gone at a time that it cannot keep', async () => {
    const writer = await open();
    const staged = await stageRestore({ writer, now: 0 }, sections(await archiveOf(sampleSections())));
    expect([staged.expired, staged.leftOut]).toEqual([0, 1]);
    expect(await writer.get([messageKey(theirId, 4)])).toEqual([undefined]);
  });

  it('says of what was to be sent that it was not', async () => {
    const row = messageSection(2, 'on its way');
    if (row.type !== 'message') throw new Error('the samples are others');
    const pending: ArchiveSection = { ...row, message: { ...row.message, status: 'pending' } };
    const archive = await archiveOf([
      beginSection(1),
      identitySection(),
      conversationSection(3),
      pending,
      { type: 'end', totals: { ...noTotals, conversations: 1, messages: 1 } },
    ]);
    const writer = await open();
    await stageRestore({ writer, now: 0 }, sections(archive));
    const restored = await writer.read(messageKey(theirId, 2), messageRecord);
    expect(restored).toMatchObject({ status: 'failed', failure: 'restored-unsent' });
  });

  it('goes into an empty storage only', async () => {
    const writer = await filled(1);
    const before = await contents(writer);
    const restore = stageRestore({ writer, now: 0 }, sections(await archiveOf(sampleSections())));
    await expect(restore).rejects.toMatchObject({ code: 'restore-not-empty' });
    expect(await contents(writer)).toEqual(before);
  });

  it('that dies with any of its commits leaves nothing that counts, and can be made again', async () => {
    const archive = await bytesOf(await deviceArchive(await filled(2_500)));
    let crashes = 0;
    for (let dieAt = 1; ; dieAt += 1) {
      for (const after of [false, true]) {
        const medium = createMemoryMedium();
        const writer = await open(dying(memoryStorage({ medium }), dieAt, after));
        const outcome = await stageRestore({ writer, now: 0 }, sections(archive)).catch(() => undefined);
        if (outcome) {
          expect(crashes).toBeGreaterThan(8);
          return;
        }
        crashes += 1;
        const next = await open(memoryStorage({ medium }));
        await discardStagedRestore(next);
        expect(await contents(next)).toEqual({});
        const staged = await stageRestore({ writer: next, now: 0 }, sections(archive));
        expect(staged.totals.messages).toBe(2_500);
        await next.close();
      }
    }
  });

  it('of an archive that ends too early is cleared away by the next one', async () => {
    const archive = await bytesOf(await deviceArchive(await filled(5_000)));
    const writer = await open();
    const broken = stageRestore({ writer, now: 0 }, sections(archive.slice(0, -50)));
    await expect(broken).rejects.toMatchObject({ code: 'backup-truncated' });
    expect(await discardStagedRestore(writer)).toBe(true);
    expect(await contents(writer)).toEqual({});
    expect(await discardStagedRestore(writer)).toBe(false);
  });
});
