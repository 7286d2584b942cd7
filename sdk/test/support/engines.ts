/**
 * The engine a test device runs on: the one that `SOTTO_ENGINE` names. Without it the devices take
 * turns, so that every conversation of the suites is one between the two engines.
 */
import { KyberPreKeyRecord, PreKeyRecord, SignedPreKeyRecord } from '@signalapp/libsignal-client';
import { libsignalEngine } from '../../src/engines/libsignal/index.js';
import { openRecord as openLibsignalRecord } from '../../src/engines/libsignal/records.js';
import { portableEngine } from '../../src/engines/portable/index.js';
import { decodeSessionRecord } from '../../src/engines/portable/session-record/codec.js';
import type { ProtocolEngine } from '../../src/ports/index.js';
import type { Random } from '../../src/ports/host.js';

/** The engines there are. */
export type EngineName = 'portable' | 'libsignal';

const names: readonly EngineName[] = ['portable', 'libsignal'];

/** The engine of a device; names decide whose turn it is, so that a device opened again has its own. */
export function engineFor(device: string, random?: Random): ProtocolEngine {
  return engineNamed(chosenEngine() ?? turnOf(device), random);
}

/** An engine by its name. Randomness can be given to the portable one alone. */
export function engineNamed(name: EngineName, random?: Random): ProtocolEngine {
  if (name === 'libsignal') return libsignalEngine();
  return portableEngine(random ? { random } : {});
}

function chosenEngine(): EngineName | undefined {
  const chosen = process.env['SOTTO_ENGINE'];
  if (chosen === undefined || chosen === '') return undefined;
  const name = names.find((known) => known === chosen);
  if (!name) throw new Error(`SOTTO_ENGINE is ${names.join(' or ')}`);
  return name;
}

/** alice and bob, and most pairs of names in the tests, differ in it. */
function turnOf(device: string): EngineName {
  const sum = [...device].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0);
  return sum % 2 === 0 ? 'portable' : 'libsignal';
}

/**
 * What is secret in an engine's record, for scans: the private half of a pre-key, or the beginning of a
 * session; `undefined` for records without a secret.
 * @param key - in the engine's own space
 */
export function secretIn(engine: ProtocolEngine, key: string, record: Uint8Array): Uint8Array | undefined {
  return engine.name === 'libsignal' ? libsignalSecret(key, record) : portableSecret(key, record);
}

function libsignalSecret(key: string, record: Uint8Array): Uint8Array | undefined {
  const read = () => Uint8Array.from(openLibsignalRecord(record).payload);
  if (key.startsWith('pre-key/')) return PreKeyRecord.deserialize(read()).privateKey().serialize();
  if (key.startsWith('signed-pre-key/')) {
    return SignedPreKeyRecord.deserialize(read()).privateKey().serialize();
  }
  // A KEM secret key holds its public key: what is secret is the first part.
  if (key.startsWith('kem-pre-key/')) {
    return KyberPreKeyRecord.deserialize(read()).secretKey().serialize().slice(1, 65);
  }
  return key.startsWith('session/') ? read().slice(0, 64) : undefined;
}

function portableSecret(key: string, record: Uint8Array): Uint8Array | undefined {
  // The last thing in the record of a pre-key is secret, whatever its kind: a private key, or the seed
  // with which a KEM answers false ciphertexts.
  if (/^(signed-|kem-)?pre-key\//.test(key)) return record.slice(-32);
  if (!/^session\/.*\/current$/.test(key)) return undefined;
  return decodeSessionRecord(record).current?.ratchet.doubleRatchet.rootKey.slice();
}
