import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readJson, vectorFileNames } from './vector-json.js';

describe('the vector files', () => {
  const schema = z.fromJSONSchema(readJson('schema.json') as Parameters<typeof z.fromJSONSchema>[0]);

  it.each(vectorFileNames)('%s fits the schema', (name) => {
    expect(schema.safeParse(readJson(name)).error).toBeUndefined();
  });

  it.each(vectorFileNames)('%s gives each test an id of its own', (name) => {
    const { tests } = readJson(name) as { tests: { id: string }[] };
    expect(new Set(tests.map(({ id }) => id)).size).toBe(tests.length);
  });

  it('would not fit with a failure that has no code', () => {
    const file = readJson('xeddsa.json') as { tests: { failure?: string }[] };
    const tests = file.tests.map(({ failure: _, ...test }) => test);
    expect(schema.safeParse({ ...file, tests }).success).toBe(false);
  });

  it('are what the generator makes', () => {
    const main = fileURLToPath(new URL('../../../test-vectors/generate/main.ts', import.meta.url));
    const flags = ['--conditions=@sotto/source', '--import', 'tsx'];
    const { status, stderr } = spawnSync(process.execPath, [...flags, main, '--check'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });
});
