import { PrivateKey, PublicKey } from '@signalapp/libsignal-client';
import { describe, expect, it } from 'vitest';
import { verifySignature } from '@sotto/sdk/verification';
import { type SeededRandom, seededRandom } from '../../src/testing/seeded-random.js';
import {
  forgeLowOrder,
  groupOrder,
  signXeddsa,
  toBytes,
  toInteger,
} from '../../../test-vectors/generate/xeddsa-sign.js';
import { SignerMemory } from '../../src/verification/signer-points.js';
import { neverFor } from '../../src/verification/platform-ed25519.js';
import { neverLaterFor, webAccepts, webAcceptsFor } from '../../src/verification/web-ed25519.js';
import { partsOf, verifyPortably, verifySignatureLater } from '../../src/verification/xeddsa.js';
import { isSottoError } from '../../src/errors.js';
import { readVectors } from '../vectors/vector-files.js';
import { outcomeOf } from './outcome.js';

type Bytes = Uint8Array<ArrayBuffer>;

interface Signed {
  readonly publicKey: Bytes;
  readonly message: Bytes;
  readonly signature: Bytes;
}

/** Without the platform, as in a browser. */
const portableMemory = new SignerMemory(16, () => ({ now: neverFor, later: neverLaterFor }));

/** As in a browser that has WebCrypto. */
const webMemory = new SignerMemory(16, () => ({ now: neverFor, later: webAcceptsFor }));

/** The verdict on what has its form: with the platform, without it, and as WebCrypto finds it. */
async function outcomesOf({ publicKey, message, signature }: Signed): Promise<string[]> {
  const u = publicKey.subarray(1);
  const portably = outcomeOf(() => {
    verifyPortably(partsOf(portableMemory, u, signature), message);
  });
  if (portably !== 'valid') expect(await isTakenByWebCrypto({ publicKey, message, signature })).toBe(false);
  return [
    outcomeOf(() => verifySignature(publicKey, message, signature)),
    portably,
    await verifySignatureLater(publicKey, message, signature, webMemory).then(
      () => 'valid',
      (error: { code: string }) => error.code,
    ),
  ];
}

const acceptsFor = webAccepts(globalThis.crypto.subtle);

async function isTakenByWebCrypto({ publicKey, message, signature }: Signed): Promise<boolean> {
  try {
    const { signer, unsigned } = partsOf(portableMemory, publicKey.subarray(1), signature);
    return await (
      await acceptsFor(signer.encoded)
    )(message, unsigned);
  } catch (error) {
    if (isSottoError(error)) return false;
    throw error;
  }
}

describe('XEdDSA vectors', () => {
  const { tests } = readVectors('xeddsa.json');

  it.each(tests)('$id is $result', ({ input, result, failure }) => {
    const { publicKey, message, signature } = input as unknown as Signed;
    expect(outcomeOf(() => verifySignature(publicKey, message, signature))).toBe(failure ?? result);
  });

  const formed = tests.filter(({ failure }) => failure === undefined || failure === 'invalid-signature');
  it.each(formed.filter(({ input }) => (input['signature'] as Bytes).length === 64))(
    '$id is $result, whoever verifies',
    async ({ input, result, failure }) => {
      const expected = failure ?? result;
      expect(await outcomesOf(input as unknown as Signed)).toEqual([expected, expected, expected]);
    },
  );
});

const p = 2n ** 255n - 19n;
const seed = Number(process.env['SOTTO_SEED'] ?? 1);
const rounds = process.env['SLOW'] ? 20_000 : 2_000;

function honest(random: SeededRandom): Signed {
  const key = PrivateKey.deserialize(random.bytes(32) as Bytes);
  const message = random.bytes(random.integer(100)) as Bytes;
  const publicKey = key.getPublicKey().serialize();
  // Half of them by libsignal itself, whose randomness has no seed; their verdict does not depend on it.
  const byLibsignal = random.chance(0.5);
  const signature = byLibsignal ? key.sign(message) : signXeddsa(key.serialize(), message, random.bytes(64));
  return { publicKey, message, signature };
}

