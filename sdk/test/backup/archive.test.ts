import { describe, expect, it } from 'vitest';
import type { ArchiveSection } from '../../src/backup/archive-content.js';
import { inspectArchive, readArchive, verifyArchive } from '../../src/backup/archive-reader.js';
import type { KeyDerivation } from '../../src/backup/key-derivation.js';
import { createRecoveryKey } from '../../src/backup/recovery-key.js';
import { encodeSection } from '../../src/backup/section-codec.js';
import { concatBytes } from '../../src/bytes.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import {
  archiveOf,
  beginSection,
  cheapDerivation,
  chunksOf,
  contactSection,
  conversationSection,
  identitySection,
  messageSection,
  noTotals,
  sampleSections,
  sealedArchive,
  sectionsOf,
  streamOf,
} from './sample-archive.js';

const secret = { recoveryKey: createRecoveryKey(seededRandom('archive test')) };

/** Fails the test if a key is derived. */
const neverDerive: KeyDerivation = () => {
  throw new Error('derived before the bounds were checked');
};

function changed(bytes: Uint8Array, offset: number, ...values: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, offset);
  return copy;
}

describe('an archive', () => {
  it('gives back every section, byte for byte', async () => {
    const sections = sampleSections();
    const read = await sectionsOf(await archiveOf(sections, { secret }), { secret });
    expect(read.map(encodeSection)).toEqual(sections.map(encodeSection));
  });

  it('tells what it is to whoever has no secret', async () => {
    const made = await archiveOf(sampleSections(), { secret });
    const summary = await inspectArchive(streamOf(made));
    expect(summary).toMatchObject({
      version: 1,
      secretKind: 'recovery-key',
      kdf: { name: 'pbkdf2-sha-256', iterations: 600_000 },
      headerBytes: 100,
      chunkBytes: 4096,
    });
  });

  it('has another key every time', async () => {
    const [one, other] = await Promise.all(
      ['one', 'other'].map((seed) => archiveOf(sampleSections(), { secret, seed })),
    );
    expect(one).not.toEqual(other);
  });

  it('is read in constant memory: no more than a chunk is taken ahead', async () => {
    const archive = await archiveOf(sampleSections(), { secret });
    let given = 0;
    const stream = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          if (given >= archive.length) return controller.close();
          controller.enqueue(archive.slice(given, (given += 100)));
        },
      },
      { highWaterMark: 0 },
    );
    const sections = readArchive(stream, secret, {}, cheapDerivation);
    await sections.next();
    expect(given).toBeLessThan(100 + 4 + 4096 + 16 + 200);
    await sections.return();
  });
});

describe('refused before any key is derived', () => {
  const cases: [name: string, offset: number, values: number[], code: string][] = [
    ['something else than an archive', 0, [0x50], 'backup-invalid'],
    ['a version to come', 8, [2], 'backup-version'],
    ['a version that never was', 8, [0], 'backup-version'],
    ['an unknown derivation', 9, [7], 'backup-parameters'],
    ['an unknown kind of secret', 10, [3], 'backup-parameters'],
    ['a reserved byte', 11, [1], 'backup-parameters'],
    ['too few iterations', 12, [0, 9, 0x27, 0xbf], 'backup-parameters'],
    ['iterations for hours', 12, [0xff, 0xff, 0xff, 0xff], 'backup-parameters'],
    ['iterations just above the bound', 12, [0, 0x98, 0x96, 0x81], 'backup-parameters'],
    ['parameters the derivation does not have', 16, [0, 0, 0, 1], 'backup-parameters'],
    [
      'Argon2id with little memory',
      9,
      [2, 1, 0, 0, 0, 0x4b, 0xff, 0, 0, 0, 1, 0, 0, 0, 1],
      'backup-parameters',
    ],
    ['Argon2id with all memory', 9, [2, 1, 0, 0, 4, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1], 'backup-parameters'],
    ['Argon2id without a pass', 9, [2, 1, 0, 0, 0, 0x4c, 0, 0, 0, 0, 0, 0, 0, 0, 1], 'backup-parameters'],
    [
      'Argon2id with too many passes',
      9,
      [2, 1, 0, 0, 0, 0x4c, 0, 0, 0, 0, 11, 0, 0, 0, 1],
      'backup-parameters',
    ],
    ['Argon2id in many lanes', 9, [2, 1, 0, 0, 0, 0x4c, 0, 0, 0, 0, 1, 0, 0, 0, 4], 'backup-parameters'],
    ['chunks of nothing', 56, [0, 0, 0, 0], 'backup-parameters'],
    ['chunks of gigabytes', 56, [0x7f, 0xff, 0xff, 0xff], 'backup-parameters'],
    ['a time that no clock shows', 60, [0xff], 'backup-parameters'],
  ];

  it.each(cases)('%s', async (_, offset, values, code) => {
    const archive = changed(await archiveOf(sampleSections(), { secret }), offset, ...values);
    await expect(sectionsOf(archive, { secret, derive: neverDerive })).rejects.toMatchObject({ code });
    await expect(inspectArchive(streamOf(archive))).rejects.toMatchObject({ code });
  });

  it.each([0, 5])('an empty file, or one of %i bytes', async (length) => {
    const archive = (await archiveOf(sampleSections(), { secret })).slice(0, length);
    const code = length === 0 ? 'backup-invalid' : 'backup-truncated';
    await expect(sectionsOf(archive, { secret, derive: neverDerive })).rejects.toMatchObject({ code });
  });

  it('another kind of secret than the archive’s', async () => {
    const archive = await archiveOf(sampleSections(), { secret });
    const password = { password: 'correct horse battery' };
    const read = sectionsOf(archive, { secret: password, derive: neverDerive });
    await expect(read).rejects.toMatchObject({ code: 'backup-wrong-secret' });
  });
});

