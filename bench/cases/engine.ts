/**
 * How fast is the portable engine in Node? Through the engine port with serialised records, against libsignal
 * called directly with an in-memory store that serialises; over the platform's cryptography, with the help of
 * libsodium, and in portable code alone.
 */
import { portableEngine } from '@sotto/sdk/engines/portable';
import sodium from 'libsodium-wrappers-sumo';
import type { BenchCase } from '../harness.js';
import { againstLibsignal } from './engine/in-node.js';
import type { ScriptName } from './engine/scripts.js';

function compare(script: ScriptName, unit: string, countPerSlice: number): BenchCase {
  return againstLibsignal({ name: script, script, unit, countPerSlice }, () => portableEngine());
}

function compareNoble(script: ScriptName, unit: string, countPerSlice: number): BenchCase {
  const noble = { name: `noble-${script}`, script, unit, countPerSlice };
  return againstLibsignal(noble, () => portableEngine({ primitives: 'noble' }));
}

await sodium.ready;

/** Signing alone is libsodium's, so it is writing to groups that shows it. */
const withSodium = againstLibsignal(
  { name: 'sodium-group-encrypt', script: 'group-encrypt', unit: 'messages', countPerSlice: 200 },
  () => portableEngine({ sodium }),
);

/** The cases of `npm run bench -- engine`. */
export const cases: readonly BenchCase[] = [
  compare('ping-pong-256', 'messages', 60),
  compare('ping-pong-4096', 'messages', 60),
  compare('one-way-256', 'messages', 120),
  compare('one-way-4096', 'messages', 120),
  compare('one-way-256-2000-skipped', 'messages', 40),
  compare('session-setup', 'sessions', 30),
  compare('first-decrypt', 'sessions', 20),
  compare('group-encrypt', 'messages', 200),
  withSodium,
  compare('group-decrypt', 'messages', 120),
  compare('sealed-encrypt', 'messages', 80),
  compare('sealed-decrypt', 'messages', 80),
  compare('sealed-encrypt-to-100', 'messages', 3),
  compare('100-pre-keys', 'batches', 4),
  compareNoble('ping-pong-256', 'messages', 20),
];
