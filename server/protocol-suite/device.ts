/**
 * A device of the suite: real keys, and everything they sign. The identity key is libsignal's, the
 * device auth key noble's. Knows no relay.
 */
import { createHash, randomBytes, randomInt, randomUUID, scrypt } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { KEMKeyPair, PrivateKey } from '@signalapp/libsignal-client';
import { deriveContactCode, type Scrypt } from '@sotto/sdk/verification';
import {
  httpOperations,
  identityProofBytes,
  manifestBytes,
  proofBodyBytes,
  refreshProofBytes,
  requestProofBytes,
  statementBytes,
  type AccountId,
  type AccountStatement,
  type DeviceAddress,
  type DeviceId,
  type DeviceManifest,
  type HttpOperationName,
  type KemPreKey,
  type OneTimePreKey,
  type RequestOf,
  type SendBody,
  type SignedPreKey,
  type TokenPair,
  type Username,
} from '@sotto/sdk/wire';
import * as z from 'zod/mini';

type Bytes = Uint8Array<ArrayBuffer>;

/** Random bytes. */
export const bytes = (length: number): Bytes => new Uint8Array(randomBytes(length));

/** Operations whose requests carry a proof. */
export type ProvenOperation = {
  [Name in HttpOperationName]: RequestOf<Name> extends { readonly proof: unknown } ? Name : never;
}[HttpOperationName];

const nativeScrypt: Scrypt = (password, salt, { N, r, p, dkLen }) =>
  new Promise((resolve, reject) => {
    const options = { N, r, p, maxmem: 256 * N * r };
    scrypt(password, salt, dkLen, options, (error, key) =>
      error ? reject(error) : resolve(new Uint8Array(key)),
    );
  });

const serialized = (key: { serialize(): Uint8Array }) => new Uint8Array(key.serialize());

function bodyHashOf(operation: ProvenOperation, request: object, nonce: Bytes): Bytes {
  const unsigned = { ...request, proof: { nonce, signature: bytes(64) } };
  const schema: z.core.$ZodType = httpOperations[operation].request;
  const encoded = z.encode(schema, unsigned) as object;
  const hash = createHash('sha256').update(proofBodyBytes({ ...encoded }));
  return new Uint8Array(hash.digest());
}

/** What two devices of one person have in common, and the number that tells them apart. */
type DeviceParts = Pick<Device, 'accountId' | 'deviceId' | 'username' | 'loginKey' | 'identity'>;

const newPerson = (): DeviceParts => ({
  accountId: randomUUID() as AccountId,
  deviceId: 1 as DeviceId,
  username: `u${randomBytes(10).toString('hex')}` as Username,
  loginKey: bytes(32),
  identity: PrivateKey.generate(),
});

/** See the file's header. */
export class Device {
  readonly accountId: AccountId;
  readonly deviceId: DeviceId;
  readonly registrationId = randomInt(1, 16_380);
  readonly username: Username;
  readonly loginKey: Bytes;
  readonly identity: PrivateKey;
  readonly authSecret = bytes(32);
  #contactCode: Promise<string> | undefined;
  /** The newest tokens; set by whoever registers or logs in. */
  tokens!: TokenPair;

  /** @param parts - absent for a new person */
  constructor(parts: DeviceParts = newPerson()) {
    this.accountId = parts.accountId;
    this.deviceId = parts.deviceId;
    this.username = parts.username;
    this.loginKey = parts.loginKey;
    this.identity = parts.identity;
  }

  get address(): DeviceAddress {
    return { accountId: this.accountId, deviceId: this.deviceId };
  }

  get accessToken(): string {
    return this.tokens.accessToken;
  }

  get identityKey(): Bytes {
    return serialized(this.identity.getPublicKey());
  }

  sign(message: Uint8Array): Bytes {
    return new Uint8Array(this.identity.sign(new Uint8Array(message)));
  }

  /** @param claims - what to say other than the truth; it is signed all the same */
  statement(claims: Partial<AccountStatement> = {}): AccountStatement {
    const { accountId, username, identityKey } = this;
    const statement = { accountId, username, identityKey, ...claims };
    return { signature: this.sign(statementBytes(statement)), ...statement };
  }