describe('refused with its own code', () => {
  it('another secret, and a damaged header, alike', async () => {
    const archive = await archiveOf(sampleSections(), { secret });
    const other = { recoveryKey: createRecoveryKey(seededRandom('other')) };
    const code = 'backup-wrong-secret';
    await expect(sectionsOf(archive, { secret: other })).rejects.toMatchObject({ code });
    const downgraded = changed(archive, 12, 0, 0x10, 0, 0);
    for (const damaged of [downgraded, changed(archive, 30, 1), changed(archive, 80, 1)]) {
      await expect(sectionsOf(damaged, { secret })).rejects.toMatchObject({ code });
    }
  });

  it('an archive whose header was changed where only the chunks can tell', async () => {
    const archive = changed(await archiveOf(sampleSections(), { secret }), 67, 1);
    await expect(sectionsOf(archive, { secret })).rejects.toMatchObject({ code: 'backup-damaged' });
  });

  it('one that ends too early, wherever', async () => {
    const archive = await archiveOf(sampleSections(), { secret });
    const { header, chunks } = chunksOf(archive);
    expect(chunks).toHaveLength(2);
    const atChunk = header.length + (chunks[0] as Uint8Array).length;
    for (const length of [20, 99, 100, 102, 110, atChunk - 1, atChunk, atChunk + 3, archive.length - 1]) {
      const read = sectionsOf(archive.slice(0, length), { secret });
      await expect(read, `${length}`).rejects.toMatchObject({ code: 'backup-truncated' });
    }
  });

  it('chunks that were moved, repeated, left out, appended, or are of another archive', async () => {
    const big: ArchiveSection[] = [beginSection(0), identitySection()];
    for (let index = 0; index < 4; index += 1) {
      big.push({ type: 'applicationRecord', key: `${index}`, value: new Uint8Array(4096) });
    }
    big.push({ type: 'end', totals: { ...noTotals, applicationRecords: 4 } });
    const [archive, other] = [await archiveOf(big, { secret }), await archiveOf(big, { secret, seed: 'x' })];
    const { header, chunks } = chunksOf(archive);
    const [first, second, third, ...rest] = chunks as [Uint8Array, Uint8Array, Uint8Array];
    const spliced = chunksOf(other).chunks[1] as Uint8Array;
    const last = chunks.at(-1) as Uint8Array;
    const wrong: Record<string, Uint8Array[]> = {
      reordered: [second, first, third, ...rest],
      repeated: [first, first, second, third, ...rest],
      'left out': [first, third, ...rest],
      spliced: [first, spliced, third, ...rest],
      'ended by the wrong chunk': [first, changed(last, 0, last[0] as number)],
      appended: [first, second, third, ...rest, Uint8Array.of(0)],
      'marked as the last': [changed(first, 0, (first[0] as number) | 0x80)],
      'not marked as the last': [...chunks.slice(0, -1), changed(last, 0, (last[0] as number) & 0x7f)],
      'of a length nobody has': [changed(first, 0, 0x7f, 0xff, 0xff, 0xff), second],
    };
    for (const [name, parts] of Object.entries(wrong)) {
      const read = sectionsOf(concatBytes(header, ...parts), { secret });
      await expect(read, name).rejects.toMatchObject({ code: 'backup-damaged' });
    }
  });

  it('any bit of a chunk that was flipped', async () => {
    const archive = await archiveOf(sampleSections(), { secret });
    for (const offset of [104, 500, 4000, archive.length - 1]) {
      const read = sectionsOf(changed(archive, offset, (archive[offset] as number) ^ 1), { secret });
      await expect(read, `${offset}`).rejects.toMatchObject({ code: 'backup-damaged' });
    }
  });
});

