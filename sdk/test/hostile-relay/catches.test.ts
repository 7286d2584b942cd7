/** The hostile relay suite catches what it is for: an engine that believes, a field nobody thought of, a lie that is none. */
import * as z from 'zod/mini';
import { describe, expect, it } from 'vitest';
import { portableEngine } from '../../src/engines/portable/index.js';
import type { ProtocolEngine } from '../../src/ports/index.js';
import { hostileRelayLies, runHostileRelaySuite } from '../../src/testing/hostile-relay/suite.js';
import { fieldsOf, relayFilledFields, rewrittenFields } from '../../src/testing/hostile-relay/wire-fields.js';

/** The cases of the suite over an engine, by name. */
function casesOver(engine: ProtocolEngine): Map<string, () => Promise<void>> {
  const cases = new Map<string, () => Promise<void>>();
  runHostileRelaySuite(
    { describe: (_name, body) => body(), it: (name, body) => cases.set(name, body) },
    { name: 'broken', engine },
  );
  return cases;
}

const caseAbout = (cases: Map<string, () => Promise<void>>, lie: string) =>
  [...cases].find(([name]) => name.includes(lie))![1];

describe('an engine that takes any identity key', () => {
  const good = portableEngine();
  const credulous: ProtocolEngine = {
    ...good,
    decrypt: (view, { pinnedIdentityKey: _, ...input }) => good.decrypt(view, input),
  };

  it('is caught by what comes from another contact', async () => {
    const lie = 'of kind prekey that comes from another contact';
    await expect(caseAbout(casesOver(credulous), lie)()).rejects.toThrow('what bob was told');
    await caseAbout(casesOver(good), lie)();
  });
});

describe('an engine that says of every ciphertext that it was there before', () => {
  const good = portableEngine();
  let broken = false;
  const silent: ProtocolEngine = {
    ...good,
    decrypt: async (view, input) => {
      try {
        return await good.decrypt(view, input);
      } catch (error) {
        const code = (error as { code?: string }).code;
        if (code !== 'invalid-message') throw error;
        broken = true;
        throw Object.assign(error as Error, { code: 'duplicate-message' });
      }
    },
  };

  it('is caught by what is swapped and not told', async () => {
    await expect(caseAbout(casesOver(silent), 'two conversations swapped')()).rejects.toThrow();
    expect(broken).toBe(true);
  });
});

describe('the fields of the wire', () => {
  it('are found however they are wrapped', () => {
    const schema = z.strictObject({
      plain: z.string(),
      maybe: z.optional(z.nullable(z.strictObject({ inner: z.int() }))),
      list: z.array(z.strictObject({ item: z.string() })),
      ids: z.array(z.int()),
      either: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('a'), left: z.int() }),
        z.strictObject({ kind: z.literal('b'), right: z.int() }),
      ]),
    });
    expect(new Set(fieldsOf(schema, 'x'))).toEqual(
      new Set([
        'x/plain',
        'x/maybe/inner',
        'x/list/*/item',
        'x/ids',
        'x/either/kind',
        'x/either/left',
        'x/either/right',
      ]),
    );
  });

  it('are those of every answer, frame and refusal', () => {
    const fields = relayFilledFields();
    expect(fields.length).toBeGreaterThan(60);
    for (const field of [
      'keys.bundle/devices/*/kemPreKey/id',
      'send/missing',
      'frame:keys-low',
      'problem/code',
    ])
      expect(fields).toContain(field);
    expect(hostileRelayLies().length).toBeGreaterThan(130);
  });

  it('are compared value by value', () => {
    const before = { a: 1, list: [{ b: 1 }, { b: 2 }], bytes: Uint8Array.of(1), same: 'x', ids: [1, 2] };
    const after = { a: 2, list: [{ b: 1 }, { b: 3 }], bytes: Uint8Array.of(2), same: 'x', ids: [1, 3] };
    expect(rewrittenFields(before, after, 'x').sort()).toEqual(['x/a', 'x/bytes', 'x/ids', 'x/list/*/b']);
    expect(rewrittenFields(before, { ...before }, 'x')).toEqual([]);
  });
});
