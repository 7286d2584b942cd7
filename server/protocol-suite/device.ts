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

/** See the file's header. */
export class Device {
  readonly accountId = randomUUID() as AccountId;
  readonly deviceId = 1 as DeviceId;
  readonly registrationId = randomInt(1, 16_380);
  readonly username = `u${randomBytes(10).toString('hex')}` as Username;
  readonly loginKey = bytes(32);
  readonly identity = PrivateKey.generate();
  readonly authSecret = bytes(32);
  #contactCode: Promise<string> | undefined;
  /** The newest tokens; set by whoever registers or logs in. */
  tokens!: TokenPair;

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
    const unsigned = { ...request, proof: { nonce, signature: bytes(64) } };
    const schema: z.core.$ZodType = httpOperations[operation].request;
    const encoded = z.encode(schema, unsigned) as object;
    const bodyHash = createHash('sha256')
      .update(proofBodyBytes({ ...encoded }))
      .digest();
    const signature = new Uint8Array(
      ed25519.sign(requestProofBytes(operation, new Uint8Array(bodyHash), nonce), this.authSecret),
    );
    return { ...request, proof: { nonce, signature } } as RequestOf<Name>;
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
