/** Reading sent forms: whom they are for, and who is excluded, as libsignal's relay reads them. */
import { LibSignalErrorBase } from '@signalapp/libsignal-client';
import NativeSentForm from '@signalapp/libsignal-client/dist/SealedSenderMultiRecipientMessage.js';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../../src/bytes.js';
import { serviceIdFixedWidth } from '../../../../src/engines/portable/messages/service-id.js';
import { parseSentForm } from '../../../../src/engines/portable/sealed-sender/sent-form-reader.js';
import { splitSentForm } from '../../../../src/engines/portable/sealed-sender/sent-form.js';
import { isSottoError } from '../../../../src/errors.js';
import { seededRandom, type SeededRandom } from '../../../../src/testing/index.js';
import { plain } from '../messages/formats.js';
import { seed, slow } from './support.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What each receives by the fixed width of its id; nothing for the excluded. */
type Delivery = Readonly<Record<string, string>> | 'refused';

function ours(bytes: Uint8Array): Delivery {
  try {
    const { openers } = parseSentForm(bytes);
    return Object.fromEntries(
      [...openers].map(([id, opener]) => {
        const received = opener ? hex(splitSentForm(bytes, Uint8Array.from(Buffer.from(id, 'hex')))) : '';
        return [id, received];
      }),
    );
  } catch (error) {
    if (isSottoError(error, 'invalid-message')) return 'refused';
    throw error;
  }
}

function theirs(bytes: Uint8Array): Delivery {
  try {
    const form = new NativeSentForm(plain(bytes));
    const idOf = (name: string) => hex(serviceIdFixedWidth(name)!);
    const recipients = Object.entries(form.recipientsByServiceIdString());
    return Object.fromEntries([
      ...recipients.map(([name, recipient]) => [idOf(name), hex(form.messageForRecipient(recipient))]),
      ...form.excludedRecipientServiceIdStrings().map((name) => [idOf(name), '']),
    ]) as Delivery;
  } catch (error) {
    if (error instanceof LibSignalErrorBase) return 'refused';
    throw error;
  }
}

const service = (kind: number, fill: number): Uint8Array =>
  concatBytes(Uint8Array.of(kind), new Uint8Array(16).fill(fill));
const opener = (fill: number): Uint8Array => new Uint8Array(48).fill(fill);
const shared = new Uint8Array(40).fill(0xee);
const form = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  concatBytes(...parts.map((part) => Uint8Array.from(part)));

/** A form that is right, or nearly so. */
function someForm(random: SeededRandom): Uint8Array {
  const short = random.chance(0.2);
  const entries = Array.from({ length: random.integer(5) }, () => {
    const id = service(random.pick([0, 0, 0, 1]), random.integer(4));
    const name = short ? id.subarray(1) : id;
    if (random.chance(0.25)) return form(name, [0]);
    const count = 1 + random.integer(3);
    const devices = Array.from({ length: count }, (_, index) => [
      1 + random.integer(127),
      random.integer(128) | (index + 1 < count ? 0x80 : 0),
      random.integer(256),
    ]);
    return form(name, devices.flat(), opener(random.integer(256)));
  });
  const bytes = form(
    [short ? 0x22 : 0x23],
    someCount(random, entries.length),
    ...entries,
    random.bytes(32 + random.integer(40)),
  );
  if (random.chance(0.3)) return bytes;
  if (random.chance(0.2)) return bytes.slice(0, random.integer(bytes.length));
  const at = random.integer(random.chance(0.5) ? Math.min(24, bytes.length) : bytes.length);
  return bytes.with(at, random.pick([0, 1, 2, 127, 128, 130, 0x22, random.integer(256)]));
}

/** A varint of a count, at times a longer one than it need be, and at times of another count. */
function someCount(random: SeededRandom, count: number): number[] {
  if (random.chance(0.7)) return [count];
  const more = Array.from({ length: random.integer(10) }, () => random.pick([0, 0, 0, 1, 127]));
  const digits = [count, ...more];
  return digits.map((digit, index) => digit | (index + 1 < digits.length ? 0x80 : 0));
}

describe('a sent form', () => {
  it(`delivers what libsignal delivers (seed ${seed})`, { timeout: 600_000 }, () => {
    const random = seededRandom(`${seed} sent forms`);
    let refused = 0;
    const runs = slow ? 200_000 : 3_000;
    for (let run = 0; run < runs; run += 1) {
      const bytes = someForm(random);
      const expected = theirs(bytes);
      expect(ours(bytes), hex(bytes)).toEqual(expected);
      if (expected === 'refused') refused += 1;
    }
    expect(refused).toBeGreaterThan(runs / 20);
    expect(refused).toBeLessThan((runs * 19) / 20);
  });

  it.each([
    ['nothing', form()],
    ['a version alone', form([0x23])],
    ['another version', form([0x24, 0], shared)],
    ['too little after the recipients', form([0x23, 0], new Uint8Array(31))],
    ['more recipients than there are', form([0x23, 2], service(0, 1), [1, 0, 5], opener(1), shared)],
    ['device 0 after another', form([0x23, 1], service(0, 1), [1, 0x80, 5, 0, 0, 5], opener(1), shared)],
    ['device 128', form([0x23, 1], service(0, 1), [128, 0, 5], opener(1), shared)],
    ['another kind of id', form([0x23, 1], service(2, 1), [1, 0, 5], opener(1), shared)],
    ['one excluded twice', form([0x23, 2], service(0, 1), [0], service(0, 1), [0], shared)],
    [
      'one excluded and not',
      form([0x23, 2], service(0, 1), [0], service(0, 1), [1, 0, 5], opener(1), shared),
    ],
    [
      'one not excluded and then so',
      form([0x23, 2], service(0, 1), [1, 0, 5], opener(1), service(0, 1), [0], shared),
    ],
    ['billions of recipients', form([0x23, 0xff, 0xff, 0xff, 0xff, 0x0f], shared)],
  ])('with %s is refused by both', (_, bytes) => {
    expect([ours(bytes), theirs(bytes)]).toEqual(['refused', 'refused']);
  });

  it('with a count longer than it need be is read on behind the shortest', () => {
    const bytes = form([0x23, 0x81], service(0, 1), [1, 0, 5], opener(1), shared);
    expect(Object.keys(ours(bytes))).toEqual([hex(service(0, 1))]);
    expect(ours(bytes)).toEqual(theirs(bytes));
  });
});
