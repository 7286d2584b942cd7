/** Small archives for tests, made by the writer itself from sections that are said outright. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { ArchiveSection, ArchiveTotals, BackupSecret } from '../../src/backup/archive-content.js';
import { readArchive } from '../../src/backup/archive-reader.js';
import { archiveStream, makeArchiveKeys } from '../../src/backup/archive-writer.js';
import { concatBytes, utf8 } from '../../src/bytes.js';
import { headerBytes } from '../../src/backup/header.js';
import type { KeyDerivation } from '../../src/backup/key-derivation.js';
import type { MessageId } from '../../src/messages/index.js';
import { encodeSection } from '../../src/backup/section-codec.js';
import { manualClock } from '../../src/testing/manual-clock.js';
import { Secret } from '../../src/secret.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import type { AccountId, DeviceId, Username } from '../../src/wire/index.js';

export const sampleSecret: BackupSecret = { recoveryKey: '9GG0-ZVSC-Z8RB-YVWF-98A6-9DKF-ZEAV-5698' };

const ownId = '11111111-1111-4111-8111-111111111111' as AccountId;
export const theirId = '22222222-2222-4222-8222-222222222222' as AccountId;

const filled = (length: number, value: number) => new Uint8Array(length).fill(value);

/** The id of the message of a number. */
function messageIdOf(seq: number): MessageId {
  return `${`${seq}`.padStart(21, 'A')}A` as MessageId;
}

/** A derivation that costs nothing and depends on everything a true one does. */
export const cheapDerivation: KeyDerivation = async (kdf, password, salt) =>
  sha256(concatBytes(utf8(JSON.stringify(kdf)), password, salt));

export function beginSection(messages: number): ArchiveSection {
  return { type: 'begin', begin: { createdAt: 1_700_000_000_000, storeSeq: 7, messages } };
}

export function identitySection(): ArchiveSection {
  const identityKey = filled(33, 5);
  const device = { deviceId: 1 as DeviceId, registrationId: 9, authKey: filled(32, 3), addedDay: 20_000 };
  return {
    type: 'identity',
    identity: {
      accountId: ownId,
      username: 'alice' as Username,
      relayId: 'relay.example',
      identityPrivateKey: new Secret(filled(32, 7)),
      statement: {
        accountId: ownId,
        username: 'alice' as Username,
        identityKey,
        signature: filled(64, 1),
      },
      manifest: {
        accountId: ownId,
        version: 1,
        previousHash: null,
        devices: [device],
        signature: filled(64, 2),
      },
      contactCode: '0123456789ABCDEF',
      deviceId: 1 as DeviceId,
      registrationId: 9,
      generation: 1,
      engine: 'portable',
    },
  };
}

export function contactSection(): ArchiveSection {
  const device = { deviceId: 1 as DeviceId, registrationId: 10, authKey: filled(32, 4), addedDay: 20_000 };
  return {
    type: 'contact',
    contact: {
      statement: {
        accountId: theirId,
        username: 'bob' as Username,
        identityKey: filled(33, 5),
        signature: filled(64, 1),
      },
      manifest: {
        accountId: theirId,
        version: 1,
        previousHash: null,
        devices: [device],
        signature: filled(64, 2),
      },
      relation: 'accepted',
      strength: 'verified',
      changedTo: null,
      reachToken: 'reach',
      heard: true,
      addedAt: 1_600_000_000_000,
    },
  };
}

export function conversationSection(nextSeq: number): ArchiveSection {
  return {
    type: 'conversation',
    conversation: { conversationId: theirId, nextSeq, readSeq: 1, changedAt: 1_650_000_000_000 },
  };
}

