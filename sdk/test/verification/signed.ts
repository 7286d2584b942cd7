/** Statements and manifests with a key of the test's own. */
import { PrivateKey } from '@signalapp/libsignal-client';
import {
  accountId as accountIdSchema,
  deviceId,
  manifestBytes,
  statementBytes,
  username,
  type AccountStatement,
  type DeviceManifest,
} from '@sotto/sdk/wire';

type Bytes = Uint8Array<ArrayBuffer>;

export const accountId = accountIdSchema.parse('0b7a4f6e-53c1-4f0e-9d1c-7f2b8f6f2a10');

/** Something that signs as an account. */
export class Signer {
  readonly #key = PrivateKey.generate();
  readonly identityKey: Bytes = this.#key.getPublicKey().serialize();

  statement(change: Partial<AccountStatement> = {}): AccountStatement {
    const unsigned = {
      accountId,
      username: username.parse('alice'),
      identityKey: this.identityKey,
      ...change,
    };
    return { ...unsigned, signature: change.signature ?? this.#sign(statementBytes(unsigned)) };
  }

  manifest(change: Partial<DeviceManifest> = {}): DeviceManifest {
    const unsigned = { accountId, version: 1, previousHash: null, devices: [device(1)], ...change };
    return { ...unsigned, signature: change.signature ?? this.#sign(manifestBytes(unsigned)) };
  }

  #sign(message: Uint8Array): Bytes {
    return this.#key.sign(message as Bytes);
  }
}

/** A device of a manifest. */
export function device(id: number): DeviceManifest['devices'][number] {
  return {
    deviceId: deviceId.parse(id),
    registrationId: 1000 + id,
    authKey: new Uint8Array(32).fill(id),
    addedDay: 20_000,
  };
}
