/** A storage with an account, a contact and any number of messages, without a relay. */
import { ownAccountKey, ownAccountRecord } from '../../src/account/index.js';
import { deviceSource } from '../../src/backup/device-source.js';
import { archiveStream, makeArchiveKeys } from '../../src/backup/archive-writer.js';
import type { BackupRun } from '../../src/backup/archive-content.js';
import {
  contactKey,
  contactNameKey,
  contactNameRecord,
  contactRecord,
  type ContactEntry,
} from '../../src/contacts/index.js';
import {
  conversationKey,
  conversationRecord,
  messageIdKey,
  messageKey,
  messageRecord,
  messageSeqRecord,
} from '../../src/messages/index.js';
import type { ProtocolEngine } from '../../src/ports/index.js';
import { Secret } from '../../src/secret.js';
import { manualClock } from '../../src/testing/manual-clock.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import type { Writer } from '../../src/unit/index.js';
import type { Username } from '../../src/wire/index.js';
import {
  cheapDerivation,
  contactSection,
  identitySection,
  messageSection,
  sampleSecret,
  theirId,
} from './sample-archive.js';

export const sampleRecoveryKey = sampleSecret.recoveryKey as string;

/** Rows written by one commit. */
const rowsPerCommit = 2_000;

/**
 * Fills an empty storage.
 * @returns the keys of the messages
 */
export async function fillDevice(
  writer: Writer,
  {
    engine,
    messages,
    rows = true,
  }: {
    readonly engine: Pick<ProtocolEngine, 'name' | 'recordVersion'>;
    readonly messages: number;
    /** Whether the messages are written, and not only said to be there. */
    readonly rows?: boolean;
  },
): Promise<string[]> {
  const section = identitySection();
  const contact = contactSection();
  if (section.type !== 'identity' || contact.type !== 'contact') throw new Error('the samples are others');
  const { generation: _, engine: __, ...identity } = section.identity;
  await writer.run(async (unit) => {
    unit.write(ownAccountKey, ownAccountRecord, {
      ...identity,
      state: 'open',
      deviceAuthSeed: new Secret(new Uint8Array(32).fill(8)),
      engine: { name: engine.name, recordVersion: engine.recordVersion },
    });
    unit.write(contactKey(theirId), contactRecord, contact.contact as ContactEntry);
    unit.write(contactNameKey('bob' as Username), contactNameRecord, { accountId: theirId });
    unit.write(conversationKey(theirId), conversationRecord, {
      nextSeq: messages + 1,
      readSeq: messages,
      changedAt: 1_650_000_000_000,
    });
    unit.put('app/notes/1', new Uint8Array(100).fill(1));
  });
  const keys: string[] = [];
  for (let from = 1; rows && from <= messages; from += rowsPerCommit) {
    await writer.run(async (unit) => {
      for (let seq = from; seq < Math.min(from + rowsPerCommit, messages + 1); seq += 1) {
        const row = messageSection(seq, `message ${seq}, of about the length that people write in a chat`);
        if (row.type !== 'message') throw new Error('the samples are others');
        const { sender, id } = row.message;
        keys.push(messageKey(theirId, seq));
        unit.write(messageKey(theirId, seq), messageRecord, row.message);
        unit.write(messageIdKey(theirId, sender, id), messageSeqRecord, { seq });
      }
    });
  }
  return keys;
}

export { theirId };

/** An archive of a device, for a derivation that costs nothing. */
export async function deviceArchive(
  writer: Writer,
  run: BackupRun = {},
): Promise<ReadableStream<Uint8Array>> {
  const clock = manualClock();
  const parts = { clock, random: seededRandom('device archive'), derive: cheapDerivation };
  const keying = await makeArchiveKeys(sampleSecret, parts);
  return archiveStream(keying, await deviceSource({ writer, clock, contents: {}, settings: {} }), run);
}
