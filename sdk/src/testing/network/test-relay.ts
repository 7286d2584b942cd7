/** The relay of a test network, as a test sees it: what it holds, and what can happen to it. */
import type {
  AccountStatement,
  DeviceAddress,
  DeviceManifest,
  Envelope,
  PreKeyStatus,
  SocketGoodbye,
  Username,
} from '../../wire/index.js';
import type { RelayDevice } from './relay/accounts.js';
import type { RelayCore } from './relay/relay-core.js';
import type { RelayTamper } from './tamper.js';

/** What the relay holds of an account. */
export interface TestRelayAccount {
  readonly statement: AccountStatement;
  readonly manifest: DeviceManifest;
  /** All 16 characters, without separators. */
  readonly contactCode: string;
}

/** See {@link createTestNetwork}. */
export class TestRelay {
  readonly #core: RelayCore;

  /** @internal Made by `createTestNetwork`. */
  constructor(core: RelayCore) {
    this.#core = core;
  }

  /** The hooks of a hostile or unlucky relay. Assign an object, or single members; `{}` is honest. */
  get tamper(): RelayTamper {
    return this.#core.tamper;
  }

  set tamper(tamper: RelayTamper) {
    this.#core.tamper = tamper;
  }

  /** What it calls itself. */
  get relayId(): string {
    return this.#core.relayId;
  }

  /** The devices with a live stream. */
  connected(): readonly DeviceAddress[] {
    return this.#core.gateway.connected();
  }

  /** Cuts the stream of a device, or of all, without a word. They come back by themselves. */
  cut(device?: DeviceAddress): void {
    this.#core.gateway.cut((stream) => device === undefined || sameDevice(stream.device.address, device));
  }

  /** Says goodbye to a device and ends its stream. */
  dismiss(device: DeviceAddress, reason: SocketGoodbye['reason']): void {
    this.#core.gateway.dismiss(device, reason);
  }

  /** Forgets every access token: each device has to refresh. Streams stay. */
  expireAccessTokens(): void {
    this.#core.tokens.expireAccessTokens();
  }

  /** Ends every token of a device, refresh tokens included: it has to log in again. Its stream stays. */
  revokeTokens(device: DeviceAddress): void {
    this.#core.tokens.revokeDevices((address) => sameDevice(address, device));
  }

  /** What it holds of an account, or nothing. */
  account(username: string): TestRelayAccount | undefined {
    const account = this.#core.accounts.findByName(username as Username);
    if (!account) return undefined;
    const { statement, manifest, contactCode } = account;
    return { statement, manifest, contactCode };
  }

  /** The envelopes that wait for a device: sent, and not acknowledged. */
  waiting(device: DeviceAddress): readonly Envelope[] {
    return this.#device(device).mailbox.all();
  }

  /** How many pre-keys it holds of a device. */
  preKeyStatus(device: DeviceAddress): PreKeyStatus {
    return this.#device(device).preKeys.status();
  }

  /**
   * Puts the next manifest of an account in force, as linking or revoking a device would. New devices
   * can then log in; those that went are signed out.
   * @throws Error `signature-refused` when it does not follow the one before
   */
  replaceManifest(manifest: DeviceManifest): void {
    for (const { address } of this.#core.accounts.replaceManifest(manifest)) {
      this.#core.tokens.revokeDevices((other) => sameDevice(other, address));
      this.#core.gateway.dismiss(address, 'signed-out');
    }
  }

  /**
   * Forgets that an account ever was, which no honest relay does: somebody else can then register under
   * its name and id. Its devices are signed out.
   */
  forget(username: string): void {
    const account = this.#core.accounts.findByName(username as Username);
    if (!account) throw new TypeError('the relay knows no such account');
    this.#core.accounts.forget(account);
    this.#core.sends.forget(account.accountId);
    this.#core.tokens.revokeDevices(({ accountId }) => accountId === account.accountId);
    for (const { address } of account.devices.values()) this.#core.gateway.dismiss(address, 'signed-out');
  }

  #device(address: DeviceAddress): RelayDevice {
    const device = this.#core.accounts.findDevice(address);
    if (!device) throw new TypeError('the relay knows no such device');
    return device;
  }
}

function sameDevice(left: DeviceAddress, right: DeviceAddress): boolean {
  return left.accountId === right.accountId && left.deviceId === right.deviceId;
}
