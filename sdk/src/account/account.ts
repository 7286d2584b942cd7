/** The own account: register, log in again, sign out. Knows no contacts and no messages. */
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from '../bytes.js';
import { SottoError } from '../errors.js';
import type { Host } from '../host.js';
import type { IdentityKeyPair, OurDevice, ProtocolEngine } from '../ports/index.js';
import { platformScrypt } from '../platform-scrypt.js';
import { randomUuid } from '../random.js';
import type { Writer } from '../unit/index.js';
import { deriveContactCode, formatContactCode } from '../verification/index.js';
import {
  accountId as accountIdSchema,
  deviceId as deviceIdSchema,
  statementBytes,
  type AccountId,
  type AccountStatement,
  type DeviceId,
  type Username,
} from '../wire/index.js';
import {
  credentialsKey,
  credentialsRecord,
  ownAccountKey,
  ownAccountRecord,
  resetDraftKey,
  restoreDraftKey,
  type OwnAccount,
} from './account-record.js';
import { deriveLoginKey } from './login-key.js';
import { newDevice, signManifest } from './new-device.js';
import type { RelayClient } from './relay-client.js';
import { parseUsername } from './username.js';

const authScheme = 'scrypt-hkdf-v1';
/** Characters of the code that is shown: 60 bits behind a memory-hard hash. */
const shownCodeLength = 12;

/** Accounts that do not say which engine they were made with were made when there was one. */
const firstEngine = { name: 'libsignal', recordVersion: 1 };

/** What an application may show of the own account. */
export interface OwnProfile {
  readonly accountId: AccountId;
  readonly username: Username;
  readonly deviceId: DeviceId;
  /** `@username#XXXX-XXXX-XXXX`: what others type to find this account. Not secret, but it opens the way to message requests. */
  readonly contactCode: string;
  /** 33 bytes. */
  readonly identityKey: Uint8Array;
}

/** A name and a password. The password is not kept and never leaves the device. */
export interface RegistrationInput {
  /** `[a-z][a-z0-9_]{2,31}`; capitals are folded. Never changes. */
  readonly username: string;
  /** 8 to 1,024 characters. Nobody can reset it. */
  readonly password: string;
}

/** See the header. */
export class AccountService {
  readonly #writer: Writer;
  readonly #engine: ProtocolEngine;
  readonly #relay: RelayClient;
  readonly #host: Host;
  /** Every message needs it, and it does not change once it is open. */
  #opened: OwnAccount | undefined;
  /** SHA-256 of the login key, once it was derived in this life. Never stored: it would let guesses be tried. */
  #passwordMark: Uint8Array | undefined;

  constructor(parts: { writer: Writer; engine: ProtocolEngine; relay: RelayClient; host: Host }) {
    this.#writer = parts.writer;
    this.#engine = parts.engine;
    this.#relay = parts.relay;
    this.#host = parts.host;
  }

