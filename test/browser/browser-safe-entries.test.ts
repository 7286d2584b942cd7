/** The browser-safe entry points bundle without Node. That they work is shown in `in-browser.test.ts`. */
import { describe, expect, it } from 'vitest';
import { browserSafeEntries, entryPoints } from '../../scripts/lib/entry-points.mjs';
import { bundleEntry } from './support/bundle.js';

describe('bundles for browsers', () => {
  it.each(browserSafeEntries().map(({ specifier }) => specifier))(
    '%s needs no Node built-in',
    async (specifier) => {
      expect((await bundleEntry(specifier)).nodeBuiltins).toEqual([]);
    },
  );

  it('would notice a Node built-in', async () => {
    const nodeOnly = entryPoints().find(({ path }) => path === './storage/level');
    expect((await bundleEntry(nodeOnly?.specifier ?? '')).nodeBuiltins).not.toEqual([]);
  });
});
