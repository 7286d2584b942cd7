/** A device with many messages in its storage, and what is measured of its archives. Knows no peer. */
import type { ProtocolEngine, StorageAdapter } from '@sotto/sdk';
import { systemClock, systemRandom } from '../../../sdk/src/host.js';
import type { Writer as OpenWriter } from '../../../sdk/src/unit/index.js';
import { fillDevice, sampleRecoveryKey } from '../../../sdk/test/backup/sample-device.js';
import type { Side } from '../../harness.js';
import { archiveStream, deviceSource, makeArchiveKeys, verifyArchive, Writer } from './built.js';

/** See the header. */
export interface BenchDevice {
  readonly writer: OpenWriter;
  readonly messageKeys: readonly string[];
  readonly close: () => Promise<void>;
}

const secret = { recoveryKey: sampleRecoveryKey };

/** Fills a storage. */
export async function restoreRows(parts: {
  readonly storage: StorageAdapter;
  readonly engine: ProtocolEngine;
  readonly messages: number;
}): Promise<BenchDevice> {
  const writer = await Writer.open(parts.storage, () => undefined);
  const messageKeys = await fillDevice(writer, parts);
  return { writer, messageKeys, close: () => writer.close() };
}

/** The key is derived outside: it costs the same whatever is in the archive. */
async function archive({ writer }: BenchDevice): Promise<() => Promise<ReadableStream<Uint8Array>>> {
  const keying = await makeArchiveKeys(secret, { clock: systemClock, random: systemRandom });
  return async () =>
    archiveStream(keying, await deviceSource({ writer, clock: systemClock, contents: {}, settings: {} }));
}

/** Writes whole archives. */
export function archiveSide(device: BenchDevice): Side {
  return async () => {
    const open = await archive(device);
    return async () => {
      for await (const chunk of (await open()) as unknown as AsyncIterable<Uint8Array>) void chunk;
    };
  };
}

/** Reads whole archives, the derivation included. */
export async function verifySide(device: BenchDevice): Promise<Side> {
  const open = await archive(device);
  const blob = await new Response(await open()).blob();
  return async () => async () => void (await verifyArchive(blob.stream(), secret));
}

/** Reads the rows as an archive does, and nothing else. */
export function rowsSide({ writer, messageKeys }: BenchDevice): Side {
  return async () => async () => {
    for (let from = 0; from < messageKeys.length; from += 256) {
      await writer.get(messageKeys.slice(from, from + 256));
    }
  };
}