  /** The own account, or nothing before registration has succeeded. */
  async find(): Promise<OwnAccount | undefined> {
    this.#writer.assertOpen();
    if (this.#opened) return this.#opened;
    const account = await this.#writer.read(ownAccountKey, ownAccountRecord);
    if (account?.state === 'open') this.#opened = account;
    return this.#opened;
  }

  /** @throws SottoError `engine-mismatch` when this storage's engine records are another engine's */
  async assertEngine(): Promise<void> {
    const account = await this.#writer.read(ownAccountKey, ownAccountRecord);
    if (!account) return;
    const { name, recordVersion } = account.engine ?? firstEngine;
    if (name === this.#engine.name && recordVersion === this.#engine.recordVersion) return;
    throw new SottoError('engine-mismatch', { details: { engine: name } });
  }

  /** The own account. @throws SottoError `not-registered` */
  async require(): Promise<OwnAccount> {
    const account = await this.find();
    if (!account) throw new SottoError('not-registered');
    return account;
  }

  /** What an application may show, or nothing before registration. */
  async profile(): Promise<OwnProfile | undefined> {
    const account = await this.find();
    return account && profileOf(account);
  }

  /**
   * Registers. What is registered is written down first, so that a call whose answer was lost is
   * simply made again with the same name and password.
   */
  async register({ username, password }: RegistrationInput): Promise<OwnProfile> {
    if (await this.find()) throw new SottoError('already-registered');
    const name = parseUsername(username);
    const { relayId } = await this.#relay.anonymous('relay.info', {});
    const loginKey = await deriveLoginKey({ password, relayId, username: name });
    try {
      const draft = await this.#draft(name, relayId);
      const tokens = await this.#relay.anonymous('accounts.register', {
        authScheme,
        loginKey: loginKey.expose() as Uint8Array<ArrayBuffer>,
        statement: draft.statement,
        manifest: draft.manifest,
      });
      const account: OwnAccount = { ...draft, state: 'open' };
      await this.#writer.run(async (unit) => {
        unit.write(ownAccountKey, ownAccountRecord, account);
        // Kept by attempts at something else, with private keys.
        unit.delete(restoreDraftKey);
        unit.delete(resetDraftKey);
        unit.write(credentialsKey, credentialsRecord, this.#relay.credentialsFrom(tokens));
      });
      this.#passwordMark = sha256(loginKey.expose());
      return profileOf(account);
    } finally {
      loginKey.wipe();
    }
  }

  /** Logs in again after `login-required`. @throws SottoError `login-refused` */
  async login(password: string): Promise<void> {
    const { relayId, username, deviceId, deviceAuthSeed } = await this.require();
    const loginKey = await deriveLoginKey({ password, relayId, username });
    try {
      const body = { username, deviceId, loginKey: loginKey.expose() as Uint8Array<ArrayBuffer> };
      const proof = await this.#relay.makeProof('auth.login', body, deviceAuthSeed);
      await this.#relay.storeTokens(await this.#relay.anonymous('auth.login', { ...body, proof }));
      this.#passwordMark = sha256(loginKey.expose());
    } finally {
      loginKey.wipe();
    }
  }

  /**
   * Whether a text is the account password, as far as this can be told: `false` where the password was not used
   * since the messenger was made. The relay is not asked, as it would get something to try guesses with.
   */
  async isOwnPassword(text: string): Promise<boolean> {
    const { relayId, username } = await this.require();
    if (!this.#passwordMark) return false;
    const loginKey = await deriveLoginKey({ password: text, relayId, username });
    const mark = sha256(loginKey.expose());
    loginKey.wipe();
    return equalBytes(mark, this.#passwordMark);
  }

  /** Ends this device's tokens at the relay. */
  async logout(): Promise<void> {
    await this.#relay.authorized('auth.logout', {});
  }

  /** Deletes the account at the relay. The name is never given to someone else. */
  async deleteAtRelay(): Promise<void> {
    const { accountId } = await this.require();
    await this.#relay.proven('accounts.delete', { accountId });
  }

  /** The draft an earlier call left for this name at this relay, or a new one. */
  async #draft(username: Username, relayId: string): Promise<OwnAccount> {
    const earlier = await this.#writer.read(ownAccountKey, ownAccountRecord);
    if (earlier?.username === username && earlier.relayId === relayId) return earlier;
    const accountId = accountIdSchema.parse(randomUuid(this.#host.random));
    const draft = await this.makeDraft({ username, relayId, accountId, deviceId: deviceIdSchema.parse(1) });
    await this.#writer.run(async (unit) => {
      unit.write(ownAccountKey, ownAccountRecord, draft);
    });
    return draft;
  }

  /** A new identity with one device for an account; nothing is written down. */
  async makeDraft({
    username,
    relayId,
    accountId,
    deviceId,
  }: Pick<OwnAccount, 'username' | 'relayId' | 'accountId' | 'deviceId'>): Promise<OwnAccount> {
    const identity = await this.#engine.generateIdentity();
    const { registrationId, deviceAuthSeed, listed } = newDevice(deviceId, this.#host);
    const derived = await deriveContactCode({ identityKey: identity.publicKey, username }, platformScrypt);
    return {
      state: 'registering',
      accountId,
      username,
      deviceId,
      registrationId,
      relayId,
      identityPrivateKey: identity.privateKey,
      deviceAuthSeed,
      statement: await this.#signStatement(identity, { accountId, username }),
      manifest: await signManifest(this.#engine, identity, {
        accountId,
        version: 1,
        previousHash: null,
        devices: [listed],
      }),
      contactCode: derived,
      engine: { name: this.#engine.name, recordVersion: this.#engine.recordVersion },
    };
  }

  async #signStatement(
    identity: IdentityKeyPair,
    names: { accountId: AccountId; username: Username },
  ): Promise<AccountStatement> {
    const unsigned = { ...names, identityKey: identity.publicKey as Uint8Array<ArrayBuffer> };
    const signature = await this.#engine.sign(identity, statementBytes(unsigned));
    return { ...unsigned, signature: signature as Uint8Array<ArrayBuffer> };
  }
}

/** The own device as the engine wants it. */
export function ourDevice(account: OwnAccount): OurDevice {
  return {
    address: { accountId: account.accountId, deviceId: account.deviceId },
    identity: { publicKey: account.statement.identityKey, privateKey: account.identityPrivateKey },
    registrationId: account.registrationId,
  };
}

/** The own contact code as others type it. */
export function shownContactCode(account: OwnAccount): string {
  const digits = account.contactCode.slice(0, shownCodeLength);
  return formatContactCode({ username: account.username, digits });
}

/** What may be shown of an account. */
export function profileOf(account: OwnAccount): OwnProfile {
  return {
    accountId: account.accountId,
    username: account.username,
    deviceId: account.deviceId,
    contactCode: shownContactCode(account),
    identityKey: concatBytes(account.statement.identityKey),
  };
}
