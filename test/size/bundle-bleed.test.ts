/**
 * What an import brings with it: no page carries a part of the SDK that it did not ask for. Judged by the
 * modules of which something is left in a bundle.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { entryPoints } from '../../scripts/lib/entry-points.mjs';
import { modulesOf, type Addition } from './support/page.js';

/** Parts of the SDK and of what it stands on that a page may have got by mistake. */
const parts = {
  portable: /^sdk\/src\/engines\/portable\//,
  libsignal: /^sdk\/src\/engines\/libsignal\/|^@signalapp\//,
  kem: /@noble\/post-quantum\/|\/ml-kem/,
  ciphers: /@noble\/ciphers\//,
  curves: /@noble\/curves\//,
  hashes: /@noble\/hashes\//,
  storage: /^sdk\/src\/storage\/|^classic-level$/,
  transport: /^sdk\/src\/transport\/|^socket\.io-client$/,
  features: /^sdk\/src\/(account|prekeys|sessions|contacts|messages|continuity|unit)\//,
  messenger: /^sdk\/src\/(messenger|live-connection)\.ts$/,
  testing: /^sdk\/src\/testing\//,
  validator: /node_modules\/zod\//,
  // The whole of the validator with its texts in 50 languages: what one use of `z.core` as a value costs.
  wholeValidator:
    /node_modules\/zod\/v4\/(locales|classic)\/|node_modules\/zod\/v4\/core\/(compile|to-json-schema)/,
} as const;
type Part = keyof typeof parts;

const allOf = (specifier: string) => `export * from '${specifier}'`;
const engineParts: readonly Part[] = ['portable', 'libsignal', 'kem', 'ciphers'];
const adapters: readonly Part[] = [...engineParts, 'storage', 'transport'];
const client: readonly Part[] = ['features', 'messenger'];

/** What each import must do without. A folder of a feature counts too: that is what the next entry point will be. */
const pages: readonly { readonly code: string; readonly without: readonly Part[] }[] = [
  { code: allOf('@sotto/sdk'), without: adapters },
  { code: allOf('@sotto/sdk/wire'), without: [...adapters, ...client, 'curves', 'hashes'] },
  { code: allOf('@sotto/sdk/verification'), without: [...adapters, ...client] },
  {
    code: allOf('@sotto/sdk/engines/portable'),
    without: ['libsignal', 'storage', 'transport', ...client, 'validator'],
  },
  {
    code: allOf('@sotto/sdk/engines/libsignal'),
    without: ['portable', 'kem', 'ciphers', 'curves', 'storage', 'transport', ...client],
  },
  {
    code: allOf('@sotto/sdk/storage/memory'),
    without: [...engineParts, 'transport', ...client, 'curves', 'hashes', 'validator'],
  },
  {
    code: allOf('@sotto/sdk/storage/level'),
    without: [...engineParts, 'transport', ...client, 'curves', 'hashes', 'validator'],
  },
  {
    code: allOf('@sotto/sdk/storage/indexeddb'),
    without: [...engineParts, 'transport', ...client, 'curves', 'hashes', 'validator'],
  },
  {
    code: allOf('@sotto/sdk/storage/encrypted'),
    without: [...engineParts, 'transport', ...client, 'curves', 'validator'],
  },
  {
    code: allOf('@sotto/sdk/storage/capacitor'),
    without: [...engineParts, 'transport', ...client, 'curves', 'hashes', 'validator'],
  },
  {
    code: allOf('@sotto/sdk/transport/socket-io'),
    without: [...engineParts, 'storage', ...client, 'curves', 'hashes'],
  },
  {
    code: allOf('@sotto/sdk/transport/memory'),
    without: [...engineParts, 'storage', ...client, 'curves', 'hashes'],
  },
  { code: allOf('@sotto/sdk/remote'), without: [...adapters, ...client, 'curves', 'hashes'] },
  { code: allOf('./sdk/src/contacts/index.ts'), without: [...adapters, 'messenger'] },
  { code: allOf('./sdk/src/sessions/index.ts'), without: [...adapters, 'messenger'] },
  { code: allOf('./sdk/src/messages/index.ts'), without: [...adapters, 'messenger'] },
  {
    code: `export { SottoError, isSottoError } from '@sotto/sdk'`,
    without: [...adapters, ...client, 'validator'],
  },
];

