/** A platform's pieces are taken where they give the right answers, and only there. */
import { describe, expect, it, vi } from 'vitest';
import { chosenCiphers, chosenCurve } from '../../../../src/engines/portable/primitives/chosen.js';
import {
  portableOperations,
  type CurveOperations,
} from '../../../../src/engines/portable/primitives/curve.js';
import { portableEdwardsBase } from '../../../../src/engines/portable/primitives/edwards-base.js';
import { sha512 } from '../../../../src/engines/portable/primitives/hash.js';
import { areSameCiphers, isTrueCurve } from '../../../../src/engines/portable/primitives/known-answers.js';
import { nobleKeccak } from '../../../../src/engines/portable/primitives/ml-kem/keccak.js';
import { nobleCiphers } from '../../../../src/engines/portable/primitives/noble.js';
import { nodeHost, type NodeCrypto } from '../../../../src/engines/portable/primitives/node/crypto.js';
import type { Ciphers } from '../../../../src/engines/portable/primitives/primitives.js';
import { webCiphers } from '../../../../src/engines/portable/primitives/web/ciphers.js';
import { platformPrimitives } from '../../../../src/engines/portable/primitives/platform.js';
import { parsePrivateKey } from '../../../../src/engines/portable/primitives/keys.js';
import { SottoError } from '../../../../src/errors.js';
import { withProcess } from '../../../support/with-process.js';
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
    edwardsBase: made.edwardsBase !== portableEdwardsBase,
    sha512: made.sha512 !== sha512,
    keccak: made.keccak !== nobleKeccak,
  };
}

const fails = () => {
  throw new Error('not supported');
};
const all = { edwardsBase: true, sha512: true, keccak: true };

describe('pieces of node:crypto', () => {
  it('are all taken here', () => {
    expect(taken({})).toEqual(all);
  });

  it('are all taken where hashing in one call is unknown', () => {
    expect(taken({ hash: undefined })).toEqual(all);
  });

  it.each<[string, Partial<NodeCrypto>, Partial<typeof all>]>([
    ['keys cannot be read', { createPrivateKey: fails }, { edwardsBase: false }],
    ['hashes have one length', { createHash: (name) => host.crypto.createHash(name) }, { keccak: false }],
    ['hashes fail', { createHash: fails, hash: fails }, { keccak: false, sha512: false }],
  ])('are left to portable code where %s', (_, changed, expected) => {
    expect(taken(changed)).toEqual({ ...all, ...expected });
  });
});

describe('ciphers', () => {
  const key = new Uint8Array(32).fill(1);
  const good = nobleCiphers;
  const other = new Uint8Array(32).fill(2);
  const long = 3_000;
  const bad: Readonly<Record<string, Partial<Ciphers>>> = {
    'fail to encrypt': { aesCbcEncrypt: fails },
    'fail later': { aesCbcEncrypt: async () => fails() },
    'fail to decrypt': { aesCbcDecrypt: () => undefined },
    'encrypt otherwise': { aesCbcEncrypt: (_, iv, data) => good.aesCbcEncrypt(other, iv, data) },
    'decrypt what is none': { aesCbcDecrypt: async (...all) => (await good.aesCbcDecrypt(...all)) ?? other },
    'count otherwise': { aesCtr: (_, data) => good.aesCtr(other, data) },
    'authenticate otherwise': { hmacSha256: (_, data) => good.hmacSha256(other, data) },
    'fail for long messages': {
      aesCtr: (own, data) => (data.length < long ? good.aesCtr(own, data) : fails()),
    },
  };

  it.each(Object.keys(bad))('are not those that %s', async (name) => {
    const spoilt = { ...good, ...bad[name] };
    expect(await areSameCiphers(spoilt, good)).toBe(false);
    const asked = vi.fn(good.hmacSha256);
    const chosen = chosenCiphers([spoilt, { ...good, hmacSha256: asked }]);
    expect(await chosen.hmacSha256(key, other)).toEqual(await good.hmacSha256(key, other));
    expect(asked).toHaveBeenCalled();
  });

  it.each(providers)('pass: $name', async ({ ciphers }) => {
    expect(await areSameCiphers(ciphers, good)).toBe(true);
  });

  it('are portable where no others pass', async () => {
    const chosen = chosenCiphers([{ ...good, aesCtr: fails }]);
    expect(await chosen.aesCtr(key, other)).toEqual(await good.aesCtr(key, other));
  });

  it('of WebCrypto leave short messages to portable code', async () => {
    const asked = vi.fn(good.aesCtr);
    const { aesCtr } = webCiphers(globalThis.crypto.subtle, { ...good, aesCtr: asked });
    for (const length of [0, 255, 256, 257]) await aesCtr(key, new Uint8Array(length));
    expect(asked.mock.calls.map(([, data]) => data.length)).toEqual([0, 255]);
  });
});

describe('the curve', () => {
  const privateKey = parsePrivateKey(new Uint8Array(32).fill(7));
  const good = portableOperations;
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
  it.each([
    ['has no process', undefined],
    ['has a process of another kind', {}],
    ['has no such module', { getBuiltinModule: () => undefined }],
  ])('that %s has no node:crypto', (_, process) => {
    expect(withProcess(process, nodeHost)).toBeUndefined();
  });

  it('without anything does everything in portable code', async () => {
    const made = platformPrimitives(random, { node: undefined, subtle: undefined });
    expect(made.sha512).toBe(sha512);
    expect(made.keccak).toBe(nobleKeccak);
    expect(made.edwardsBase).toBe(portableEdwardsBase);
    const privateKey = parsePrivateKey(random.bytes(32));
    expect(await made.curve.publicKeyOf(privateKey)).toEqual(portableOperations.publicKeyOf(privateKey));
  });
});
