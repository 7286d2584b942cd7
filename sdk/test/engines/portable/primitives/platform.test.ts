/** A platform's pieces are taken where they give the right answers, and only there. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { chosenCurve } from '../../../../src/engines/portable/primitives/chosen-curve.js';
import { nobleOperations, type CurveOperations } from '../../../../src/engines/portable/primitives/curve.js';
import { nobleEdwardsBase } from '../../../../src/engines/portable/primitives/edwards-base.js';
import { isTrueCurve } from '../../../../src/engines/portable/primitives/known-answers.js';
import { nobleKeccak } from '../../../../src/engines/portable/primitives/ml-kem/keccak.js';
import { nobleCiphers } from '../../../../src/engines/portable/primitives/noble.js';
import { nodeHost, type NodeCrypto } from '../../../../src/engines/portable/primitives/node/crypto.js';
import { platformPrimitives } from '../../../../src/engines/portable/primitives/platform.js';
import { parsePrivateKey } from '../../../../src/engines/portable/primitives/keys.js';
import { SottoError } from '../../../../src/errors.js';
import { host, providers } from './providers.js';
import { randomFor } from './support.js';

const random = randomFor('platform');

/** Which pieces of a platform like this one were taken. */
function taken(changed: Partial<NodeCrypto>) {
  const crypto = new Proxy(host.crypto, {
    get: (target, name) => (changed as Record<PropertyKey, unknown>)[name] ?? Reflect.get(target, name),
  });
  const made = platformPrimitives(random, { node: { ...host, crypto }, subtle: undefined });
  return {
    edwardsBase: made.edwardsBase !== nobleEdwardsBase,
    ciphers: made.ciphers !== nobleCiphers,
    keccak: made.keccak !== nobleKeccak,
  };
}

const fails = () => {
  throw new Error('not supported');
};
const all = { edwardsBase: true, ciphers: true, keccak: true };

describe('pieces of node:crypto', () => {
  it('are all taken here', () => {
    expect(taken({})).toEqual(all);
  });

  it.each<[string, Partial<NodeCrypto>, Partial<typeof all>]>([
    ['a cipher fails', { createCipheriv: fails }, { ciphers: false }],
    ['a decipher fails', { createDecipheriv: fails }, { ciphers: false }],
    ['ciphertexts are wrong', { createCipheriv: wrong('createCipheriv') }, { ciphers: false }],
    ['codes are wrong', { createHmac: wrong('createHmac') }, { ciphers: false }],
    ['keys cannot be read', { createPrivateKey: fails }, { edwardsBase: false }],
    ['hashes have one length', { createHash: (name) => host.crypto.createHash(name) }, { keccak: false }],
    ['hashes fail', { createHash: fails }, { keccak: false, ciphers: false }],
  ])('are left to portable code where %s', (_, changed, expected) => {
    expect(taken(changed)).toEqual({ ...all, ...expected });
  });
});

/** The same cipher or hash, of another key. */
function wrong<Name extends 'createCipheriv' | 'createHmac'>(name: Name): NodeCrypto[Name] {
  const make = host.crypto[name].bind(host.crypto) as (...parts: unknown[]) => never;
  return ((algorithm: string, key: Uint8Array, ...rest: unknown[]) =>
    make(algorithm, new Uint8Array(key.length), ...rest)) as NodeCrypto[Name];
}

describe('the curve', () => {
  const privateKey = parsePrivateKey(new Uint8Array(32).fill(7));
  const good = nobleOperations;
  const bad: Readonly<Record<string, CurveOperations>> = {
    'fails everywhere': { agree: fails, publicKeyOf: fails },
    'fails later': { agree: async () => fails(), publicKeyOf: async () => fails() },
    'takes zeros': {
      ...good,
      agree: (ours, theirs) => {
        try {
          return good.agree(ours, theirs);
        } catch {
          return new Uint8Array(32);
        }
      },
    },
    'fails for zeros in words of its own': {
      ...good,
      agree: (ours, theirs) => {
        try {
          return good.agree(ours, theirs);
        } catch {
          throw new Error('OperationError');
        }
      },
    },
    'refuses a top bit': {
      ...good,
      agree: (ours, theirs) => {
        if ((theirs[32] as number) > 0x7f) throw new SottoError('invalid-key');
        return good.agree(ours, theirs);
      },
    },
    'has other public keys': { ...good, publicKeyOf: async () => good.publicKeyOf(privateKey) },
    'has other agreements': { ...good, agree: () => new Uint8Array(32).fill(1) },
  };

  it.each(Object.keys(bad))('is not one that %s', async (name) => {
    const asked = vi.fn(good.publicKeyOf);
    expect(await isTrueCurve(bad[name] as CurveOperations)).toBe(false);
    const chosen = chosenCurve([bad[name] as CurveOperations, { ...good, publicKeyOf: asked }]);
    expect(await chosen.publicKeyOf(privateKey)).toEqual(good.publicKeyOf(privateKey));
    expect(asked).toHaveBeenCalled();
  });

  it('is portable where no other passes', async () => {
    const chosen = chosenCurve(Object.values(bad));
    expect(await chosen.publicKeyOf(privateKey)).toEqual(good.publicKeyOf(privateKey));
  });

  it.each(providers)('passes: $name', async ({ curve }) => {
    expect(await isTrueCurve(curve)).toBe(true);
  });

  it('is asked once, at the first use, and serves at once after that', async () => {
    const asked = vi.fn(good.agree);
    const chosen = chosenCurve([{ ...good, agree: asked }]);
    expect(asked).not.toHaveBeenCalled();
    const [first, second] = [chosen.publicKeyOf(privateKey), chosen.publicKeyOf(privateKey)];
    expect(await first).toEqual(await second);
    const tests = asked.mock.calls.length;
    expect(chosen.publicKeyOf(privateKey)).toEqual(good.publicKeyOf(privateKey));
    expect(asked.mock.calls.length).toBe(tests);
  });
});

describe('a runtime', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it.each([
    ['has no process', undefined],
    ['has a process of another kind', {}],
    ['has no such module', { getBuiltinModule: () => undefined }],
  ])('that %s has no node:crypto', (_, process) => {
    vi.stubGlobal('process', process);
    expect(nodeHost()).toBeUndefined();
  });

  it('without anything does everything in portable code', async () => {
    const made = platformPrimitives(random, { node: undefined, subtle: undefined });
    expect(made.ciphers).toBe(nobleCiphers);
    expect(made.edwardsBase).toBe(nobleEdwardsBase);
    const privateKey = parsePrivateKey(random.bytes(32));
    expect(await made.curve.publicKeyOf(privateKey)).toEqual(nobleOperations.publicKeyOf(privateKey));
  });
});
