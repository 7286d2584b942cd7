import { describe, expect, it } from 'vitest';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { portableEngine } from '@sotto/sdk/engines/portable';
import type { FingerprintInput } from '../../src/ports/index.js';
import { readVectors } from './vector-files.js';

const engines = [libsignalEngine(), portableEngine()];

describe.each(engines)('safety numbers of $name', (engine) => {
  it.each(readVectors('fingerprint.json').tests)('$id', async ({ input, output }) => {
    expect(await engine.fingerprint(input as unknown as FingerprintInput)).toEqual(output);
  });
});
