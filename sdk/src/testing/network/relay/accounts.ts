/** The accounts of the test relay and their devices. Knows no tokens and no connections. */
import { scrypt as portableScrypt } from '@noble/hashes/scrypt.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes } from '../../../bytes.js';
import type { Clock } from '../../../ports/host.js';
import {
  deriveContactCode,
  manifestHash,
  matchContactCode,
  verifyManifest,
  verifyStatement,
  type KnownContinuity,
  type Scrypt,
} from '../../../verification/index.js';
import { toBase64Url } from '../../../wire/index.js';
import type {
  AccountId,
  AccountStatement,
  DeviceAddress,
  DeviceId,
  DeviceManifest,
  ManifestDevice,
  RequestOf,
  Username,
} from '../../../wire/index.js';
import { Mailbox } from './mailbox.js';
import { PreKeyShelf } from './pre-key-shelf.js';
import { Refusal, refuseAs } from './refusal.js';

/** A device as the relay knows it. */
export interface RelayDevice {
  readonly address: DeviceAddress;
  readonly registrationId: number;
  /** 32 bytes. */
  readonly authKey: Uint8Array;
  readonly preKeys: PreKeyShelf;
  readonly mailbox: Mailbox;
  /** What it has shown of its state; absent before the first time. */
  continuity: KnownContinuity | undefined;
  /** When it last asked for something. */
  seenAt: number;
}

/** An account as the relay knows it. */
export interface RelayAccount {
  readonly accountId: AccountId;
  readonly username: Username;
  statement: AccountStatement;
  manifest: DeviceManifest;
  /** All 16 characters. */
  contactCode: string;
  /** A reset that was asked for. */
  reset?: { readonly requestedAt: number; readonly completesAt: number; objected: boolean };
  /** A plain SHA-256, which would be far too weak outside of tests. */
  readonly loginKeyHash: Uint8Array;
  readonly devices: Map<DeviceId, RelayDevice>;
}

const dayMs = 24 * 60 * 60_000;
const resetUnusedMs = 7 * dayMs;
const resetObjectionMs = dayMs;
const resetValidMs = 7 * dayMs;

/**
 * The scrypt that does not yield: how often the asynchronous one does depends on real time, and a
 * simulation would not repeat.
 */
const repeatableScrypt: Scrypt = async (password, salt, parameters) =>
  portableScrypt(password, salt, parameters);

/** A device that another took the place of. */
export interface RetiredDevice {
  readonly address: DeviceAddress;
  readonly registrationId: number;
  /** 32 bytes. */
  readonly authKey: Uint8Array;
}

/** See the header. */
export class Accounts {
  readonly #clock: Clock;
  readonly #scrypt: Scrypt;
  readonly #byId = new Map<AccountId, RelayAccount>();
  // Names and ids stay taken after an account is deleted.
  readonly #idByUsername = new Map<Username, AccountId>();
  readonly #takenIds = new Set<AccountId>();
  readonly #retired: RetiredDevice[] = [];

  constructor(clock: Clock, scrypt: Scrypt = repeatableScrypt) {
    this.#clock = clock;
    this.#scrypt = scrypt;
  }

