/** Ours: the engine port over libsignal, with records in a map. */
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import type {
  EncryptedMessage,
  EngineStep,
  EngineView,
  OurDevice,
  SessionBundle,
} from '../../../sdk/src/ports/index.js';
import { deviceAddress, type DeviceAddress } from '@sotto/sdk/wire';
import { accountUuid, batchIds, type BenchDevice } from './device.js';

const engine = libsignalEngine();
const now = Date.now();

const addresses = new Map<number, DeviceAddress>();

function addressOf(account: number): DeviceAddress {
  const known = addresses.get(account);
  if (known) return known;
  const address = deviceAddress.parse({ accountId: accountUuid(account), deviceId: 1 });
  addresses.set(account, address);
  return address;
}

/** See `BenchDevice`. */
export class PortDevice implements BenchDevice {
  readonly #records = new Map<string, Uint8Array>();
  readonly #view: EngineView = { get: async (keys) => keys.map((key) => this.#records.get(key)) };
  readonly #pins = new Map<number, Uint8Array>();
  #nextId = 1;

  private constructor(
    readonly account: number,
    readonly our: OurDevice,
  ) {}

  static async create(this: void, account: number): Promise<PortDevice> {
    const identity = await engine.generateIdentity();
    return new PortDevice(account, { address: addressOf(account), identity, registrationId: account });
  }

  #commit<Result>({ result, changes }: EngineStep<Result>): Result {
    for (const { key, value } of changes) {
      if (value === undefined) this.#records.delete(key);
      else this.#records.set(key, value);
    }
    return result;
  }

  #input(theirAccount: number) {
    const pin = this.#pins.get(theirAccount);
    const input = { our: this.our, their: addressOf(theirAccount), now };
    return pin ? { ...input, pinnedIdentityKey: pin } : input;
  }

  async issueBundle(): Promise<SessionBundle> {
    const id = this.#nextId++;
    const made = this.#commit(
      await engine.generatePreKeys({
        our: this.our,
        signedId: 1_000_000 + id,
        oneTimeIds: [id],
        kemOneTimeIds: [id],
        now,
      }),
    );
    const [oneTimePreKey, kemPreKey] = [made.oneTime[0], made.kemOneTime[0]];
    if (!made.signed || !oneTimePreKey || !kemPreKey) throw new Error('keys were not made');
    const { publicKey: identityKey } = this.our.identity;
    return { identityKey, registrationId: this.account, signedPreKey: made.signed, oneTimePreKey, kemPreKey };
  }

  async startSession(theirAccount: number, bundle: unknown): Promise<void> {
    const input = { ...this.#input(theirAccount), bundle: bundle as SessionBundle };
    this.#commit(await engine.startSession(this.#view, input));
    this.#pins.set(theirAccount, input.bundle.identityKey);
  }

  async encrypt(theirAccount: number, plaintext: Uint8Array): Promise<EncryptedMessage> {
    return this.#commit(await engine.encrypt(this.#view, { ...this.#input(theirAccount), plaintext }));
  }

  async decrypt(theirAccount: number, message: unknown): Promise<Uint8Array> {
    const { kind, ciphertext } = message as EncryptedMessage;
    const result = this.#commit(
      await engine.decrypt(this.#view, { ...this.#input(theirAccount), kind, ciphertext }),
    );
    this.#pins.set(theirAccount, result.identityKey);
    return result.plaintext;
  }

  forgetSessions(): void {
    for (const key of [...this.#records.keys()]) if (key.startsWith('session/')) this.#records.delete(key);
    this.#pins.clear();
  }

  async makePreKeys(): Promise<void> {
    await engine.generatePreKeys({
      our: this.our,
      signedId: 1,
      oneTimeIds: batchIds,
      kemOneTimeIds: [1],
      now,
    });
  }
}