export function messageSection(seq: number, text: string, expiresAt: number | null = null): ArchiveSection {
  return {
    type: 'message',
    expiresAt,
    message: {
      id: messageIdOf(seq),
      conversationId: theirId,
      seq,
      sender: seq % 2 === 0 ? ownId : theirId,
      sentAt: 1_650_000_000_000 + seq,
      receivedAt: 1_650_000_000_000 + seq,
      status: seq % 2 === 0 ? 'delivered' : 'received',
      failure: null,
      request: false,
      body: { kind: 'text', text },
    },
  };
}

export const noTotals: ArchiveTotals = {
  contacts: 0,
  conversations: 0,
  messages: 0,
  tombstones: 0,
  settings: 0,
  applicationRecords: 0,
  unknown: 0,
};

/** One of everything. */
export function sampleSections(): ArchiveSection[] {
  return [
    beginSection(4),
    identitySection(),
    contactSection(),
    conversationSection(5),
    messageSection(1, 'hello'),
    messageSection(2, 'grüße'),
    messageSection(4, 'gone on a certain day', 1_800_000_000_000),
    {
      type: 'tombstone',
      tombstone: { conversationId: theirId, seq: 3, sender: theirId, id: messageIdOf(3) },
    },
    { type: 'setting', key: 'theme', value: Uint8Array.of(1, 2, 3) },
    { type: 'applicationRecord', key: 'notes/1', value: filled(5_000, 6) },
    { type: 'unknown', number: 9, bytes: Uint8Array.of(9, 9) },
    {
      type: 'end',
      totals: {
        contacts: 1,
        conversations: 1,
        messages: 3,
        tombstones: 1,
        settings: 1,
        applicationRecords: 1,
        unknown: 1,
      },
    },
  ];
}

/** How an archive is made here. */
export interface SampleOptions {
  readonly secret?: BackupSecret;
  /** The platform's where it is `undefined` outright. */
  readonly derive?: KeyDerivation | undefined;
  /** Drives salt and nothing else. */
  readonly seed?: string;
}

/** An archive of pieces of plaintext, whatever they are. */
export async function sealedArchive(
  pieces: readonly Uint8Array[],
  { secret = sampleSecret, seed = 'archive', ...options }: SampleOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const clock = manualClock();
  const derive = 'derive' in options ? options.derive : cheapDerivation;
  const keying = await makeArchiveKeys(secret, {
    clock,
    random: seededRandom(seed),
    derive,
    chunkBytes: 4096,
  });
  const source = {
    messages: 0,
    async *pieces() {
      for (const bytes of pieces) yield { bytes, messages: 0 };
    },
    close: () => undefined,
  };
  return bytesOf(archiveStream(keying, source));
}

/** An archive of sections. */
export function archiveOf(sections: readonly ArchiveSection[], options?: SampleOptions) {
  return sealedArchive(sections.map(encodeSection), options);
}

/** All of a stream. */
export async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A stream of some bytes, in pieces that fit nothing. */
export function streamOf(bytes: Uint8Array, pieceBytes = 1000): ReadableStream<Uint8Array> {
  let offset = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (offset >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(offset, offset + pieceBytes));
      offset += pieceBytes;
    },
  });
}

/** Everything in an archive. */
export async function sectionsOf(
  archive: Uint8Array,
  { secret = sampleSecret, derive = cheapDerivation }: SampleOptions = {},
): Promise<ArchiveSection[]> {
  const sections: ArchiveSection[] = [];
  for await (const section of readArchive(streamOf(archive), secret, {}, derive)) sections.push(section);
  return sections;
}

/** Where the chunks of an archive lie: prefix, ciphertext and tag of each. */
export function chunksOf(archive: Uint8Array): { header: Uint8Array; chunks: Uint8Array[] } {
  const chunks: Uint8Array[] = [];
  const view = new DataView(archive.buffer, archive.byteOffset);
  for (let offset = headerBytes; offset < archive.length;) {
    const length = 4 + (view.getUint32(offset) & 0x7fff_ffff) + 16;
    chunks.push(archive.subarray(offset, offset + length));
    offset += length;
  }
  return { header: archive.subarray(0, headerBytes), chunks };
}