  /**
   * @returns the registering device; the same again for the same request, whose answer may have been
   * lost, until the device has uploaded keys: from then on the way in is a login
   */
  async register(request: RequestOf<'accounts.register'>): Promise<RelayDevice> {
    const { statement, manifest } = request;
    const { accountId, username, identityKey } = statement;
    refuseAs('signature-refused', () => {
      verifyStatement(statement);
      verifyManifest(manifest, { identityKey, accountId });
    });
    const [first] = manifest.devices;
    if (manifest.version !== 1 || manifest.devices.length !== 1 || !first)
      throw new Refusal('signature-refused');
    const loginKeyHash = sha256(request.loginKey);
    const contactCode = await deriveContactCode({ identityKey, username }, this.#scrypt);
    const existing = this.#byId.get(accountId);
    const account: RelayAccount = {
      accountId,
      username,
      statement,
      manifest,
      contactCode,
      loginKeyHash,
      devices: new Map(),
    };
    if (existing && !hasKeys(existing) && sameRegistration(existing, account))
      return this.requireDevice(accountId, first.deviceId);
    this.#add(account);
    return this.#addDevice(account, first);
  }

  find(accountId: AccountId): RelayAccount | undefined {
    return this.#byId.get(accountId);
  }

  findByName(username: Username): RelayAccount | undefined {
    const accountId = this.#idByUsername.get(username);
    return accountId && this.#byId.get(accountId);
  }

  findDevice({ accountId, deviceId }: DeviceAddress): RelayDevice | undefined {
    return this.#byId.get(accountId)?.devices.get(deviceId);
  }

  /** The account behind a name and a code, of which the first 8, 12 or 16 characters are enough. */
  resolve(username: Username, digits: string): RelayAccount {
    const account = this.findByName(username);
    if (!account) throw new Refusal('not-found');
    refuseAs('not-found', () => {
      matchContactCode(account.contactCode, digits);
    });
    return account;
  }

  /** The device a login is for. What does not fit is not said. */
  login(username: Username, loginKey: Uint8Array, deviceId: DeviceId): RelayDevice | RetiredDevice {
    const account = this.findByName(username);
    const device =
      account?.devices.get(deviceId) ??
      (account && this.findRetired({ accountId: account.accountId, deviceId }));
    if (!account || !device || !equalBytes(sha256(loginKey), account.loginKeyHash)) {
      throw new Refusal('login-refused');
    }
    return device;
  }

  /**
   * Puts the next manifest of an account in force: devices come and go with it.
   * @returns the devices that went
   */
  replaceManifest(manifest: DeviceManifest): RelayDevice[] {
    const account = this.#byId.get(manifest.accountId);
    if (!account) throw new Refusal('not-found');
    const { identityKey } = account.statement;
    const previous = { version: account.manifest.version, hash: manifestHash(account.manifest) };
    refuseAs('signature-refused', () => {
      verifyManifest(manifest, { identityKey, accountId: account.accountId, previous });
    });
    account.manifest = manifest;
    const gone = [...account.devices.values()].filter((device) => !lists(manifest, device));
    for (const device of gone) account.devices.delete(device.address.deviceId);
    for (const listed of manifest.devices) {
      if (!account.devices.has(listed.deviceId)) this.#addDevice(account, listed);
    }
    return gone;
  }

  /**
   * Puts a new device in the place of another, with what waits for that one.
   * @returns the new device, and the one that went; none where the very same was done before
   */
  replaceDevice(request: RequestOf<'accounts.replace-device'>): {
    readonly device: RelayDevice;
    readonly gone: DeviceAddress | undefined;
  } {
    const { manifest, replaces, deviceId } = request;
    const account = this.#byId.get(manifest.accountId);
    if (!account) throw new Refusal('proof-refused');
    const { accountId, statement } = account;
    refuseAs('signature-refused', () => {
      verifyManifest(manifest, { identityKey: statement.identityKey, accountId });
    });
    if (equalBytes(manifestHash(manifest), manifestHash(account.manifest))) {
      if (!account.devices.has(deviceId)) throw new Refusal('manifest-conflict');
      return { device: this.requireDevice(accountId, deviceId), gone: undefined };
    }
    const listed = exchanged(account, request);
    const old = account.devices.get(replaces);
    if (!listed || !old) throw new Refusal('manifest-conflict');
    if (this.#rests(accountId, listed)) throw new Refusal('device-id-taken');
    account.manifest = manifest;
    account.devices.delete(replaces);
    this.#retired.push(old);
    return { device: this.#addDevice(account, listed, old.mailbox), gone: old.address };
  }

  /** The account that a password opens. */
  passed(username: Username, loginKey: Uint8Array): RelayAccount {
    const account = this.findByName(username);
    if (!account || !equalBytes(sha256(loginKey), account.loginKeyHash)) throw new Refusal('login-refused');
    return account;
  }

  /** Asks for a reset, or how one stands. @returns how long to wait */
  askForReset(account: RelayAccount): number {
    const now = this.#clock.now();
    const { reset } = account;
    const isOver = !reset || reset.completesAt < (reset.objected ? now : now - resetValidMs);
    if (isOver) {
      const inUse = [...account.devices.values()].some(({ seenAt }) => now - seenAt < resetUnusedMs);
      account.reset = {
        requestedAt: now,
        completesAt: now + (inUse ? resetObjectionMs : 0),
        objected: false,
      };
    }
    if (account.reset?.objected) throw new Refusal('reset-objected');
    return Math.max((account.reset?.completesAt ?? now) - now, 0);
  }

  /** Puts a new identity in force. @returns the new device, and those that went */
  async completeReset(
    account: RelayAccount,
    { statement, manifest }: RequestOf<'reset.complete'>,
  ): Promise<{ readonly device: RelayDevice; readonly gone: readonly DeviceAddress[] }> {
    const { accountId, username } = account;
    const { identityKey } = statement;
    refuseAs('signature-refused', () => {
      verifyStatement(statement);
      verifyManifest(manifest, { identityKey, accountId });
    });
    const [listed, ...others] = manifest.devices;
    const fits =
      statement.accountId === accountId && statement.username === username && manifest.version === 1;
    if (!fits || !listed || others.length > 0) throw new Refusal('signature-refused');
    if (equalBytes(manifestHash(manifest), manifestHash(account.manifest))) {
      return { device: this.requireDevice(accountId, listed.deviceId), gone: [] };
    }
    const contactCode = await deriveContactCode({ identityKey, username }, this.#scrypt);
    const { reset } = account;
    if (reset?.objected) throw new Refusal('reset-objected');
    if (!reset || reset.completesAt > this.#clock.now()) throw new Refusal('reset-waiting');
    const gone = [...account.devices.values()];
    if (account.devices.has(listed.deviceId) || this.#rests(accountId, listed))
      throw new Refusal('device-id-taken');
    delete account.reset;
    this.#retired.push(...gone);
    account.devices.clear();
    Object.assign(account, { statement, manifest, contactCode });
    const device = this.#addDevice(account, listed, gone[0]?.mailbox);
    return { device, gone: gone.map(({ address }) => address) };
  }

  /** The device that had an address until another took its place. */
  findRetired({ accountId, deviceId }: DeviceAddress): RetiredDevice | undefined {
    return this.#retired.findLast(
      ({ address }) => address.accountId === accountId && address.deviceId === deviceId,
    );
  }

  delete(accountId: AccountId): void {
    this.#byId.delete(accountId);
  }

  /** As if it had never been: name and id can be taken again, which no honest relay allows. */
  forget({ accountId, username }: RelayAccount): void {
    this.#byId.delete(accountId);
    this.#idByUsername.delete(username);
    this.#takenIds.delete(accountId);
  }

  requireDevice(accountId: AccountId, deviceId: DeviceId): RelayDevice {
    const device = this.findDevice({ accountId, deviceId });
    if (!device) throw new Refusal('unauthorized');
    device.seenAt = this.#clock.now();
    return device;
  }

  #add(account: RelayAccount): void {
    if (this.#idByUsername.has(account.username)) throw new Refusal('username-taken');
    if (this.#takenIds.has(account.accountId)) throw new Refusal('account-id-taken');
    this.#idByUsername.set(account.username, account.accountId);
    this.#takenIds.add(account.accountId);
    this.#byId.set(account.accountId, account);
  }

  /** A test is over before a number has rested. */
  #rests(accountId: AccountId, { deviceId }: ManifestDevice): boolean {
    return this.findRetired({ accountId, deviceId }) !== undefined;
  }

  #addDevice(
    account: RelayAccount,
    { deviceId, registrationId, authKey }: ManifestDevice,
    mailbox = new Mailbox(this.#clock),
  ): RelayDevice {
    const device: RelayDevice = {
      address: { accountId: account.accountId, deviceId },
      registrationId,
      authKey,
      preKeys: new PreKeyShelf(account.statement.identityKey),
      mailbox,
      continuity: undefined,
      seenAt: this.#clock.now(),
    };
    account.devices.set(deviceId, device);
    return device;
  }
}

function sameRegistration(existing: RelayAccount, again: RelayAccount): boolean {
  return (
    existing.username === again.username &&
    equalBytes(existing.statement.identityKey, again.statement.identityKey) &&
    equalBytes(existing.loginKeyHash, again.loginKeyHash) &&
    equalBytes(manifestHash(existing.manifest), manifestHash(again.manifest))
  );
}

function hasKeys({ devices }: RelayAccount): boolean {
  return [...devices.values()].some(({ preKeys }) => preKeys.touched);
}

/** The device that comes, when the list follows the one in force by that exchange and no other. */
function exchanged(
  { manifest: current }: RelayAccount,
  { manifest: next, replaces, deviceId }: RequestOf<'accounts.replace-device'>,
): ManifestDevice | undefined {
  const follows = next.previousHash && equalBytes(next.previousHash, manifestHash(current));
  const spell = (devices: readonly ManifestDevice[], without: DeviceId) =>
    JSON.stringify(
      devices
        .filter((device) => device.deviceId !== without)
        .map((device) => [
          device.deviceId,
          device.registrationId,
          toBase64Url(device.authKey),
          device.addedDay,
        ]),
    );
  const isThere = (id: DeviceId) => current.devices.some((device) => device.deviceId === id);
  if (!follows || next.version !== current.version + 1 || !isThere(replaces) || isThere(deviceId))
    return undefined;
  if (spell(current.devices, replaces) !== spell(next.devices, deviceId)) return undefined;
  return next.devices.find((device) => device.deviceId === deviceId);
}

/** Whether a device is still the same one in a manifest. */
function lists(manifest: DeviceManifest, device: RelayDevice): boolean {
  return manifest.devices.some(
    ({ deviceId, registrationId, authKey }) =>
      deviceId === device.address.deviceId &&
      registrationId === device.registrationId &&
      equalBytes(authKey, device.authKey),
  );
}
