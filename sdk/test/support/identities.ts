/** Identities whose private keys a test holds: its own, and those it reads from a device's storage. */
import { ownAccountKey, ownAccountRecord } from '../../src/account/account-record.js';
import type { OwnAccount } from '../../src/account/index.js';
import { libsignalEngine } from '../../src/engines/libsignal/index.js';
import type { IdentityKeyPair } from '../../src/ports/index.js';
import { memoryStorage } from '../../src/storage/memory/index.js';
import {
  manifestBytes,
  statementBytes,
  type AccountStatement,
  type DeviceManifest,
} from '../../src/wire/index.js';
import type { Party } from './party.js';

const engine = libsignalEngine();
type Bytes = Uint8Array<ArrayBuffer>;

/** A new identity that nobody has registered. */
export function makeIdentity(): Promise<IdentityKeyPair> {
  return engine.generateIdentity();
}

/** What a device keeps of its own account. */
export async function ownAccountOf(party: Party): Promise<OwnAccount> {
  const [record] = await memoryStorage({ medium: party.medium }).get([ownAccountKey]);
  return ownAccountRecord.decode(record!);
}

/** A statement as its identity key's owner would sign it. */
export async function signStatement(
  identity: IdentityKeyPair,
  names: Pick<AccountStatement, 'accountId' | 'username'>,
): Promise<AccountStatement> {
  const { accountId, username } = names;
  const unsigned = { accountId, username, identityKey: identity.publicKey as Bytes };
  return { ...unsigned, signature: (await engine.sign(identity, statementBytes(unsigned))) as Bytes };
}

/** A manifest as its identity key's owner would sign it. */
export async function signManifest(
  identity: IdentityKeyPair,
  manifest: Omit<DeviceManifest, 'signature'>,
): Promise<DeviceManifest> {
  const { accountId, version, previousHash, devices } = manifest;
  const unsigned = { accountId, version, previousHash, devices };
  return { ...unsigned, signature: (await engine.sign(identity, manifestBytes(unsigned))) as Bytes };
}
