import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/bytes.js';
import { decodeContent, encodeContent, messageId, readBody } from '../../src/messages/content.js';
import { pad, paddedLength, unpad } from '../../src/messages/padding.js';
import { parseStrictJson } from '../../src/messages/strict-json.js';
import { limits } from '../../src/limits.js';

const invalid = expect.objectContaining({ code: 'invalid-content' });
const base = {
  id: messageId.parse('AAAAAAAAAAAAAAAAAAAAAA'),
  sentAt: 1_700_000_000_000,
  manifest: { version: 1, hash: new Uint8Array(32) },
};

describe('padding', () => {
  it('hides every length up to 4 KiB in five buckets', () => {
    const lengths = new Set(Array.from({ length: 4096 }, (_, length) => paddedLength(length)));
    expect([...lengths]).toEqual([256, 512, 1024, 2048, 4096]);
  });

  it('adds at most 12 % above 4 KiB and never shrinks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4096, max: limits.maxContentBytes }), (length) => {
        const padded = paddedLength(length);
        expect(padded).toBeGreaterThan(length);
        expect(padded).toBeLessThanOrEqual(Math.ceil((length + 1) * 1.12));
        expect(paddedLength(padded - 1)).toBe(padded);
      }),
    );
  });

  it('comes off exactly', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6000 }), (bytes) => {
        expect(unpad(pad(bytes))).toEqual(bytes);
      }),
    );
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['zeros', new Uint8Array(256)],
    ['no marker', new Uint8Array(256).fill(1)],
    ['a length no padding makes', pad(utf8('hello')).subarray(0, 200)],
    ['a bucket too large', new Uint8Array(512).fill(0x80, 5, 6)],
  ])('refuses %s', (_name, bytes) => {
    expect(() => unpad(bytes)).toThrow(invalid);
  });
});

describe('strict JSON', () => {
  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!/\\ud[89a-f]/i.test(text) && !text.includes('"__proto__"'));
        // Whole-number keys move to the front when read: such texts are refused, not misread.
        const reread = JSON.stringify(JSON.parse(text));
        if (reread === text) expect(JSON.stringify(parseStrictJson(utf8(text)))).toBe(text);
        else expect(() => parseStrictJson(utf8(text))).toThrow(invalid);
      }),
    );
  });

  it.each([
    ['duplicate keys', '{"a":1,"a":2}'],
    ['white space', '{"a": 1}'],
    ['a number spelled otherwise', '{"a":1.0}'],
    ['an exponent', '[1e2]'],
    ['minus zero', '[-0]'],
    ['an escape spelled otherwise', '"\\u0061"'],
    ['a lone surrogate', '"\\ud800"'],
    ['a lone surrogate in a key', '{"\\udc00":1}'],
    ['no JSON', 'hello'],
    ['nothing', ''],
    ['deep nesting', '['.repeat(17) + ']'.repeat(17)],
    ['endless nesting', '['.repeat(60_000)],
  ])('refuses %s', (_name, text) => {
    expect(() => parseStrictJson(utf8(text))).toThrow(invalid);
  });

  it('refuses malformed UTF-8', () => {
    expect(() => parseStrictJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(invalid);
  });

  it('allows the deepest nesting there is', () => {
    expect(parseStrictJson(utf8('['.repeat(16) + ']'.repeat(16)))).toBeDefined();
  });
});

describe('content', () => {
  it('puts short text, receipts and long text into the right buckets', () => {
    const text = encodeContent({ ...base, type: 'text', body: { text: 'hello' } });
    const receipt = encodeContent({ ...base, type: 'receipt', body: { kind: 'delivered', ids: [base.id] } });
    expect([text.length, receipt.length]).toEqual([256, 256]);
    expect(readBody(decodeContent(text))).toEqual({ type: 'text', body: { text: 'hello' } });
  });

  it('round-trips any well-formed text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (text) => {
        fc.pre(!/\p{Surrogate}/u.test(text));
        const decoded = decodeContent(encodeContent({ ...base, type: 'text', body: { text } }));
        expect(readBody(decoded)).toEqual({ type: 'text', body: { text } });
      }),
    );
  });

  it('refuses what is too large or malformed before it is sent', () => {
    const encode = (text: string) => encodeContent({ ...base, type: 'text', body: { text } });
    expect(() => encode('x'.repeat(limits.maxContentBytes))).toThrow(
      expect.objectContaining({ code: 'content-too-large' }),
    );
    expect(() => encode('\ud800')).toThrow(invalid);
  });

  it.each([
    ['an unknown member', '"extra":1'],
    ['an id that is not 128 bits', '"id":"short"'],
    ['a time that is no time', '"sentAt":-1'],
    ['a type that is no name', '"type":"Text"'],
  ])('refuses %s', (_name, member) => {
    const members = new Map([
      ['v', '"v":1'],
      ['id', `"id":"${base.id}"`],
      ['sentAt', '"sentAt":1'],
      ['manifest', `"manifest":{"version":1,"hash":"${'A'.repeat(43)}"}`],
      ['type', '"type":"text"'],
      ['body', '"body":{"text":"x"}'],
    ]);
    const spell = () => pad(utf8(`{${[...members.values()].join(',')}}`));
    expect(decodeContent(spell()).type).toBe('text');
    members.set(member.slice(1, member.indexOf('"', 1)), member);
    expect(() => decodeContent(spell())).toThrow(invalid);
  });

  it('keeps unknown types and refuses known ones that do not fit', () => {
    const make = (type: string, body: string) =>
      decodeContent(
        pad(
          utf8(
            `{"v":1,"id":"${base.id}","sentAt":1,"manifest":{"version":1,"hash":"${'A'.repeat(43)}"},"type":"${type}","body":${body}}`,
          ),
        ),
      );
    expect(readBody(make('example.org/poll', '{"q":1}'))).toEqual({
      type: 'unknown',
      name: 'example.org/poll',
      json: '{"q":1}',
    });
    expect(() => readBody(make('text', '{"text":1}'))).toThrow(invalid);
    expect(() => readBody(make('text', '{"text":"x","html":"y"}'))).toThrow(invalid);
    expect(() => readBody(make('receipt', '{"kind":"delivered","ids":[]}'))).toThrow(invalid);
  });

  it('never crashes on bytes of any kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        for (const input of [bytes, pad(bytes)]) {
          expect(() => decodeContent(input)).toThrow(invalid);
        }
      }),
    );
  });
});