/** The modules of a page that belong to parts it must do without, by part. */
async function bleeding(code: string, without: readonly Part[], additions: readonly Addition[] = []) {
  const modules = await modulesOf(code, additions);
  expect(modules, 'the page has something').not.toHaveLength(0);
  const found = [...without, 'testing' as const, 'wholeValidator' as const].map(
    (part) => [part, modules.filter((path) => parts[part].test(path))] as const,
  );
  return Object.fromEntries(found.filter(([, paths]) => paths.length > 0));
}

describe('an import', () => {
  it.each(pages)('$code brings nothing else', async ({ code, without }) => {
    expect(await bleeding(code, without)).toEqual({});
  });

  it('is judged for every entry point but that for tests', () => {
    const judged = pages.map(({ code }) => code);
    const production = entryPoints().filter(({ path }) => path !== './testing');
    expect(
      production.map(({ specifier }) => allOf(specifier)).filter((code) => !judged.includes(code)),
    ).toEqual([]);
  });

  it('takes the validator in the one form that can be shaken', () => {
    const folder = new URL('../../sdk/src/', import.meta.url);
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const imports = sources.flatMap((file) =>
      [...readFileSync(new URL(file, folder), 'utf8').matchAll(/^.*\bfrom 'zod.*$/gm)].map(
        ([line]) => `${file}: ${line}`,
      ),
    );
    expect(imports.length).toBeGreaterThan(10);
    expect(imports.filter((line) => !/: import (type )?\* as z from 'zod\/mini';$/.test(line))).toEqual([]);
  });
});

/** The judgement sees: the same page with one line more in a source file is found wanting. */
describe('a mistake is noticed:', () => {
  const contacts = './sdk/src/contacts/index.ts';

  it('a ratchet in the contacts', async () => {
    const addition = {
      file: 'sdk/src/contacts/contacts.ts',
      code: `import { portableEngine } from '../engines/portable/index.js'; export const engine = portableEngine();`,
    };
    const found = await bleeding(allOf(contacts), adapters, [addition]);
    expect(Object.keys(found)).toEqual(expect.arrayContaining(['portable', 'kem', 'ciphers']));
    expect(found['portable']).toContain('sdk/src/engines/portable/spqr/ratchet.ts');
  });

  it('the other engine in an engine', async () => {
    const addition = {
      file: 'sdk/src/engines/portable/engine.ts',
      code: `export * from '../libsignal/index.js';`,
    };
    const page = `export * from './sdk/src/engines/portable/engine.ts'`;
    expect(Object.keys(await bleeding(page, ['libsignal'], [addition]))).toEqual(['libsignal']);
  });

  it('a validator in the errors', async () => {
    const addition = {
      file: 'sdk/src/errors.ts',
      code: `import * as z from 'zod/mini'; export const check = z.string().check(z.maxLength(1));`,
    };
    expect(
      Object.keys(await bleeding(`export * from './sdk/src/errors.ts'`, ['validator'], [addition])),
    ).toEqual(['validator']);
  });

  it('all of the validator for one of its classes', async () => {
    const addition = {
      file: 'sdk/src/wire/ids.ts',
      code: `export const isProblem = (error: unknown) => error instanceof z.core.$ZodError;`,
    };
    expect(Object.keys(await bleeding(allOf('@sotto/sdk/wire'), [], [addition]))).toEqual(['wholeValidator']);
  });

  it('help for tests in what is shipped', async () => {
    const addition = {
      file: 'sdk/src/storage/memory/index.ts',
      code: `export { manualClock } from '../../testing/index.js';`,
    };
    expect(Object.keys(await bleeding(allOf('@sotto/sdk/storage/memory'), [], [addition]))).toContain(
      'testing',
    );
  });
});
