/**
 * What the cases of the engine suite share: devices that keep an engine's records in a map,
 * test addresses and a few shorthands. Knows no particular engine.
 */
import { equalBytes, utf8 } from '../bytes.js';
import { SottoError, type SottoErrorCode } from '../errors.js';
import type {
  DecryptedMessage,
  EncryptedMessage,
  EngineStep,
  EngineView,
  GeneratedPreKeys,
  OurDevice,
  ProtocolEngine,
  SessionBundle,
  SessionInput,
} from '../ports/index.js';
import { deviceAddress, type DeviceAddress } from '../wire/index.js';
import { assert, assertEqual, assertRejects, thrownBy } from './assert.js';

/** An arbitrary moment; cases add to it. */
export const startTime = 1_800_000_000_000;

/** Codes a message may be refused with, whatever was done to it on the way. */
export const hostileMessageCodes: readonly SottoErrorCode[] = [
  'invalid-message',
  'duplicate-message',
  'no-session',
  'pre-key-missing',
  'pre-key-replayed',
  'identity-changed',
];

/** Two engines that talk: the one that starts a session and the one that answers. */
export interface EnginePair {
  readonly name: string;
  readonly initiator: () => ProtocolEngine | Promise<ProtocolEngine>;
  readonly recipient: () => ProtocolEngine | Promise<ProtocolEngine>;
}

/** A message on its way. */
export interface Sent extends EncryptedMessage {
  readonly plaintext: Uint8Array;
}

/** Records and what they were, to show that nothing touched them. */
export class RecordSnapshot {
  readonly #records: Map<string, Uint8Array>;
  readonly #before: Map<string, Uint8Array>;

  constructor(records: Map<string, Uint8Array>) {
    this.#records = records;
    this.#before = new Map([...records].map(([key, value]) => [key, value.slice()]));
  }

