import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../../src/bytes.js';
import {
  parsePayload,
  parsePrefix,
  serializeMessage,
  type Payload,
  type SpqrMessage,
} from '../../../../src/engines/portable/spqr/message.js';
import { seededRandom } from '../../../../src/testing/seeded-random.js';
import { reasonOf } from './support.js';

const bytes = Uint8Array.from({ length: 32 }, (_, index) => index);
const of = (...values: number[]) => Uint8Array.of(...values);

function parse(message: Uint8Array): SpqrMessage | string {
  try {
    const { version, epoch, index, end } = parsePrefix(message);
    expect(version).toBe(1);
    return { epoch, index, payload: parsePayload(message, end) };
  } catch (error) {
    return reasonOf(error);
  }
}

const payloads: readonly [number, Payload][] = [
  [0, { kind: 'none' }],
  [1, { kind: 'hdr', chunk: { index: 0, bytes } }],
  [2, { kind: 'ek', chunk: { index: 1, bytes } }],
  [3, { kind: 'ekCt1Ack', chunk: { index: 127, bytes } }],
  [4, { kind: 'ct1Ack' }],
  [5, { kind: 'ct1', chunk: { index: 128, bytes } }],
  [6, { kind: 'ct2', chunk: { index: 65_535, bytes } }],
];

describe('a message', () => {
  it.each(payloads)('of type %i is written and read', (code, payload) => {
    const message = serializeMessage({ epoch: 300, index: 0xffffffff, payload });
    expect([...message.subarray(0, 9)]).toEqual([1, 0xac, 2, 0xff, 0xff, 0xff, 0xff, 0x0f, code]);
    expect(parse(message)).toEqual({ epoch: 300, index: 0xffffffff, payload });
  });

  it('is what the specification spells', () => {
    const chunk = { index: 200, bytes };
    const message = serializeMessage({ epoch: 1, index: 5, payload: { kind: 'ct1', chunk } });
    expect(message).toEqual(concatBytes(of(1, 1, 5, 5, 0xc8, 1), bytes));
    expect(serializeMessage({ epoch: 2, index: 1, payload: { kind: 'ct1Ack' } })).toEqual(of(1, 2, 1, 4));
  });

  it('may be followed by anything', () => {
    expect(parse(of(1, 1, 1, 4, 9, 9))).toEqual({ epoch: 1, index: 1, payload: { kind: 'ct1Ack' } });
    expect(parse(concatBytes(of(1, 1, 1, 1, 2), bytes, of(7)))).toMatchObject({
      payload: { chunk: { index: 2, bytes } },
    });
  });

  it.each([
    ['nothing after the version', of(1)],
    ['no index', of(1, 1)],
    ['an unfinished index', of(1, 1, 0x80)],
    ['no type', of(1, 1, 1)],
    ['type 7', of(1, 1, 1, 7)],
    ['type 255', of(1, 1, 1, 255)],
    ['epoch 0', of(1, 0, 1, 0)],
    ['epoch 2^64', of(1, ...Array<number>(9).fill(0x80), 0x02, 1, 0)],
    ['an epoch of eleven bytes', of(1, ...Array<number>(10).fill(0x81), 0, 1, 0)],
    ['an index of 2^32', of(1, 1, 0x80, 0x80, 0x80, 0x80, 0x10, 0)],
    ['an index of 2^63', of(1, 1, ...Array<number>(9).fill(0x80), 0x01, 0)],
    ['no chunk index', of(1, 1, 1, 1)],
    ['a chunk index of 65,536', concatBytes(of(1, 1, 1, 1, 0x80, 0x80, 0x04), bytes)],
    ['a short chunk', concatBytes(of(1, 1, 1, 1, 0), bytes.subarray(1))],
  ])('with %s is refused', (_, message) => {
    expect(parse(message)).toBe('MsgDecode');
  });

  it.each([
    ['longer than needed', of(0x81, 0x80, 0x00), 1],
    ['of ten bytes', of(0x81, ...Array<number>(8).fill(0x80), 0x00), 1],
    ['past 2^64, whose high bits are dropped', of(0x85, ...Array<number>(8).fill(0x80), 0x7e), 5],
    ['of 2^53 − 1', of(...Array<number>(7).fill(0xff), 0x0f), Number.MAX_SAFE_INTEGER],
    ['of 2^53', of(...Array<number>(7).fill(0x80), 0x10), Infinity],
    ['of 2^56', of(...Array<number>(8).fill(0x80), 0x01), Infinity],
    ['of 2^63', of(...Array<number>(9).fill(0x80), 0x01), Infinity],
    ['of 2^64 − 1', of(...Array<number>(9).fill(0xff), 0x01), Infinity],
    ['of 2^32', of(0x80, 0x80, 0x80, 0x80, 0x10), 2 ** 32],
    ['of 2^31', of(0x80, 0x80, 0x80, 0x80, 0x08), 2 ** 31],
  ])('may have an epoch %s', (_, epoch, value) => {
    expect(parse(concatBytes(of(1), epoch, of(1, 0)))).toEqual({
      epoch: value,
      index: 1,
      payload: { kind: 'none' },
    });
  });

  it('agrees with big integers on every varint', () => {
    const seed = 'varints';
    const random = seededRandom(seed);
    for (let run = 0; run < 5_000; run += 1) {
      const varint = Array.from({ length: 1 + random.integer(10) }, () => random.integer(256) | 0x80);
      varint.push(varint.pop()! & 0x7f);
      if (random.chance(0.5)) varint.fill(0x80, 1 + random.integer(varint.length), -1);
      const exact =
        varint.reduce((sum, byte, nth) => sum + (BigInt(byte & 0x7f) << BigInt(7 * nth)), 0n) % 2n ** 64n;
      const expected = exact === 0n ? 'MsgDecode' : exact < 2n ** 53n ? Number(exact) : Infinity;
      const read = parse(of(1, ...varint, 1, 0));
      expect(typeof read === 'string' ? read : read.epoch, `seed ${seed} run ${run}`).toBe(expected);
    }
  });

  it('of a later version is read as far as versions agree', () => {
    expect(parsePrefix(of(9, 2, 3, 77, 77))).toEqual({ version: 9, epoch: 2, index: 3, end: 3 });
  });
});
