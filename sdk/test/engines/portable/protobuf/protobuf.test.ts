import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../src/bytes.js';
import { decode } from '../../../../src/engines/portable/protobuf/decode.js';
import { encode } from '../../../../src/engines/portable/protobuf/encode.js';
import { messageSchema } from '../../../../src/engines/portable/protobuf/schema.js';
import { seededRandom } from '../../../../src/testing/index.js';

const seed = process.env['SOTTO_SEED'] ?? '1';

const inner = messageSchema({
  first: { field: 1, type: 'uint32' },
  second: { field: 2, type: 'bytes' },
});

const schema = messageSchema({
  big: { field: 4, type: 'uint64' },
  number: { field: 1, type: 'uint32' },
  bytes: { field: 2, type: 'bytes' },
  text: { field: 3, type: 'string' },
  fixed: { field: 5, type: 'fixed64' },
  kind: { field: 6, type: 'enum' },
  inner: { field: 7, type: 'message', schema: inner },
  left: { field: 20, type: 'uint32', oneOf: 'side' },
  right: { field: 21, type: 'bytes', oneOf: 'side' },
});

const bytesOf = (...parts: (number | readonly number[])[]) => Uint8Array.from(parts.flat());
const repeat = (count: number, byte: number) => Array.from({ length: count }, () => byte);

describe('reading', () => {
  it('finds nothing in nothing', () => {
    expect(decode(schema, new Uint8Array())).toEqual({});
  });

  it.each([
    ['a varint of one byte', [0x08, 0x05], { number: 5 }],
    ['zero, which is there', [0x08, 0x00], { number: 0 }],
    ['a varint longer than it need be', [0x08, 0x85, 0x80, 0x80, 0x00], { number: 5 }],
    ['the greatest uint32', [0x08, ...repeat(4, 0xff), 0x0f], { number: 0xffffffff }],
    ['a uint32 modulo 2^32', [0x08, ...repeat(9, 0xff), 0x01], { number: 0xffffffff }],
    ['2^32 as a uint32', [0x08, ...repeat(4, 0x80), 0x10], { number: 0 }],
    ['2^63 as a uint32', [0x08, ...repeat(9, 0x80), 0x01], { number: 0 }],
    ['a negative enum', [0x30, ...repeat(9, 0xff), 0x01], { kind: 0xffffffff }],
    ['the greatest uint64', [0x20, ...repeat(9, 0xff), 0x01], { big: 2n ** 64n - 1n }],
    ['a fixed64', [0x29, 1, 0, 0, 0, 0, 0, 0, 0x80], { fixed: 2n ** 63n + 1n }],
    ['empty bytes, which are there', [0x12, 0x00], { bytes: new Uint8Array() }],
    ['the last of several', [0x08, 1, 0x12, 1, 7, 0x08, 2], { number: 2, bytes: Uint8Array.of(7) }],
    ['any order', [0x12, 1, 7, 0x08, 2], { number: 2, bytes: Uint8Array.of(7) }],
    ['text', [0x1a, 2, 0xc3, 0xa4], { text: 'ä' }],
    ['text that begins with a byte order mark', [0x1a, 3, 0xef, 0xbb, 0xbf], { text: '\ufeff' }],
    [
      'unknown fields',
      [0x78, 9, 0x79, ...repeat(8, 9), 0x7a, 1, 9, 0x7d, 9, 9, 9, 9, 0x08, 2],
      { number: 2 },
    ],
    ['an unknown group', [0x7b, 0x08, 9, 0x83, 0x01, 0x84, 0x01, 0x7c, 0x08, 2], { number: 2 }],
    ['a tag longer than it need be', [0x88, 0x80, 0x80, 0x00, 5], { number: 5 }],
    [
      'merged messages',
      [0x3a, 2, 0x08, 1, 0x3a, 3, 0x12, 1, 5],
      { inner: { first: 1, second: Uint8Array.of(5) } },
    ],
    ['a message without content', [0x3a, 0], { inner: {} }],
    ['the last of a choice', [0xa0, 0x01, 1, 0xaa, 0x01, 0], { right: new Uint8Array() }],
    ['the first of a choice where it comes last', [0xaa, 0x01, 0, 0xa0, 0x01, 0], { left: 0 }],
  ])('takes %s', (_, input, expected) => {
    expect(decode(schema, Uint8Array.from(input))).toEqual(expected);
  });

  it.each([
    ['field number 0', [0x00, 0x00]],
    ['field number 0 with bytes', [0x02, 0x00]],
    ['a tag beyond 32 bits', [0x88, 0x80, 0x80, 0x80, 0x10, 5]],
    ['a tag that ends early', [0x88]],
    ['wire type 6', [0x7e, 0]],
    ['wire type 7', [0x7f, 0]],
    ['an end of a group that did not begin', [0x7c]],
    ['a group that does not end', [0x7b, 0x08, 1]],
    ['a group that another ends', [0x7b, 0x84, 0x01]],
    ['a known field of another wire type', [0x0a, 0x00]],
    ['a known field as a group', [0x0b, 0x0c]],
    ['a number where bytes belong', [0x10, 0x00]],
    ['a varint where a fixed64 belongs', [0x28, 0x00]],
    ['a varint of eleven bytes', [0x08, ...repeat(10, 0x80), 0x00]],
    ['a varint beyond 64 bits', [0x08, ...repeat(9, 0xff), 0x02]],
    ['an unknown varint beyond 64 bits', [0x78, ...repeat(9, 0xff), 0x02]],
    ['a varint that ends early', [0x08, 0x80]],
    ['bytes that end early', [0x12, 3, 1, 2]],
    ['bytes longer than anything', [0x12, ...repeat(9, 0xff), 0x01, 1]],
    ['a fixed64 that ends early', [0x29, ...repeat(7, 0)]],
    ['an unknown fixed32 that ends early', [0x7d, ...repeat(3, 0)]],
    ['text that is not UTF-8', [0x1a, 1, 0xff]],
    ['text with a lone surrogate', [0x1a, 3, 0xed, 0xa0, 0x80]],
    ['a nested message that is malformed', [0x3a, 1, 0x08]],
  ])('refuses %s', (_, input) => {
    expect(() => decode(schema, Uint8Array.from(input))).toThrow(
      expect.objectContaining({ code: 'invalid-message' }),
    );
  });

  it('takes groups a hundred deep and no deeper, one less in a nested message', () => {
    const groups = (depth: number) => [...repeat(depth, 0x7b), ...repeat(depth, 0x7c)];
    const nested = (depth: number) => bytesOf(0x3a, [(2 * depth) | 0x80, (2 * depth) >> 7], groups(depth));
    expect(decode(schema, bytesOf(groups(100)))).toEqual({});
    expect(() => decode(schema, bytesOf(groups(101)))).toThrow();
    expect(decode(schema, nested(99))).toEqual({ inner: {} });
    expect(() => decode(schema, nested(100))).toThrow();
  });

  it('is quick to refuse groups without end', () => {
    const bytes = new Uint8Array(1_000_000).fill(0x7b);
    expect(() => decode(schema, bytes)).toThrow(expect.objectContaining({ code: 'invalid-message' }));
  });

  it('gives views, not copies', () => {
    const bytes = bytesOf(0x12, 2, 7, 8);
    expect(decode(schema, bytes).bytes?.buffer).toBe(bytes.buffer);
  });

  it('leaves what was read of one message out of the next', () => {
    decode(schema, bytesOf(0x3a, 2, 0x08, 1));
    expect(decode(schema, bytesOf(0x3a, 0))).toEqual({ inner: {} });
  });
});

