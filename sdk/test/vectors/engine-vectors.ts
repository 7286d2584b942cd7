/**
 * The vectors that go through the engine port: safety numbers, group messages, sealed messages and decryption
 * errors. Runs in Node and in browsers alike.
 */
import { expect, it } from 'vitest';
import type { EngineStep, FingerprintInput, OurDevice, ProtocolEngine } from '../../src/ports/index.js';
import { Secret } from '../../src/secret.js';
import type { DeviceAddress } from '../../src/wire/index.js';
import { readVectors } from './vector-files.js';

interface GroupInput {
  readonly sender: DeviceAddress;
  readonly distributions: readonly Uint8Array[];
  readonly earlier: readonly Uint8Array[];
  readonly message: Uint8Array;
}

interface UnsealInput {
  readonly our: DeviceAddress & { readonly identityKey: Uint8Array; readonly privateKey: Uint8Array };
  readonly trustRoots: readonly Uint8Array[];
  readonly now: number;
  readonly sealed: Uint8Array;
}

/** Runs steps one after the other on records of their own. */
function recordsOf() {
  const records = new Map<string, Uint8Array>();
  const view = { get: async (keys: readonly string[]) => keys.map((key) => records.get(key)) };
  const apply = <Result>({ result, changes }: EngineStep<Result>): Result => {
    for (const { key, value } of changes) {
      if (value) records.set(key, value);
      else records.delete(key);
    }
    return result;
  };
  return { view, apply };
}

async function decryptGroupMessage(engine: ProtocolEngine, input: GroupInput): Promise<object> {
  const { sender, distributions, earlier, message } = input;
  const { view, apply } = recordsOf();
  for (const distribution of distributions) {
    apply(await engine.processSenderKeyDistribution(view, { sender, distribution }));
  }
  for (const ciphertext of earlier) apply(await engine.decryptFromGroup(view, { sender, ciphertext }));
  const step = await engine.decryptFromGroup(view, { sender, ciphertext: message });
  return { plaintext: plain(step.result.plaintext) };
}

async function unseal(engine: ProtocolEngine, input: UnsealInput): Promise<object> {
  const { our, ...rest } = input;
  const { accountId, deviceId, identityKey, privateKey } = our;
  const identity = { publicKey: identityKey, privateKey: new Secret(privateKey) };
  const device: OurDevice = { address: { accountId, deviceId }, identity, registrationId: 1 };
  const { sender, content } = await engine.unseal({ our: device, ...rest });
  return plainly({ ...sender, ...content });
}

/** Engines give Buffers or other arrays; here only their bytes count. */
function plain(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}

function plainly(values: object): object {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof Uint8Array ? plain(value) : value,
    ]),
  );
}

async function expectOutcome(outcome: Promise<object>, test: { output?: object; failure?: string }) {
  if (test.failure) await expect(outcome).rejects.toMatchObject({ code: test.failure });
  else expect(await outcome).toEqual(test.output);
}

/** Declares a test for each vector. */
export function declareEngineVectors(engine: ProtocolEngine): void {
  it.each(readVectors('fingerprint.json').tests)('safety number $id', async ({ input, output }) => {
    expect(await engine.fingerprint(input as unknown as FingerprintInput)).toEqual(output);
  });

  it.each(readVectors('sender-keys.json').tests)('group message $id', async ({ input, ...test }) => {
    await expectOutcome(decryptGroupMessage(engine, input as unknown as GroupInput), test);
  });

  it.each(readVectors('sealed-sender.json').tests)('sealed message $id', async ({ input, ...test }) => {
    await expectOutcome(unseal(engine, input as unknown as UnsealInput), test);
  });

  it.each(readVectors('decryption-errors.json').tests)('lost $id', async ({ input, ...test }) => {
    const lost = input as unknown as Parameters<ProtocolEngine['createDecryptionError']>[0];
    const made = engine.createDecryptionError(lost);
    await expectOutcome(
      made.then((plaintextContent) => ({ plaintextContent: plain(plaintextContent) })),
      test,
    );
  });
}
