import { describe, expect, it } from 'vitest';
import { engineOver } from '../../../src/engines/portable/engine.js';
import { portableEngine } from '../../../src/engines/portable/index.js';
import { noblePrimitives } from '../../../src/engines/portable/primitives/noble.js';
import type { Primitives } from '../../../src/engines/portable/primitives/primitives.js';
import { Secret } from '../../../src/secret.js';
import { startTime, testAddress, TestDevice } from '../../../src/testing/engine-conformance-kit.js';
import { seededRandom } from '../../../src/testing/index.js';

/** Primitives as a platform has them, where everything takes a while, and how often they were asked. */
class SlowPrimitives implements Primitives {
  readonly #fast = noblePrimitives(seededRandom('slow'));
  readonly random = this.#fast.random;
  readonly edwardsBase = this.#fast.edwardsBase;
  readonly ciphers = this.#fast.ciphers;
  readonly sha512 = this.#fast.sha512;
  readonly keccak = this.#fast.keccak;
  agreements = 0;
  keyPairs = 0;

  readonly curve: Primitives['curve'] = {
    agree: async (...keys) => {
      this.agreements += 1;
      return this.#fast.curve.agree(...keys);
    },
    generateKeyPair: async () => {
      this.keyPairs += 1;
      return this.#fast.curve.generateKeyPair();
    },
    publicKeyOf: async (key) => {
      this.keyPairs += 1;
      return this.#fast.curve.publicKeyOf(key);
    },
  };

  readonly kyber1024: Primitives['kyber1024'] = {
    generateKeyPair: async () => this.#fast.kyber1024.generateKeyPair(),
    encapsulate: async (key) => this.#fast.kyber1024.encapsulate(key),
    decapsulate: async (key, ciphertext) => this.#fast.kyber1024.decapsulate(key, ciphertext),
  };

  /** What a step costs. */
  async costOf(step: () => Promise<unknown>): Promise<{ agreements: number; keyPairs: number }> {
    const [agreements, keyPairs] = [this.agreements, this.keyPairs];
    await step();
    return { agreements: this.agreements - agreements, keyPairs: this.keyPairs - keyPairs };
  }
}

describe('the portable engine', () => {
  it('works over primitives that answer later, and asks for no more than it needs', async () => {
    const ours = new SlowPrimitives();
    const alice = await TestDevice.create(portableEngine(), 1);
    const bob = await TestDevice.create(engineOver(ours), 2);
    await alice.startSession(bob, { ec: 11, kem: 21 });
    const first = await alice.encrypt(bob, 'first');
    // The check of the base key, four of the handshake and a step of the ratchet, whose other half is asked for
    // with it.
    expect(await ours.costOf(() => bob.decrypt(alice, first))).toEqual({ agreements: 7, keyPairs: 1 });
    const answer = () => bob.encrypt(alice, 'x');
    expect(await ours.costOf(answer)).toEqual({ agreements: 0, keyPairs: 0 });
    await alice.decrypt(bob, await answer());
    const turn = await alice.encrypt(bob, 'turns the ratchet');
    expect(await ours.costOf(() => bob.decrypt(alice, turn))).toEqual({ agreements: 2, keyPairs: 1 });
    const next = await alice.encrypt(bob, 'next in the chain');
    expect(await ours.costOf(() => bob.decrypt(alice, next))).toEqual({ agreements: 0, keyPairs: 0 });
    const start = () => bob.startSession(alice, { ec: 11, kem: 21 });
    expect(await ours.costOf(start)).toEqual({ agreements: 5, keyPairs: 2 });
  });

  it('calls what only a defect of the caller’s can be a TypeError', async () => {
    const alice = await TestDevice.create(portableEngine(), 1);
    const { engine, view, our } = alice;
    const input = alice.input(testAddress(2, 1));
    const text = 'text' as unknown as Uint8Array;
    for (const deviceId of [0, 128, 1.5, NaN]) {
      const their = { ...input.their, deviceId: deviceId as typeof input.their.deviceId };
      await expect(engine.sessionState(view, their, startTime)).rejects.toThrow(TypeError);
      await expect(engine.removeSession(view, their)).rejects.toThrow(TypeError);
    }
    await expect(engine.encrypt(view, { ...input, plaintext: text })).rejects.toThrow(TypeError);
    await expect(engine.decrypt(view, { ...input, kind: 'message', ciphertext: text })).rejects.toThrow(
      TypeError,
    );
    for (const id of [-1, 1.5, 2 ** 32]) {
      const keys = { our, oneTimeIds: [id], kemOneTimeIds: [], now: startTime };
      await expect(engine.generatePreKeys(keys)).rejects.toThrow(TypeError);
    }
    for (const now of [-1, 0.5, NaN]) {
      const keys = { our, oneTimeIds: [], kemOneTimeIds: [], now };
      await expect(engine.generatePreKeys(keys)).rejects.toThrow(TypeError);
      const late = { ...input, now };
      const bytes = new Uint8Array(100);
      await expect(engine.sessionState(view, input.their, now)).rejects.toThrow(TypeError);
      await expect(engine.encrypt(view, { ...late, plaintext: bytes })).rejects.toThrow(TypeError);
      await expect(engine.decrypt(view, { ...late, kind: 'message', ciphertext: bytes })).rejects.toThrow(
        TypeError,
      );
    }
  });

  it('refuses an identity key pair that is none', async () => {
    const [alice, bob] = [
      await TestDevice.create(portableEngine(), 1),
      await TestDevice.create(portableEngine(), 2),
    ];
    const { identity } = alice.our;
    const broken = [
      { ...identity, publicKey: new Uint8Array(33) },
      { ...identity, publicKey: Uint8Array.of(...identity.publicKey, 0) },
      { ...identity, privateKey: new Secret(new Uint8Array(31)) },
    ];
    for (const key of broken) {
      const input = { ...alice.input(bob.address), our: { ...alice.our, identity: key } };
      const start = alice.engine.startSession(alice.view, { ...input, bundle: bob.bundle() });
      await expect(start).rejects.toMatchObject({ code: 'invalid-key' });
    }
  });

  it('draws nothing but from the randomness it is given', async () => {
    const life = async (): Promise<string> => {
      const [alice, bob] = [
        await TestDevice.create(portableEngine({ random: seededRandom('alice') }), 1),
        await TestDevice.create(portableEngine({ random: seededRandom('bob') }), 2),
      ];
      await alice.startSession(bob, { ec: 11, kem: 21 });
      await bob.decrypt(alice, await alice.encrypt(bob, 'first'));
      await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
      return JSON.stringify([...alice.records, ...bob.records].map(([key, value]) => [key, [...value]]));
    };
    expect(await life()).toBe(await life());
  });
});
