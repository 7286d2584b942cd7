/** Reads the files of `test-vectors/`. */
import { readdirSync, readFileSync } from 'node:fs';
import type { VectorFile, VectorTest } from '../../../test-vectors/generate/vector-file.js';

const folder = new URL('../../../test-vectors/', import.meta.url);

/** The names of all vector files. */
export const vectorFileNames: readonly string[] = readdirSync(folder).filter(
  (name) => name.endsWith('.json') && name !== 'schema.json',
);

/** Any JSON file of the folder. */
export function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
}

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
  if (typeof value === 'string' && names.includes(name)) return Uint8Array.from(Buffer.from(value, 'hex'));
  // What is the subject of a test as JSON stays JSON.
  if (name === 'encodedBody') return value;
  if (Array.isArray(value)) return value.map((item) => decode(item, names, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, decode(member, names, key)]));
}