describe('writing', () => {
  it('writes in ascending order, zeros and empty bytes too, and nothing for what is absent', () => {
    const message = { inner: { second: Uint8Array.of(1) }, text: 'ä', number: 0, bytes: new Uint8Array() };
    expect(bytesToHex(encode(schema, message))).toBe('0800120' + '01a02c3a4' + '3a03120101');
    expect(encode(schema, { number: undefined })).toHaveLength(0);
  });

  it('spells numbers as others do', () => {
    expect(bytesToHex(encode(schema, { number: 0xffffffff }))).toBe('08ffffffff0f');
    expect(bytesToHex(encode(schema, { big: 2n ** 64n - 1n }))).toBe('20ffffffffffffffffff01');
    expect(bytesToHex(encode(schema, { big: 0n, fixed: 0x0102030405060708n }))).toBe(
      '2000290807060504030201',
    );
    // An enum is signed: its upper half is written as a negative number of 64 bits.
    expect(bytesToHex(encode(schema, { kind: 0x80000000 }))).toBe('3080808080f8ffffffff01');
    expect(bytesToHex(encode(schema, { kind: 0x7fffffff }))).toBe('30ffffffff07');
  });

  it('leaves room around it', () => {
    expect(bytesToHex(encode(schema, { number: 5 }, { before: 1, after: 2 }))).toBe('0008050000');
  });

  it.each([
    { number: -1 },
    { number: 2 ** 32 },
    { number: 1.5 },
    { kind: -1 },
    { big: 2n ** 64n },
    { fixed: -1n },
  ])('refuses what does not fit: %o', (message) => {
    expect(() => encode(schema, message)).toThrow(RangeError);
  });

  it(`writes what it reads (seed ${seed})`, () => {
    const random = seededRandom(`${seed} protobuf`);
    const maybe = <Value>(value: Value) => (random.chance(0.7) ? value : undefined);
    const uint32 = () => Math.floor(2 ** (random.integer(33) - 1)) + random.integer(2);
    const uint64 = () => BigInt.asUintN(random.integer(65), 2n ** 64n - BigInt(random.integer(1000)));
    for (let run = 0; run < 500; run += 1) {
      const message = {
        number: maybe(uint32()),
        bytes: maybe(random.bytes(random.integer(400))),
        text: maybe(bytesToHex(random.bytes(14))),
        big: maybe(uint64()),
        fixed: maybe(uint64()),
        kind: maybe(uint32()),
        inner: maybe({ first: maybe(uint32()), second: maybe(utf8('ä')) }),
        right: maybe(random.bytes(3)),
      };
      expect(decode(schema, encode(schema, message)), `run ${run}`).toEqual(message);
    }
  });
});
