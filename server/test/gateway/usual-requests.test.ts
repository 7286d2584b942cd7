import { randomInt } from 'node:crypto';
import { acknowledgeRequest, sendRequest, wireLimits } from '@sotto/sdk/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod/mini';
import { parseInput } from '../../src/gateway/frames.js';
import { readAcknowledge, readSend } from '../../src/gateway/usual-requests.js';

const slow = process.env['SLOW'] === '1';
const seed = Number(process.env['SOTTO_SEED'] ?? (slow ? randomInt(2 ** 31) : 1));
const settings = { seed, numRuns: slow ? 1_000_000 : 2_000 };

const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((one) => Buffer.from(one));
const uuid = fc.uuid().map((one) => one.toLowerCase());
const body = fc.record({
  deviceId: fc.integer({ min: 1, max: 127 }),
  registrationId: fc.integer({ min: 1, max: 16_380 }),
  kind: fc.constantFrom('prekey', 'message'),
  ciphertext: bytes(1, 40),
});
const send = fc.record({
  attemptId: bytes(16, 16),
  recipient: uuid,
  reachToken: fc.string({ minLength: 1, maxLength: 60 }),
  bodies: fc.uniqueArray(body, { minLength: 1, maxLength: 5, selector: ({ deviceId }) => deviceId }),
  storeSeq: fc.nat(),
});
const acknowledge = fc.record({
  ids: fc.array(uuid, { minLength: 1, maxLength: 5 }),
  storeSeq: fc.integer({ min: 0, max: 2 ** 48 }),
});

/** What a field may be changed to: neighbours of its bounds, other types, nothing. */
const strange = fc.oneof(
  fc.constantFrom<unknown>(0, -0, 1, 127, 128, 16_380, 16_381, 2 ** 48, 2 ** 48 + 1, 2 ** 53, 1.5, NaN, -1),
  fc.constantFrom<unknown>(undefined, null, '', 'message', 'MESSAGE', 'x'.repeat(2048), 'x'.repeat(2049)),
  fc.constantFrom<unknown>(true, [], {}, Buffer.alloc(0), Buffer.alloc(17), new ArrayBuffer(16), [1, 2]),
  fc.constant<unknown>(Buffer.alloc(wireLimits.maxCiphertextBytes + 1)),
  fc.uuid().map((one) => one.toUpperCase()),
);

type Json = Record<string, unknown>;

/** Changes one member somewhere, adds one, or takes one away. */
function changed(value: Json, path: readonly number[], name: string, put: unknown): unknown {
  const [step, ...rest] = path;
  const names = Object.keys(value);
  if (step === undefined) return { ...value, [name]: put };
  const at = names[step % names.length] as string;
  const member = value[at];
  const inner = typeof member === 'object' && member !== null && !(member instanceof Uint8Array);
  if (inner && rest.length > 0) {
    const next = changed(member as Json, rest, name, put);
    return { ...value, [at]: Array.isArray(member) ? Object.values(next as Json) : next };
  }
  if (put !== undefined) return { ...value, [at]: put };
  return Object.fromEntries(Object.entries(value).filter(([one]) => one !== at));
}

const change = fc.record({
  path: fc.array(fc.nat(7), { maxLength: 3 }),
  name: fc.constantFrom('extra', '__proto__', 'kind', 'ids', 'bodies', 'constructor'),
  put: strange,
});

function agrees(schema: z.ZodMiniType, read: (value: unknown) => unknown, value: unknown): void {
  const known = read(value);
  if (known !== undefined) expect(known).toEqual(parseInput(schema, value));
}

describe.each([
  ['sends', send, sendRequest, readSend],
  ['acknowledgements', acknowledge, acknowledgeRequest, readAcknowledge],
] as const)(`requests read by hand: %s (SOTTO_SEED=${seed})`, (_name, usual, schema, read) => {
  it('are what the schema makes of them, and never left to it when they are usual', () => {
    const usualOne: fc.Arbitrary<unknown> = usual;
    fc.assert(
      fc.property(usualOne, (value) => {
        expect(read(value)).toEqual(parseInput(schema, value));
      }),
      settings,
    );
  });

  it('are never let through where the schema refuses or reads them otherwise', () => {
    const usualOne = usual as fc.Arbitrary<unknown>;
    fc.assert(
      fc.property(usualOne, fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
        const strangeOne = changes.reduce(
          (one, { path, name, put }) => changed(one as Json, path, name, put),
          value,
        );
        agrees(schema, read, strangeOne);
      }),
      settings,
    );
    for (const value of [undefined, null, 1, 'x', [], Buffer.alloc(5)]) expect(read(value)).toBeUndefined();
  });
});

it('gives views on plain bytes, never Node’s own kind', () => {
  const [value] = fc.sample(send, { seed, numRuns: 1 });
  const request = readSend(value)!;
  expect(request.attemptId.constructor).toBe(Uint8Array);
  expect(request.bodies.every(({ ciphertext }) => ciphertext.constructor === Uint8Array)).toBe(true);
});
