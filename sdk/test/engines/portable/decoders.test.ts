/** Whatever bytes come, what reads them gives an answer or a failure with the code that belongs to it, and soon. */
import { describe, expect, it } from 'vitest';
import { compareScannable } from '../../../src/engines/portable/fingerprints.js';
import { frameRecord, openRecordOf } from '../../../src/engines/portable/records/frame.js';
import { splitSealed } from '../../../src/engines/portable/sealed-sender/steps.js';
import { verifySenderCertificate } from '../../../src/engines/portable/sealed-sender/trust.js';
import { decodeSenderKeyRecord } from '../../../src/engines/portable/sender-keys/record.js';
import { isSottoError, type SottoErrorCode } from '../../../src/errors.js';
import { seededRandom, type SeededRandom } from '../../../src/testing/index.js';
import { formats } from './messages/formats.js';
import { mutated, type Envelope } from './messages/mutate.js';
import { Authority, Device, openOurs } from './sealed-sender/support.js';
import { PortableMember, ScriptedSender, sender } from './sender-keys/support.js';

const slow = process.env['SLOW'] === '1';
const seed = process.env['SOTTO_SEED'] ?? (slow ? String(Date.now()) : '1');
const runs = slow ? 200_000 : 1_600;

/** What reads bytes, with something it can read. */
interface Decoder {
  readonly name: string;
  readonly codes: readonly SottoErrorCode[];
  readonly envelope: Envelope;
  readonly sample: (random: SeededRandom) => Uint8Array;
  readonly read: (bytes: Uint8Array) => unknown;
}

const none: Envelope = { before: 0, after: 0 };
const authority = new Authority('decoders');
const account = new Device('decoders');

async function senderKeyRecord(random: SeededRandom): Promise<Uint8Array> {
  const member = new PortableMember('decoders');
  for (let index = 0; index < 3; index += 1) {
    const script = new ScriptedSender(random);
    await member.process(script.distribution());
    await member.decrypt(script.message(70 * index));
  }
  const key = [...member.records.keys()].find((name) => name.endsWith('/current'))!;
  return openRecordOf('senderKey', member.records.get(key)!);
}

const record = await senderKeyRecord(seededRandom(`${seed} record`));

const decoders: readonly Decoder[] = [
  ...formats.map(({ name, refusal, envelope, make, parse }) => {
    return { name, codes: [refusal], envelope, sample: make, read: parse };
  }),
  {
    name: 'a scannable safety number',
    codes: ['invalid-message', 'safety-number-mismatch'],
    envelope: none,
    sample: () => Uint8Array.of(8, 2, 0x12, 3, 0x0a, 1, 5, 0x1a, 3, 0x0a, 1, 6),
    read: (bytes) => compareScannable(Uint8Array.of(8, 2, 0x12, 3, 0x0a, 1, 6, 0x1a, 3, 0x0a, 1, 5), bytes),
  },
  {
    name: 'a sent form',
    codes: ['invalid-message'],
    envelope: none,
    sample: (random) =>
      Uint8Array.of(
        0x23,
        1,
        0,
        ...Buffer.from(account.name.replaceAll('-', ''), 'hex'),
        1,
        0,
        5,
        ...random.bytes(90),
      ),
    read: (bytes) => splitSealed(bytes, account.name),
  },
  {
    name: 'a certificate to be believed',
    codes: ['invalid-certificate', 'certificate-expired'],
    envelope: none,
    sample: () => authority.certificate(account).serialize(),
    read: (bytes) => verifySenderCertificate(bytes, authority.trust()),
  },
  {
    name: 'a record of sender keys',
    codes: ['engine-record-invalid'],
    envelope: none,
    sample: () => record,
    // With a checksum that fits, or nothing of it would be read.
    read: (bytes) => decodeSenderKeyRecord(frameRecord('senderKey', bytes)),
  },
];

function someBytes(
  random: SeededRandom,
  { sample, envelope }: Decoder,
  samples: readonly Uint8Array[],
): Uint8Array {
  const whole = random.pick(samples);
  if (random.chance(0.75)) return mutated(random, whole, envelope);
  const start = whole.subarray(0, random.chance(0.5) ? 1 : random.integer(whole.length));
  return random.chance(0.1)
    ? sample(random)
    : Uint8Array.from([...start, ...random.bytes(random.integer(300))]);
}

function codeOf(read: () => unknown): string {
  try {
    read();
    return 'read';
  } catch (error) {
    if (isSottoError(error)) return error.code;
    throw error;
  }
}

describe.each(decoders)('$name', (decoder) => {
  it(`is read or refused by its code (seed ${seed})`, () => {
    const random = seededRandom(`${seed} ${decoder.name}`);
    const samples = Array.from({ length: 20 }, () => decoder.sample(random));
    const codes = new Set<string>();
    for (let run = 0; run < runs; run += 1) {
      const bytes = someBytes(random, decoder, samples);
      const code = codeOf(() => decoder.read(bytes));
      codes.add(code);
      if (code !== 'read') expect(decoder.codes, Buffer.from(bytes).toString('hex')).toContain(code);
    }
    expect(codes).toContain('read');
    expect(codes.size).toBeGreaterThan(1);
  });
});

describe('steps that open', () => {
  it(`sealed messages: anything is refused, and nothing else escapes (seed ${seed})`, async () => {
    const random = seededRandom(`${seed} unseal`);
    for (let run = 0; run < runs / 4; run += 1) {
      const version = random.pick([0x11, 0x22, 0x00, random.integer(256)]);
      const bytes = Uint8Array.of(version, ...random.bytes(random.integer(300)));
      expect(await openOurs(account, bytes, authority.trust())).toBe('invalid-message');
    }
  });

  it(`group messages: the same (seed ${seed})`, async () => {
    const random = seededRandom(`${seed} group`);
    const member = new PortableMember('decoders', sender);
    const script = new ScriptedSender(random);
    await member.process(script.distribution());
    const whole = script.message(3);
    for (let run = 0; run < runs / 4; run += 1) {
      const outcome = await member.decrypt(mutated(random, whole, { before: 1, after: 64 }));
      expect(['invalid-message', 'no-sender-key', 'duplicate-message', '“message 3”']).toContain(outcome);
    }
  });
});
