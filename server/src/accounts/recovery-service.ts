/**
 * Bringing an account back with its identity key: what the relay has of it, and a new device in the place of
 * one that is gone. No token opens these; the identity's own signature does. Knows no HTTP and no SQL.
 */
import { isSottoError, manifestHash, verifyIdentityProof, verifyManifest } from '@sotto/sdk/verification';
import type {
  AccountId,
  DeviceManifest,
  HttpOperationName,
  ManifestDevice,
  RequestOf,
  RequestProof,
  ResponseOf,
  TokenPair,
} from '@sotto/sdk/wire';
import type { Nonces } from '../auth/nonces.js';
import type { TokenIssuer } from '../auth/token-issuer.js';
import { ProblemError, type ConnectedDevices, type Now } from '../ports.js';
import { dayOf, relayLimits } from '../relay-limits.js';
import type { AccountsStore, StoredAccount } from './accounts-store.js';
import type { RecoveryStore } from './recovery-store.js';

type Encoded = Readonly<Record<string, unknown>>;
type ReplaceRequest = RequestOf<'accounts.replace-device'>;

/** What recovery rests on. */
export interface RecoveryServiceParts {
  readonly accounts: AccountsStore;
  readonly store: RecoveryStore;
  readonly nonces: Nonces;
  readonly tokens: TokenIssuer;
  readonly connected: ConnectedDevices;
  readonly now: Now;
}

/** See the file's header. */
export interface RecoveryService {
  /** @throws ProblemError `proof-refused`, also for an account that does not exist */
  state(request: RequestOf<'accounts.state'>, encodedBody: Encoded): Promise<ResponseOf<'accounts.state'>>;
  /**
   * Replaces a device. The very same list again is answered again, because the reply may have been lost.
   * @throws ProblemError `proof-refused`, `signature-refused`, `manifest-conflict`, `device-id-taken`
   */
  replaceDevice(request: ReplaceRequest, encodedBody: Encoded): Promise<TokenPair>;
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

function isInForce({ manifest }: StoredAccount, asked: DeviceManifest): boolean {
  return sameBytes(manifestHash(manifest), manifestHash(asked));
}

function checkManifest({ statement }: StoredAccount, manifest: DeviceManifest): void {
  const { accountId, identityKey } = statement;
  try {
    verifyManifest(manifest, { identityKey, accountId });
  } catch (error) {
    if (isSottoError(error)) throw new ProblemError('signature-refused');
    throw error;
  }
}

const spellDevice = ({ deviceId, registrationId, authKey, addedDay }: ManifestDevice) =>
  `${deviceId} ${registrationId} ${Buffer.from(authKey).toString('hex')} ${addedDay}`;

/** @returns the device that comes, when the list is the next one, with that one exchange and no other */
function newDevice(
  { manifest: current }: StoredAccount,
  request: ReplaceRequest,
): ManifestDevice | undefined {
  const { manifest: next, replaces, deviceId } = request;
  const follows = next.previousHash && sameBytes(next.previousHash, manifestHash(current));
  if (!follows || next.version !== current.version + 1) return undefined;
  if (!current.devices.some((device) => device.deviceId === replaces)) return undefined;
  if (current.devices.some((device) => device.deviceId === deviceId)) return undefined;
  const staying = current.devices.filter((device) => device.deviceId !== replaces).map(spellDevice);
  const others = next.devices.filter((device) => device.deviceId !== deviceId).map(spellDevice);
  if (staying.join() !== others.join()) return undefined;
  return next.devices.find((device) => device.deviceId === deviceId);
}

/** See {@link RecoveryService}. */
export function createRecoveryService(parts: RecoveryServiceParts): RecoveryService {
  const { accounts, store, nonces, tokens, connected, now } = parts;

  async function proven(
    accountId: AccountId,
    operation: HttpOperationName,
    request: { readonly proof: RequestProof; readonly encodedBody: Encoded },
  ): Promise<StoredAccount> {
    await nonces.take(request.proof.nonce);
    const account = await accounts.find(accountId);
    if (!account) throw new ProblemError('proof-refused');
    try {
      verifyIdentityProof({ operation, ...request, identityKey: account.statement.identityKey });
      return account;
    } catch (error) {
      if (isSottoError(error)) throw new ProblemError('proof-refused');
      throw error;
    }
  }

  async function exchange(account: StoredAccount, request: ReplaceRequest): Promise<void> {
    const device = newDevice(account, request);
    if (!device) throw new ProblemError('manifest-conflict');
    const { replaces, manifest } = request;
    const { accountId } = manifest;
    const today = dayOf(now());
    const outcome = await store.replaceDevice({
      ...{ current: account.manifest, next: manifest, replaces, device, today },
      restingSince: today - relayLimits.deviceIdRestDays,
    });
    if (outcome === 'replaced') return connected.signOut({ accountId, deviceId: replaces });
    // The same request, sent twice, has met itself.
    const meanwhile = await accounts.find(accountId);
    if (!meanwhile || !isInForce(meanwhile, manifest)) throw new ProblemError(outcome);
  }

  return {
    async state({ accountId, proof }, encodedBody) {
      const { statement, manifest } = await proven(accountId, 'accounts.state', { proof, encodedBody });
      return { statement, manifest, relayTime: now() };
    },
    async replaceDevice(request, encodedBody) {
      const { manifest, deviceId, proof } = request;
      const { accountId } = manifest;
      const account = await proven(accountId, 'accounts.replace-device', { proof, encodedBody });
      checkManifest(account, manifest);
      if (!isInForce(account, manifest)) await exchange(account, request);
      if (!manifest.devices.some((device) => device.deviceId === deviceId)) {
        throw new ProblemError('manifest-conflict');
      }
      return tokens.openFamily({ accountId, deviceId });
    },
  };
}
