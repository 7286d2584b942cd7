/**
 * Sessions between this device and others: the engine's steps inside a unit of work. A state that was rolled
 * back or copied leaves all of its sessions: what is under way in them can still be read, and nothing is ever
 * encrypted in them again, whatever arrives. Knows the engine's records by their space only, and neither
 * contacts nor content.
 */
import * as z from 'zod/mini';
import { ourDevice, type OwnAccount } from '../account/index.js';
import { isSottoError } from '../errors.js';
import type { Host } from '../host.js';
import type {
  DecryptedMessage,
  DecryptionWork,
  EncryptedMessage,
  ProtocolEngine,
  SessionBundle,
} from '../ports/engine.js';
import type { EngineStep, EngineView } from '../ports/engine-steps.js';
import type { PreKeyService } from '../prekeys/index.js';
import {
  defineRecord,
  engineView,
  sessionsPrefix,
  stageEngineChanges,
  type SessionEpoch,
  type Unit,
} from '../unit/index.js';
import type { DeviceAddress, Envelope } from '../wire/index.js';

const epochKey = 'session-epoch';
/** Absent until sessions are left for the first time. */
const epochRecord = defineRecord(1, z.int().check(z.minimum(1)));

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
    const view = engineView(unit, await epochOf(unit));
    const state = await this.#engine.sessionState(view, address, this.#host.clock.now());
    return state.usable && state.registrationId === registrationId;
  }

  /** Starts a session from a bundle. @throws SottoError `invalid-bundle`, `identity-changed` */
  async start(unit: Unit, own: OwnAccount, device: PinnedDevice, bundle: SessionBundle): Promise<void> {
    const input = { ...this.#input(own, device), bundle };
    await this.#step(unit, await epochOf(unit), (view) => this.#engine.startSession(view, input));
  }

  /** Encrypts for one device. @throws SottoError `no-session`, `identity-changed` */
  async encrypt(
    unit: Unit,
    own: OwnAccount,
    device: PinnedDevice,
    plaintext: Uint8Array,
  ): Promise<EncryptedMessage> {
    const input = { ...this.#input(own, device), plaintext };
    return this.#step(unit, await epochOf(unit), (view) => this.#engine.encrypt(view, input));
  }

  /** Decrypts an envelope. @throws as the engine's `decrypt` */
  async decrypt(
    unit: Unit,
    own: OwnAccount,
    envelope: Pick<Envelope, 'sender' | 'kind' | 'ciphertext'>,
    pinnedIdentityKey: Uint8Array | undefined,
    work: DecryptionWork,
  ): Promise<DecryptedMessage> {
    const { sender: address, kind, ciphertext } = envelope;
    const device = { address, ...(pinnedIdentityKey && { identityKey: pinnedIdentityKey }) };
    const input = { ...this.#input(own, device), kind, ciphertext, work };
    const decrypt = (view: EngineView) => this.#engine.decrypt(view, input);
    const epoch = await epochOf(unit);
    const result = await this.#step(unit, epoch, decrypt).catch((error: unknown) => {
      if (epoch === 0 || !isOfAnotherSession(error)) throw error;
      return this.#step(unit, epoch - 1, decrypt);
    });
    await this.#preKeys.noteUsed(unit, result.usedPreKeys);
    return result;
  }

  /** Puts the current session aside; the next send starts a new one. */
  async archive(unit: Unit, address: DeviceAddress): Promise<void> {
    await this.#step(unit, await epochOf(unit), (view) => this.#engine.archiveSession(view, address));
  }

  /** Forgets all sessions with a device. */
  async remove(unit: Unit, address: DeviceAddress): Promise<void> {
    const epoch = await epochOf(unit);
    for (const one of epoch === 0 ? [0] : [epoch, epoch - 1]) {
      await this.#step(unit, one, (view) => this.#engine.removeSession(view, address));
    }
  }

  /**
   * Leaves all sessions, with everybody: none of them encrypts again, also not when a message in one arrives,
   * which makes an archived session current. What was left the time before is forgotten.
   */
  async leaveAll(unit: Unit): Promise<void> {
    const epoch = await epochOf(unit);
    if (epoch > 0) {
      for (const { key } of await unit.list(sessionsPrefix(epoch - 1))) unit.delete(key);
    }
    unit.write(epochKey, epochRecord, epoch + 1);
  }

  async #step<Result>(
    unit: Unit,
    epoch: SessionEpoch,
    step: (view: EngineView) => Promise<EngineStep<Result>>,
  ): Promise<Result> {
    const { result, changes } = await step(engineView(unit, epoch));
    stageEngineChanges(unit, changes, epoch);
    return result;
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

async function epochOf(unit: Unit): Promise<SessionEpoch> {
  return (await unit.read(epochKey, epochRecord)) ?? 0;
}

/** Whether the sessions that were left may have the message's. */
function isOfAnotherSession(error: unknown): boolean {
  return (
    isSottoError(error, 'no-session') ||
    isSottoError(error, 'invalid-message') ||
    isSottoError(error, 'pre-key-missing')
  );
}
