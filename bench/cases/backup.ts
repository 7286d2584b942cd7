/**
 * What does an archive cost over the cipher it stands on? The encrypting stage alone beside AES-GCM of the platform
 * on frames of the same size; and whole archives of a device with many messages, beside the bare reading of its
 * rows. `SOTTO_BENCH_MESSAGES` sets how many (20,000).
 */
import { portableEngine } from '@sotto/sdk/engines/portable';
import { createMemoryMedium, memoryStorage } from '@sotto/sdk/storage/memory';
import type { ChunkSealing } from '../../sdk/src/backup/chunks.js';
import { concatBytes } from '../../sdk/src/bytes.js';
import type { BenchCase, Side } from '../harness.js';
import { archiveSide, restoreRows, rowsSide, verifySide } from './backup/archives.js';
import { ByteReader, openChunks, sealChunks } from './backup/built.js';

const chunkBytes = 256 * 1024;
const mib = 1024 * 1024;
/** The platform's, with as many frames under way as gave most of it. */
const framesInFlight = 4;

async function sealing(): Promise<ChunkSealing> {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(32).fill(3), 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ]);
  return { key, headerHash: new Uint8Array(32).fill(4), chunkBytes };
}

async function* pieces(count: number) {
  const piece = new Uint8Array(64 * 1024).fill(5);
  for (let index = 0; index < (count * mib) / piece.length; index += 1) yield piece;
}

const stage: Side = async (count) => {
  const parts = await sealing();
  return async () => {
    for await (const chunk of sealChunks(parts, pieces(count))) void chunk;
  };
};

function iv(counter: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12);
  new DataView(bytes.buffer).setUint32(7, counter);
  return bytes;
}

const framed =
  (use: 'encrypt' | 'decrypt'): Side =>
  async (count) => {
    const { key, headerHash } = await sealing();
    const additionalData = headerHash as Uint8Array<ArrayBuffer>;
    const plain = new Uint8Array(chunkBytes).fill(5);
    const frames = (count * mib) / chunkBytes;
    const sealed = await Promise.all(
      Array.from({ length: use === 'decrypt' ? frames : 0 }, (_, counter) =>
        crypto.subtle.encrypt({ name: 'AES-GCM', iv: iv(counter), additionalData }, key, plain),
      ),
    );
    return async () => {
      const underWay: Promise<unknown>[] = [];
      for (let counter = 0; counter < frames; counter += 1) {
        const parameters = { name: 'AES-GCM', iv: iv(counter), additionalData };
        underWay.push(crypto.subtle[use](parameters, key, sealed[counter] ?? plain));
        if (underWay.length >= framesInFlight) await underWay.shift();
      }
      await Promise.all(underWay);
    };
  };

const opening: Side = async (count) => {
  const parts = await sealing();
  const chunks: Uint8Array[] = [];
  for await (const { prefix, sealed } of sealChunks(parts, pieces(count))) chunks.push(prefix, sealed);
  const archive = concatBytes(...chunks);
  return async () => {
    const reader = new ByteReader(new Blob([archive]).stream());
    for await (const chunk of openChunks(parts, reader)) void chunk;
  };
};

const messages = Number(process.env['SOTTO_BENCH_MESSAGES'] ?? 20_000);

async function device() {
  const medium = createMemoryMedium();
  return restoreRows({ storage: memoryStorage({ medium }), engine: portableEngine(), messages });
}

export const cases: readonly BenchCase[] = [
  {
    name: 'encrypting-stage',
    unit: 'MiB',
    peerName: 'framed AES-256-GCM of the platform',
    countPerSlice: 64,
    prepare: async () => ({ ours: stage, peer: framed('encrypt') }),
  },
  {
    name: 'decrypting-stage',
    unit: 'MiB',
    peerName: 'framed AES-256-GCM of the platform',
    countPerSlice: 64,
    prepare: async () => ({ ours: opening, peer: framed('decrypt') }),
  },
  {
    name: 'create',
    unit: 'messages',
    peerName: 'reading the rows',
    countPerSlice: messages,
    rounds: 9,
    prepare: async () => {
      const made = await device();
      return { ours: archiveSide(made), peer: rowsSide(made), close: made.close };
    },
  },
  {
    name: 'verify',
    unit: 'messages',
    peerName: 'reading the rows',
    countPerSlice: messages,
    rounds: 9,
    prepare: async () => {
      const made = await device();
      return { ours: await verifySide(made), peer: rowsSide(made), close: made.close };
    },
  },
];
