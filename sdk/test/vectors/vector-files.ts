/** Vector files as values with bytes in them. Runs in Node and in browsers alike. */
import { hexToBytes } from '@noble/hashes/utils.js';
import type { VectorFile, VectorTest } from '../../../test-vectors/generate/vector-file.js';
import { readJson } from './vector-json.js';

/** A vector file, with the members it names turned into bytes. */
export function readVectors(name: string): VectorFile {
  const file = readJson(name) as VectorFile;
  const tests = file.tests.map((test) => ({
    ...test,
    input: decode(test.input, file.hex) as VectorTest['input'],
    ...(test.output ? { output: decode(test.output, file.hex) as VectorTest['input'] } : {}),
  }));
  return { ...file, tests };
}

function decode(value: unknown, names: readonly string[], name = ''): unknown {
  if (typeof value === 'string' && names.includes(name)) return hexToBytes(value);
  // What is the subject of a test as JSON stays JSON.
  if (name === 'encodedBody') return value;
  if (Array.isArray(value)) return value.map((item) => decode(item, names, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, decode(member, names, key)]));
}
