import { ed25519 } from '@noble/curves/ed25519.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { isStrict, platformAccepts, type AcceptsFor } from '../../src/verification/platform-ed25519.js';

const seed = Number(process.env['SOTTO_SEED'] ?? 1);

const noble =
  (zip215: boolean): AcceptsFor =>
  (key) =>
  (message, signature) =>
    ed25519.verify(signature, message, key, { zip215 });

describe(`the platform’s Ed25519 (seed ${seed})`, () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it('takes what is valid, here in Node, and nothing else', () => {
    const random = seededRandom(`ed25519 ${seed}`);
    const { secretKey, publicKey } = ed25519.keygen(random.bytes(32));
    const accepts = platformAccepts()(publicKey);
    for (let round = 0; round < 50; round += 1) {
      const message = random.bytes(random.integer(200));
      const signature = ed25519.sign(message, secretKey);
      expect(accepts(message, signature)).toBe(true);
      signature[random.integer(64)]! ^= 1 << random.integer(8);
      expect(accepts(message, signature)).toBe(false);
    }
  });

  it('is looked for once', () => {
    expect(platformAccepts()).toBe(platformAccepts());
  });

  it('may have no key that is no point', () => {
    expect(platformAccepts()(new Uint8Array(32).fill(2))(new Uint8Array(), new Uint8Array(64))).toBe(false);
    expect(platformAccepts()(new Uint8Array(31))(new Uint8Array(), new Uint8Array(64))).toBe(false);
  });

  it.each<[string, AcceptsFor]>([
    ['verifies with a cofactor and takes every spelling', noble(true)],
    ['verifies with a cofactor', noble(false)],
    ['takes everything', () => () => true],
    ['takes nothing', () => () => false],
    [
      'cannot',
      () => () => {
        throw new Error('not here');
      },
    ],
  ])('is not relied on where it %s', (_, acceptsFor) => {
    expect(isStrict(acceptsFor)).toBe(false);
    expect(isStrict(platformAccepts())).toBe(true);
  });

  it.each([
    ['there is no process', undefined],
    ['the process is another’s', {}],
    ['there is no such module', { getBuiltinModule: () => undefined }],
  ])('takes nothing where %s', async (_, process) => {
    vi.resetModules();
    vi.stubGlobal('process', process);
    const fresh = await import('../../src/verification/platform-ed25519.js');
    const { secretKey, publicKey } = ed25519.keygen(new Uint8Array(32).fill(1));
    const message = new Uint8Array(3);
    expect(fresh.platformAccepts()(publicKey)(message, ed25519.sign(message, secretKey))).toBe(false);
  });
});
