/**
 * Sessions between this device and others: the engine's steps inside a unit of work. Knows the
 * engine's records by their space only, and neither contacts nor content.
 */
import { ourDevice, type OwnAccount } from '../account/index.js';
import type { Host } from '../host.js';
import type { DecryptedMessage, EncryptedMessage, ProtocolEngine, SessionBundle } from '../ports/engine.js';
import type { PreKeyService } from '../prekeys/index.js';
import { engineView, stageEngineChanges, type Unit } from '../unit/index.js';
import type { DeviceAddress, Envelope } from '../wire/index.js';

/** Another device and the key its account is pinned to. */
export interface PinnedDevice {
  readonly address: DeviceAddress;
  /** 33 bytes; absent at first contact. */
  readonly identityKey?: Uint8Array;
}

/** See the header. */
export class SessionService {
  readonly #engine: ProtocolEngine;
  readonly #preKeys: PreKeyService;
  readonly #host: Host;

  constructor(parts: { engine: ProtocolEngine; preKeys: PreKeyService; host: Host }) {
    this.#engine = parts.engine;
    this.#preKeys = parts.preKeys;
    this.#host = parts.host;
  }

  /** Whether a message can be encrypted for a device with this registration id right now. */
  async isUsable(unit: Unit, address: DeviceAddress, registrationId: number): Promise<boolean> {
    const state = await this.#engine.sessionState(engineView(unit), address, this.#host.clock.now());
    return state.usable && state.registrationId === registrationId;
  }

  /** Starts a session from a bundle. @throws SottoError `invalid-bundle`, `identity-changed` */
  async start(unit: Unit, own: OwnAccount, device: PinnedDevice, bundle: SessionBundle): Promise<void> {
    const step = await this.#engine.startSession(engineView(unit), { ...this.#input(own, device), bundle });
    stageEngineChanges(unit, step.changes);
  }

  /** Encrypts for one device. @throws SottoError `no-session`, `identity-changed` */
  async encrypt(
    unit: Unit,
    own: OwnAccount,
    device: PinnedDevice,
    plaintext: Uint8Array,
  ): Promise<EncryptedMessage> {
    const step = await this.#engine.encrypt(engineView(unit), { ...this.#input(own, device), plaintext });
    stageEngineChanges(unit, step.changes);
    return step.result;
  }

  /** Decrypts an envelope. @throws as the engine's `decrypt` */
  async decrypt(
    unit: Unit,
    own: OwnAccount,
    envelope: Pick<Envelope, 'sender' | 'kind' | 'ciphertext'>,
    pinnedIdentityKey: Uint8Array | undefined,
  ): Promise<DecryptedMessage> {
    const { sender: address, kind, ciphertext } = envelope;
    const device = { address, ...(pinnedIdentityKey && { identityKey: pinnedIdentityKey }) };
    const input = { ...this.#input(own, device), kind, ciphertext };
    const step = await this.#engine.decrypt(engineView(unit), input);
    stageEngineChanges(unit, step.changes);
    await this.#preKeys.noteUsed(unit, step.result.usedPreKeys);
    return step.result;
  }

  /** Puts the current session aside; the next send starts a new one. */
  async archive(unit: Unit, address: DeviceAddress): Promise<void> {
    const step = await this.#engine.archiveSession(engineView(unit), address);
    stageEngineChanges(unit, step.changes);
  }

  /** Forgets all sessions with a device. */
  async remove(unit: Unit, address: DeviceAddress): Promise<void> {
    stageEngineChanges(unit, (await this.#engine.removeSession(engineView(unit), address)).changes);
  }

  #input(own: OwnAccount, { address, identityKey }: PinnedDevice) {
    return {
      our: ourDevice(own),
      their: address,
      now: this.#host.clock.now(),
      ...(identityKey && { pinnedIdentityKey: identityKey }),
    };
  }
}
