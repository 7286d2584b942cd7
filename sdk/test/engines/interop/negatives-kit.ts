/** Gives the same inputs to a device on each engine and compares what becomes of them. Knows no particular message. */
import { KyberPreKeyRecord, PreKeyRecord, SignedPreKeyRecord } from '@signalapp/libsignal-client';
import { expect } from 'vitest';
import { openRecord, recordKinds } from '../../../src/engines/libsignal/records.js';
import { ByteWriter } from '../../../src/engines/portable/records/byte-writer.js';
import { frameRecord } from '../../../src/engines/portable/records/frame.js';
import { isSottoError } from '../../../src/errors.js';
import { RecordSnapshot, startTime, TestDevice } from '../../../src/testing/engine-conformance-kit.js';
import { engineNamed } from '../../support/engines.js';

/** One of everything for each engine. */
export type Both<Value> = readonly [libsignal: Value, portable: Value];

/**
 * Devices of one account on each engine, with one identity and the same pre-keys: what is sent to one can
 * be given to the other, byte for byte.
 */
export async function twins(account: number): Promise<Both<TestDevice>> {
  const first = await TestDevice.create(engineNamed('libsignal'), account);
  const second = await TestDevice.create(engineNamed('portable'), account, 1, first.our.identity);
  second.preKeys = first.preKeys;
  second.records.clear();
  for (const [key, record] of first.records) second.records.set(key, portablePreKey(key, record));
  return [first, second];
}

/** A pre-key's record of the portable engine from libsignal's. The keys they lie under are the same. */
function portablePreKey(key: string, record: Uint8Array): Uint8Array {
  const { kind, payload } = openRecord(record);
  const bytes = Uint8Array.from(payload);
  const writer = new ByteWriter().varint(startTime);
  if (key.startsWith('kem-pre-key/')) {
    const secretKey = KyberPreKeyRecord.deserialize(bytes).secretKey().serialize();
    const portableKind =
      kind === recordKinds.kemLastResortPreKey ? 'kemLastResortPreKey' : 'kemOneTimePreKey';
    return frameRecord(portableKind, writer.fixed(secretKey).finish());
  }
  const signed = key.startsWith('signed-pre-key/');
  const pair = signed ? SignedPreKeyRecord.deserialize(bytes) : PreKeyRecord.deserialize(bytes);
  writer.fixed(pair.publicKey().serialize()).fixed(pair.privateKey().serialize());
  return frameRecord(signed ? 'signedPreKey' : 'oneTimePreKey', writer.finish());
}

/** What an action came to: `taken`, or the code of the refusal. */
export async function outcomeOf(device: TestDevice, action: () => Promise<unknown>): Promise<string> {
  const snapshot = new RecordSnapshot(device.records);
  let outcome = 'taken';
  try {
    await action();
  } catch (error) {
    if (!isSottoError(error)) throw error;
    outcome = error.code;
  }
  snapshot.assertUntouched('an input that was tried');
  return outcome;
}

/** How often each outcome was seen; a suite that only ever refuses, or never, shows nothing. */
export class Outcomes {
  readonly #counts = new Map<string, number>();

  /** Compares and counts. */
  note([libsignal, portable]: Both<string>, label: string): void {
    expect(portable, label).toBe(libsignal);
    this.#counts.set(libsignal, (this.#counts.get(libsignal) ?? 0) + 1);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  of(outcome: string): number {
    return this.#counts.get(outcome) ?? 0;
  }

  toString(): string {
    return [...this.#counts].map(([outcome, count]) => `${outcome} ${count}`).join(', ');
  }
}
