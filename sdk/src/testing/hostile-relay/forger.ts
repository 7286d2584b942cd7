/** Signs as others would: what a relay could do that has got hold of a key, and what it makes up itself. */
import { ownAccountKey, ownAccountRecord } from '../../account/index.js';
import type { IdentityKeyPair, ProtocolEngine } from '../../ports/index.js';
import { memoryStorage, type MemoryMedium } from '../../storage/memory/index.js';
import {
  manifestBytes,
  statementBytes,
  type AccountStatement,
  type DeviceManifest,
} from '../../wire/index.js';

type Bytes = Uint8Array<ArrayBuffer>;

/** See the header. */
export class Forger {
  readonly #engine: ProtocolEngine;

  constructor(engine: ProtocolEngine) {
    this.#engine = engine;
  }

  /** An identity that nobody has registered. */
  makeIdentity(): Promise<IdentityKeyPair> {
    return this.#engine.generateIdentity();
  }

  /** The identity key pair of a device, out of its storage. */
  async stealIdentity(medium: MemoryMedium): Promise<IdentityKeyPair> {
    const [record] = await memoryStorage({ medium }).get([ownAccountKey]);
    if (!record) throw new Error('nobody has registered there');
    const { statement, identityPrivateKey } = ownAccountRecord.decode(record);
    return { publicKey: statement.identityKey, privateKey: identityPrivateKey };
  }

  /** A statement of those names by a key. */
  async statement(
    identity: IdentityKeyPair,
    { accountId, username }: Pick<AccountStatement, 'accountId' | 'username'>,
  ): Promise<AccountStatement> {
    const unsigned = { accountId, username, identityKey: identity.publicKey as Bytes };
    return { ...unsigned, signature: await this.#sign(identity, statementBytes(unsigned)) };
  }

  /** A manifest by a key. */
  async manifest(
    identity: IdentityKeyPair,
    { accountId, version, previousHash, devices }: Omit<DeviceManifest, 'signature'>,
  ): Promise<DeviceManifest> {
    const unsigned = { accountId, version, previousHash, devices };
    return { ...unsigned, signature: await this.#sign(identity, manifestBytes(unsigned)) };
  }

  async #sign(identity: IdentityKeyPair, message: Uint8Array): Promise<Bytes> {
    return (await this.#engine.sign(identity, message)) as Bytes;
  }
}

/** The bytes with one bit turned. */
export function turned(bytes: Uint8Array, index: number): Bytes {
  const copy = Uint8Array.from(bytes);
  const place = index < 0 ? copy.length + index : index;
  copy[place] = (copy[place] ?? 0) ^ 0x01;
  return copy;
}