  /** @param claims - what to say other than the truth; it is signed all the same */
  manifest(claims: Partial<DeviceManifest> = {}): DeviceManifest {
    const authKey = new Uint8Array(ed25519.getPublicKey(this.authSecret));
    const device = {
      deviceId: this.deviceId,
      registrationId: this.registrationId,
      authKey,
      addedDay: 20_000,
    };
    const manifest = {
      accountId: this.accountId,
      version: 1,
      previousHash: null,
      devices: [device],
      ...claims,
    };
    return { signature: this.sign(manifestBytes(manifest)), ...manifest };
  }

  registration(overrides: Partial<RequestOf<'accounts.register'>> = {}): RequestOf<'accounts.register'> {
    return {
      authScheme: 'scrypt-hkdf-v1',
      loginKey: this.loginKey,
      statement: this.statement(),
      manifest: this.manifest(),
      ...overrides,
    };
  }

  /** All 16 characters of the contact code. Made once: it takes a memory-hard hash. */
  contactCode(): Promise<string> {
    this.#contactCode ??= deriveContactCode(this, nativeScrypt);
    return this.#contactCode;
  }

  /** Adds the proof to a request. */
  prove<Name extends ProvenOperation>(
    operation: Name,
    request: Omit<RequestOf<Name>, 'proof'>,
    nonce: Bytes,
  ): RequestOf<Name> {
    const message = requestProofBytes(operation, bodyHashOf(operation, request, nonce), nonce);
    const signature = new Uint8Array(ed25519.sign(message, this.authSecret));
    return { ...request, proof: { nonce, signature } } as RequestOf<Name>;
  }

  /** Adds the identity key's proof to a request. */
  proveAsIdentity<Name extends ProvenOperation>(
    operation: Name,
    request: Omit<RequestOf<Name>, 'proof'>,
    nonce: Bytes,
  ): RequestOf<Name> {
    const signature = this.sign(identityProofBytes(operation, bodyHashOf(operation, request, nonce), nonce));
    return { ...request, proof: { nonce, signature } } as RequestOf<Name>;
  }

  /** A new device of the same person, as a restored backup makes one. @param deviceId - another than this one's */
  successor(deviceId: number): Device {
    return new Device({ ...this, identity: this.identity, deviceId: deviceId as DeviceId });
  }

  /** The same account under a new identity, as a reset makes it. */
  stranger(deviceId = 2): Device {
    return new Device({ ...this, identity: PrivateKey.generate(), deviceId: deviceId as DeviceId });
  }

  /** What puts a stranger in the place of this account's identity. */
  reset(stranger: Device, nonce: Bytes): RequestOf<'reset.complete'> {
    const { username, loginKey } = this;
    const request = { username, loginKey, statement: stranger.statement(), manifest: stranger.manifest() };
    return stranger.proveAsIdentity('reset.complete', request, nonce);
  }

  /** What puts a successor of this device in its place. @param current - the list in force */
  replacement(
    successor: Device,
    current: DeviceManifest = this.manifest(),
    claims: Partial<DeviceManifest> = {},
  ): Omit<RequestOf<'accounts.replace-device'>, 'proof'> {
    const hash = new Uint8Array(createHash('sha256').update(manifestBytes(current)).digest());
    const next = { version: current.version + 1, previousHash: hash, ...claims };
    return { replaces: this.deviceId, deviceId: successor.deviceId, manifest: successor.manifest(next) };
  }

  refreshRequest(refreshToken = this.tokens.refreshToken, requestId = bytes(16)): RequestOf<'auth.refresh'> {
    const signature = ed25519.sign(refreshProofBytes(refreshToken, requestId), this.authSecret);
    return { refreshToken, requestId, signature: new Uint8Array(signature) };
  }

  oneTimePreKey(id: number): OneTimePreKey {
    return { id, publicKey: serialized(PrivateKey.generate().getPublicKey()) };
  }

  signedPreKey(id: number): SignedPreKey {
    const { publicKey } = this.oneTimePreKey(id);
    return { id, publicKey, signature: this.sign(publicKey) };
  }

  kemPreKey(id: number): KemPreKey {
    const publicKey = serialized(KEMKeyPair.generate().getPublicKey());
    return { id, publicKey, signature: this.sign(publicKey) };
  }

  /** A body for this device. What the relay stores is opaque to it, so random bytes are as good as a ciphertext. */
  body(overrides: Partial<SendBody> = {}): SendBody {
    const { deviceId, registrationId } = this;
    return { deviceId, registrationId, kind: 'message', ciphertext: bytes(80), ...overrides };
  }
}