describe('authentic content that does not fit', () => {
  const code = 'backup-content-invalid';
  const end: ArchiveSection = { type: 'end', totals: noTotals };
  const [begin, identity] = [beginSection(9), identitySection()];
  const counted = (part: Partial<typeof noTotals>): ArchiveSection => ({
    type: 'end',
    totals: { ...noTotals, ...part },
  });
  const cases: Record<string, ArchiveSection[]> = {
    'no end': [begin, identity],
    'no beginning': [identity, end],
    'no identity': [begin, end],
    'two identities': [begin, identity, identity, end],
    'something after the end': [begin, identity, end, contactSection()],
    'two ends': [begin, identity, end, end],
    'a wrong count': [begin, identity, contactSection(), end],
    'a contact twice': [begin, identity, contactSection(), contactSection(), counted({ contacts: 2 })],
    'a conversation twice': [
      begin,
      identity,
      conversationSection(2),
      conversationSection(2),
      counted({ conversations: 2 }),
    ],
    'a message without a conversation': [begin, identity, messageSection(1, ''), counted({ messages: 1 })],
    'a message twice': [
      begin,
      identity,
      conversationSection(5),
      messageSection(1, ''),
      messageSection(1, ''),
      counted({ conversations: 1, messages: 2 }),
    ],
    'a message past the end of its conversation': [
      begin,
      identity,
      conversationSection(5),
      messageSection(5, ''),
      counted({ conversations: 1, messages: 1 }),
    ],
    'more messages than were announced': [
      beginSection(0),
      identity,
      conversationSection(5),
      messageSection(1, ''),
      counted({ conversations: 1, messages: 1 }),
    ],
  };

  it.each(Object.entries(cases))('%s', async (_, sections) => {
    await expect(sectionsOf(await archiveOf(sections, { secret }), { secret })).rejects.toMatchObject({
      code,
    });
  });

  const raw = [encodeSection(begin), encodeSection(identity)];
  const bytes: Record<string, Uint8Array[]> = {
    'a length of gigabytes': [...raw, Uint8Array.of(5, 0xff, 0xff, 0xff, 0xff)],
    'a length just above its bound': [...raw, Uint8Array.of(200, 0, 0x40, 0x04, 1)],
    'a section that does not end': [...raw, Uint8Array.of(3, 0, 0, 1, 0, 1, 2, 3)],
    'a prefix that does not end': [...raw, encodeSection(end), Uint8Array.of(9, 0)],
    'something that is no JSON': [...raw, Uint8Array.of(3, 0, 0, 0, 2, 0x7b, 0x22)],
    'a key that is none': [...raw, Uint8Array.of(8, 0, 0, 0, 4, 0, 2, 0x2f, 0x2f)],
    'a key longer than its section': [...raw, Uint8Array.of(8, 0, 0, 0, 3, 0xff, 0xff, 0x61)],
  };

  it.each(Object.entries(bytes))('%s', async (_, pieces) => {
    const archive = await sealedArchive(pieces, { secret });
    await expect(sectionsOf(archive, { secret })).rejects.toMatchObject({ code });
  });
});

describe('stopping', () => {
  it('a signal ends the reading with its reason, and lets go of the stream', async () => {
    const archive = await archiveOf(sampleSections(), { secret });
    const stop = new AbortController();
    let cancelled: unknown;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(archive.slice(0, 4300));
      },
      cancel: (reason) => {
        cancelled = reason;
      },
    });
    const reason = new Error('enough');
    const sections = readArchive(stream, secret, { signal: stop.signal }, cheapDerivation);
    await sections.next();
    const rest = (async () => {
      for await (const section of sections) void section;
    })();
    stop.abort(reason);
    await expect(rest).rejects.toBe(reason);
    expect(cancelled).toBe(reason);
  });

  it('a signal that was given before stops before anything is read', async () => {
    const archive = streamOf(await archiveOf(sampleSections(), { secret }));
    const reason = new Error('no');
    await expect(verifyArchive(archive, secret, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
