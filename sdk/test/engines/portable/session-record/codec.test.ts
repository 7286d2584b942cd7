import { describe, expect, it } from 'vitest';
import {
  decodeArchivedSession,
  decodeSessionRecord,
  encodeArchivedSession,
  encodeSessionRecord,
} from '../../../../src/engines/portable/session-record/codec.js';
import { readArchive, writeArchive } from '../../../../src/engines/portable/session-record/archive.js';
import type { SessionRecord } from '../../../../src/engines/portable/session-record/session.js';
import { frameRecord, openRecordOf } from '../../../../src/engines/portable/records/frame.js';
import { isSottoError } from '../../../../src/errors.js';
import { seededRandom } from '../../../../src/testing/index.js';
import { devices } from '../support.js';

const seed = process.env['SOTTO_SEED'] ?? '1';

/** Records as sessions write them: pending, answered, with skipped keys and an archive. */
async function records(): Promise<Uint8Array[]> {
  const [alice, bob] = await devices('portable', 'portable');
  const found: Uint8Array[] = [];
  const gather = (): void => {
    for (const device of [alice, bob]) {
      for (const [key, value] of device.records) if (key.endsWith('/current')) found.push(value);
    }
  };
  await alice.startSession(bob, { ec: 11, kem: 21 });
  gather();
  for (let turn = 0; turn < 12; turn += 1) {
    await alice.encrypt(bob, 'lost');
    await bob.decrypt(alice, await alice.encrypt(bob, 'on time'));
    if (turn > 0) await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
    if (turn === 6) await alice.startSession(bob);
    gather();
  }
  return found;
}

describe('the session codec', () => {
  it('gives back what it was given', async () => {
    for (const bytes of await records()) {
      const record = decodeSessionRecord(bytes);
      expect(encodeSessionRecord(record)).toEqual(bytes);
      expect(writeArchive(readArchive(record.archive))).toEqual(record.archive);
      const { current } = record;
      if (current) expect(decodeArchivedSession(encodeArchivedSession(current))).toEqual(current);
    }
  });

  it('keeps a record with nothing in it', () => {
    const empty: SessionRecord = { nextId: 300, current: undefined, archive: writeArchive([]) };
    expect(decodeSessionRecord(encodeSessionRecord(empty))).toEqual(empty);
  });

  it(`fails in one way only, whatever is in a frame (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const payloads = (await records()).map((record) => openRecordOf('session', record));
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 4_000; round += 1) {
      const payload = random.pick(payloads).slice();
      const at = random.integer(payload.length);
      payload.set(random.bytes(Math.min(1 + random.integer(4), payload.length - at)), at);
      const cut = random.chance(0.2) ? payload.subarray(0, random.integer(payload.length)) : payload;
      try {
        const { archive } = decodeSessionRecord(frameRecord('session', cut));
        readArchive(archive);
        outcomes.read += 1;
      } catch (error) {
        if (!isSottoError(error, 'engine-record-invalid')) throw error;
        outcomes.refused += 1;
      }
    }
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(100);
  });
});