  /** @throws Error when a record was added, removed or changed */
  assertUntouched(message: string): void {
    assertEqual([...this.#records.keys()], [...this.#before.keys()], `${message}: record keys`);
    for (const [key, value] of this.#before) {
      const now = this.#records.get(key);
      assert(now && equalBytes(now, value), `${message}: record ${key} was changed`);
    }
  }
}

/** A device with an engine and its records. The view gives out the stored arrays themselves, so that a write to one shows. */
export class TestDevice {
  readonly records = new Map<string, Uint8Array>();
  now = startTime;

  private constructor(
    readonly engine: ProtocolEngine,
    readonly our: OurDevice,
    public preKeys: GeneratedPreKeys,
  ) {}

  /** A device of account number `account` (0–9), with pre-keys of every kind. */
  static async create(
    engine: ProtocolEngine,
    account: number,
    deviceId = 1,
    identity?: OurDevice['identity'],
  ): Promise<TestDevice> {
    const address = testAddress(account, deviceId);
    const our = {
      address,
      identity: identity ?? (await engine.generateIdentity()),
      registrationId: 1000 + account * 128 + deviceId,
    };
    const device = new TestDevice(engine, our, { oneTime: [], kemOneTime: [] });
    device.preKeys = device.apply(
      await engine.generatePreKeys({
        our,
        signedId: 1,
        kemLastResortId: 0xffffffff,
        oneTimeIds: [11, 12, 13],
        kemOneTimeIds: [21, 22, 23],
        now: startTime,
      }),
    );
    return device;
  }

  readonly view: EngineView = { get: async (keys) => keys.map((key) => this.records.get(key)) };

  get address(): DeviceAddress {
    return this.our.address;
  }

  /** Commits a step. */
  apply<Result>(step: EngineStep<Result>): Result {
    for (const { key, value } of step.changes) {
      assert(/^[A-Za-z0-9._~:-]+(\/[A-Za-z0-9._~:-]+)*$/.test(key), `the storage port takes no key ${key}`);
      if (value === undefined) this.records.delete(key);
      else this.records.set(key, value);
    }
    return step.result;
  }

  /** The input of a step with another device. */
  input(their: DeviceAddress, pinnedIdentityKey?: Uint8Array): SessionInput {
    return { our: this.our, their, now: this.now, ...(pinnedIdentityKey ? { pinnedIdentityKey } : {}) };
  }

  /** A bundle of this device, with the one-time keys asked for. */
  bundle(oneTime: { readonly ec?: number; readonly kem?: number } = {}): SessionBundle {
    const { signed, kemLastResort } = this.preKeys;
    assert(signed && kemLastResort, 'the signed and last-resort pre-keys asked for were not made');
    const oneTimePreKey = this.preKeys.oneTime.find(({ id }) => id === oneTime.ec);
    const kemOneTime = this.preKeys.kemOneTime.find(({ id }) => id === oneTime.kem);
    return {
      identityKey: this.our.identity.publicKey,
      registrationId: this.our.registrationId,
      signedPreKey: signed,
      ...(oneTimePreKey ? { oneTimePreKey } : {}),
      kemPreKey: kemOneTime ?? kemLastResort,
    };
  }

  async startSession(
    their: TestDevice,
    oneTime: { readonly ec?: number; readonly kem?: number } = {},
  ): Promise<void> {
    const input = { ...this.input(their.address), bundle: their.bundle(oneTime) };
    this.apply(await this.engine.startSession(this.view, input));
  }

  async encrypt(their: TestDevice, plaintext: Uint8Array | string): Promise<Sent> {
    const bytes = typeof plaintext === 'string' ? utf8(plaintext) : plaintext;
    const step = await this.engine.encrypt(this.view, { ...this.input(their.address), plaintext: bytes });
    return { ...this.apply(step), plaintext: bytes };
  }

  /** Decrypts without committing. */
  tryDecrypt(
    their: TestDevice,
    message: Pick<Sent, 'kind' | 'ciphertext'>,
    pin?: Uint8Array,
  ): Promise<EngineStep<DecryptedMessage>> {
    const { kind, ciphertext } = message;
    return this.engine.decrypt(this.view, { ...this.input(their.address, pin), kind, ciphertext });
  }

  /** Decrypts, commits and compares. */
  async decrypt(their: TestDevice, message: Sent): Promise<DecryptedMessage> {
    const result = this.apply(await this.tryDecrypt(their, message));
    assertEqual(result.plaintext, message.plaintext, 'decrypted plaintext');
    assertEqual(result.identityKey, their.our.identity.publicKey, 'identity key reported by decrypt');
    return result;
  }

  /** Expects a refusal that leaves every record as it was. */
  async assertRefuses(
    their: TestDevice,
    message: Pick<Sent, 'kind' | 'ciphertext'>,
    codes: SottoErrorCode | readonly SottoErrorCode[],
    what: string,
  ): Promise<SottoErrorCode> {
    const snapshot = new RecordSnapshot(this.records);
    const code = await assertRejects(() => this.tryDecrypt(their, message), codes, what);
    snapshot.assertUntouched(what);
    return code;
  }
}

/** The address of a device of account number `account` (0–9). */
export function testAddress(account: number, deviceId: number): DeviceAddress {
  return deviceAddress.parse({ accountId: `${account}1111111-1111-4111-8111-111111111111`, deviceId });
}

/** Two devices of different accounts. */
export async function makePair(
  pair: EnginePair,
): Promise<{ readonly alice: TestDevice; readonly bob: TestDevice }> {
  const alice = await TestDevice.create(await pair.initiator(), 1);
  const bob = await TestDevice.create(await pair.recipient(), 2);
  return { alice, bob };
}

/** Two devices that have heard from each other. */
export async function makeConversation(pair: EnginePair): ReturnType<typeof makePair> {
  const devices = await makePair(pair);
  await devices.alice.startSession(devices.bob, { ec: 11, kem: 21 });
  await devices.bob.decrypt(devices.alice, await devices.alice.encrypt(devices.bob, 'first'));
  await devices.alice.decrypt(devices.bob, await devices.bob.encrypt(devices.alice, 'answer'));
  return devices;
}

/** A copy with one bit flipped. */
export function flipBit(bytes: Uint8Array, index: number, bit = 0): Uint8Array {
  const flipped = bytes.slice();
  flipped[index] = (flipped[index] as number) ^ (1 << bit);
  return flipped;
}

/** The details of a rejection with `identity-changed`. */
export async function shownIdentity(
  action: () => Promise<unknown>,
): Promise<SottoError<'identity-changed'>['details']> {
  try {
    await action();
  } catch (error) {
    if (error instanceof SottoError && error.code === 'identity-changed') {
      return (error as SottoError<'identity-changed'>).details;
    }
    throw new Error('rejected with something else than identity-changed', { cause: error });
  }
  throw new Error('a changed identity key was accepted');
}

/** Expects that a step over a view that fails passes the view's own error on. */
export async function assertShowsViewFailure(
  step: (view: EngineView) => Promise<unknown>,
  what: string,
): Promise<void> {
  const failure = new Error('the disk is gone');
  const thrown = await thrownBy(() => step({ get: () => Promise.reject(failure) }));
  assert(thrown === failure, `${what}: hides why its view failed`);
}
