import { ed25519 } from '@noble/curves/ed25519.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { seededRandom } from '../../src/testing/seeded-random.js';
import {
  areStrict,
  isStrict,
  platformAccepts,
  type AcceptsFor,
  type AcceptsLaterFor,
} from '../../src/verification/platform-ed25519.js';
import { webAccepts, webAcceptsFor } from '../../src/verification/web-ed25519.js';
import { withProcess } from '../support/with-process.js';

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
    const fresh = await import('../../src/verification/platform-ed25519.js');
    const { secretKey, publicKey } = ed25519.keygen(new Uint8Array(32).fill(1));
    const message = new Uint8Array(3);
    const accepts = withProcess(process, () => fresh.platformAccepts());
    expect(accepts(publicKey)(message, ed25519.sign(message, secretKey))).toBe(false);
  });
});

describe(`WebCrypto’s Ed25519 (seed ${seed})`, () => {
  const later =
    (acceptsFor: AcceptsFor): AcceptsLaterFor =>
    async (key) => {
      const accepts = acceptsFor(key);
      return async (...input) => accepts(...input);
    };

  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it('takes what is valid, and nothing else', async () => {
    const random = seededRandom(`web ed25519 ${seed}`);
    const { secretKey, publicKey } = ed25519.keygen(random.bytes(32));
    const accepts = await webAcceptsFor(publicKey);
    for (let round = 0; round < 20; round += 1) {
      const message = random.bytes(random.integer(200));
      const signature = ed25519.sign(message, secretKey);
      expect(await accepts(message, signature)).toBe(true);
      signature[random.integer(64)]! ^= 1 << random.integer(8);
      expect(await accepts(message, signature)).toBe(false);
    }
  });

  it('is strict here, and relied on only where it is', async () => {
    expect(await areStrict(webAccepts(globalThis.crypto.subtle))).toBe(true);
    for (const acceptsFor of [noble(true), noble(false), () => () => true, () => () => false]) {
      expect(await areStrict(later(acceptsFor))).toBe(false);
    }
    expect(await areStrict(async () => Promise.reject(new Error('not here')))).toBe(false);
  });

  it.each([
    ['there is none', undefined],
    ['the page is not secure', {}],
    ['it lacks the curve', { subtle: { importKey: () => Promise.reject(new Error('NotSupportedError')) } }],
  ])('takes nothing where %s', async (_, crypto) => {
    const { secretKey, publicKey } = ed25519.keygen(new Uint8Array(32).fill(1));
    const message = new Uint8Array(3);
    const signature = ed25519.sign(message, secretKey);
    vi.resetModules();
    vi.stubGlobal('crypto', crypto);
    const fresh = await import('../../src/verification/web-ed25519.js');
    const accepts = await fresh.webAcceptsFor(publicKey);
    expect(await accepts(message, signature)).toBe(false);
  });
});
