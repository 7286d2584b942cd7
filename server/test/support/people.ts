/** People for tests: identity keys, device keys, statements, manifests, pre-keys and signed requests. */
import { randomBytes, randomUUID } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { PrivateKey } from '@signalapp/libsignal-client';
import { requestProofMessage } from '@sotto/sdk/verification';
import {
  httpOperations,
  manifestBytes,
  refreshProofBytes,
  statementBytes,
  type AccountId,
  type AccountStatement,
  type DeviceManifest,
  type HttpOperationName,
  type KemPreKey,
  type OneTimePreKey,
  type PreKeyUpload,
  type RequestOf,
  type RequestProof,
  type SignedPreKey,
  type Username,
} from '@sotto/sdk/wire';
import * as z from 'zod/mini';

/** Random bytes in memory of their own. */
export function bytes(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(randomBytes(length));
}

let names = 0;

/** Somebody with one device. */
export class Person {
  readonly accountId = randomUUID() as AccountId;
  readonly identity = PrivateKey.generate();
  readonly authSecret = ed25519.utils.randomSecretKey();
  readonly loginKey = bytes(32);
  readonly username: Username;
  readonly deviceId = 1;
  readonly statement: AccountStatement;
  readonly manifest: DeviceManifest;

  constructor(username = `person_${(names += 1)}_${randomBytes(4).toString('hex')}`) {
    this.username = username as Username;
    this.statement = this.makeStatement();
    this.manifest = this.makeManifest();
  }

  get identityKey(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.identity.getPublicKey().serialize());
  }

  sign(message: Uint8Array): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.identity.sign(Uint8Array.from(message)));
  }

  makeStatement(changes: Partial<AccountStatement> = {}): AccountStatement {
    const body = {
      accountId: this.accountId,
      username: this.username,
      identityKey: this.identityKey,
      ...changes,
    };
    return { ...body, signature: changes.signature ?? this.sign(statementBytes(body)) };
  }

  makeManifest(changes: Partial<DeviceManifest> = {}): DeviceManifest {
    const authKey = Uint8Array.from(ed25519.getPublicKey(this.authSecret));
    const device = { deviceId: this.deviceId, registrationId: 77, authKey, addedDay: 20_000 };
    const body = {
      accountId: this.accountId,
      version: 1,
      previousHash: null,
      devices: [device] as DeviceManifest['devices'],
      ...changes,
    };
    return { ...body, signature: changes.signature ?? this.sign(manifestBytes(body)) };
  }

  registration(changes: Partial<RequestOf<'accounts.register'>> = {}): RequestOf<'accounts.register'> {
    const { loginKey, statement, manifest } = this;
    return { authScheme: 'scrypt-hkdf-v1', loginKey, statement, manifest, ...changes };
  }

  /** The proof of a request, over its spelling on the wire. */
  prove<Name extends HttpOperationName>(
    operation: Name,
    request: Omit<RequestOf<Name>, 'proof'>,
    nonce: Uint8Array<ArrayBuffer>,
  ): RequestProof {
    const placeholder = { nonce, signature: new Uint8Array(64) };
    const schema = httpOperations[operation].request as z.core.$ZodType;
    const encodedBody = z.encode(schema, { ...request, proof: placeholder }) as Record<string, unknown>;
    const message = requestProofMessage({ operation, encodedBody }, nonce);
    return { nonce, signature: Uint8Array.from(ed25519.sign(message, this.authSecret)) };
  }

  refresh(refreshToken: string, requestId = bytes(16)): RequestOf<'auth.refresh'> {
    const message = refreshProofBytes(refreshToken, requestId);
    return { refreshToken, requestId, signature: Uint8Array.from(ed25519.sign(message, this.authSecret)) };
  }

  ecKey(id: number): OneTimePreKey {
    return { id, publicKey: Uint8Array.from(PrivateKey.generate().getPublicKey().serialize()) };
  }

  signedPreKey(id: number): SignedPreKey {
    const { publicKey } = this.ecKey(id);
    return { id, publicKey, signature: this.sign(publicKey) };
  }

  /** Random bytes of the right form: the relay never computes with KEM keys. */
  kemPreKey(id: number): KemPreKey {
    const publicKey = Uint8Array.of(0x08, ...bytes(1568));
    return { id, publicKey, signature: this.sign(publicKey) };
  }

  /** A full set of keys. */
  keys(oneTime: number, firstId = 1): PreKeyUpload {
    const ids = Array.from({ length: oneTime }, (_, index) => firstId + index);
    return {
      signed: this.signedPreKey(firstId),
      kemLastResort: this.kemPreKey(firstId + 1_000_000),
      oneTime: ids.map((id) => this.ecKey(id)),
      kemOneTime: ids.map((id) => this.kemPreKey(id)),
    };
  }
}