const flip = (bytes: Bytes, random: SeededRandom): Bytes => {
  const copy = bytes.slice();
  const index = random.integer(copy.length);
  copy[index] = (copy[index] as number) ^ (1 << random.integer(8));
  return copy;
};

const withLast = (bytes: Bytes, change: (last: number) => number): Bytes => {
  const copy = bytes.slice();
  copy[copy.length - 1] = change(copy[copy.length - 1] as number);
  return copy;
};

/** s moved by a multiple of the group order, as far as it fits below its sign bit. */
function shift(signature: Bytes, multiple: bigint): Bytes {
  const sign = (signature[63] as number) & 0x80;
  const s = toInteger(withLast(signature.slice(32), (last) => last & 0x7f)) + multiple * groupOrder;
  return withLast(
    Uint8Array.of(...signature.slice(0, 32), ...toBytes(s % 2n ** 255n)),
    (last) => last | sign,
  );
}

const mutations: Readonly<Record<string, (signed: Signed, random: SeededRandom) => Signed>> = {
  none: (signed) => signed,
  'a bit of the signature': (signed, random) => ({ ...signed, signature: flip(signed.signature, random) }),
  'a bit of the key': (signed, random) => ({
    ...signed,
    publicKey: Uint8Array.of(5, ...flip(signed.publicKey.slice(1), random)),
  }),
  'a bit of the message': (signed, random) => ({
    ...signed,
    message: signed.message.length > 0 ? flip(signed.message, random) : Uint8Array.of(0),
  }),
  's plus a multiple of the order': (signed, random) => ({
    ...signed,
    signature: shift(signed.signature, 1n + BigInt(random.integer(7))),
  }),
  'the three top bits': (signed, random) => ({
    ...signed,
    signature: withLast(signed.signature, (last) => (last & 0x1f) | (random.integer(8) << 5)),
  }),
  'the top bit of the key': (signed) => ({
    ...signed,
    publicKey: withLast(signed.publicKey, (last) => last ^ 0x80),
  }),
  'a random key': (signed, random) => ({ ...signed, publicKey: Uint8Array.of(5, ...random.bytes(32)) }),
  'a key next to the field’s end': (signed, random) => ({
    ...signed,
    publicKey: Uint8Array.of(5, ...toBytes(p + 18n - BigInt(random.integer(38)))),
  }),
  'a small key': (signed, random) => ({
    ...signed,
    publicKey: Uint8Array.of(5, random.integer(30), ...new Uint8Array(31)),
  }),
  'a forgery under zero': (signed, random) => ({
    ...signed,
    publicKey: Uint8Array.of(5, ...(random.chance(0.5) ? new Uint8Array(32) : toBytes(p))),
    signature: withLast(
      forgeLowOrder(toBytes(p - 1n), 2n, signed.message),
      (last) => last ^ (random.integer(2) << 7),
    ),
  }),
};

describe(`XEdDSA beside libsignal (seed ${seed})`, () => {
  it.each(Object.keys(mutations))('same verdict: %s', async (name) => {
    const random = seededRandom(`${seed}/${name}`);
    const verdicts = { valid: 0, 'invalid-signature': 0 };
    for (let round = 0; round < rounds / Object.keys(mutations).length; round += 1) {
      const signed = mutations[name]?.(honest(random), random) as Signed;
      const { publicKey, message, signature } = signed;
      const theirs = PublicKey.deserialize(publicKey).verify(message, signature)
        ? 'valid'
        : 'invalid-signature';
      expect([round, ...(await outcomesOf(signed))]).toEqual([round, theirs, theirs, theirs]);
      verdicts[theirs] += 1;
    }
    if (['none', 'the top bit of the key', 'a forgery under zero'].includes(name))
      expect(verdicts.valid).toBeGreaterThan(100);
    if (/^a (bit|random|small)/.test(name)) expect(verdicts['invalid-signature']).toBeGreaterThan(100);
  });
});
