/**
 * What does the port cost? Our engine over libsignal — records in, changes out, framed and checked —
 * against libsignal called directly with an in-memory store that serialises, as every store must.
 */
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import type { BenchCase } from '../harness.js';
import { againstLibsignal } from './engine/in-node.js';
import type { ScriptName } from './engine/scripts.js';

function compare(script: ScriptName, unit: string, countPerSlice: number): BenchCase {
  return againstLibsignal({ name: script, script, unit, countPerSlice }, libsignalEngine);
}

/** The cases of `npm run bench -- libsignal-adapter`. */
export const cases: readonly BenchCase[] = [
  compare('ping-pong-256', 'messages', 60),
  compare('ping-pong-4096', 'messages', 60),
  compare('one-way-256', 'messages', 120),
  compare('one-way-4096', 'messages', 120),
  compare('session-setup', 'sessions', 40),
  compare('first-decrypt', 'sessions', 30),
  compare('100-pre-keys', 'batches', 6),
];
