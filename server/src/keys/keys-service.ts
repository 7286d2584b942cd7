/** Upload, status and handing out of pre-keys. Knows no HTTP and no SQL. */
import {
  wireLimits,
  type AccountBundle,
  type DeviceBundle,
  type DeviceId,
  type PreKeyStatus,
  type RequestOf,
  type ResponseOf,
} from '@sotto/sdk/wire';
import type { AccountsStore } from '../accounts/accounts-store.js';
import {
  ProblemError,
  type AccessClaims,
  type ConnectedDevices,
  type Now,
  type ReachTokens,
} from '../ports.js';
import { dayOf, relayLimits } from '../relay-limits.js';
import { checkKeys, listKeys, mergeResults } from './key-checks.js';
import type { ClaimedKeys, KeysStore, LastingKeys, StoredPreKey } from './keys-store.js';

/** What keys rest on. */
export interface KeysServiceParts {
  readonly store: KeysStore;
  readonly accounts: AccountsStore;
  readonly reachTokens: ReachTokens;
  readonly connected: ConnectedDevices;
  readonly now: Now;
}

/** See the file's header. */
export interface KeysService {
  /** Stores the keys of the calling device. The request's proof has been checked. @throws ProblemError `unauthorized` when the device is gone */
  upload(claims: AccessClaims, request: RequestOf<'keys.upload'>): Promise<ResponseOf<'keys.upload'>>;
  status(claims: AccessClaims): Promise<PreKeyStatus>;
  /**
   * Hands out bundles of those asked-for devices that are in the manifest; the manifest says which are not.
   * @throws ProblemError `introduction-required` (also when the account is gone), `keys-missing`; then no key is used up
   */
  bundle(claims: AccessClaims, request: RequestOf<'keys.bundle'>): Promise<AccountBundle>;
}

type Complete = LastingKeys & { readonly signed: StoredPreKey; readonly kemLastResort: StoredPreKey };

function isComplete(keys: LastingKeys): keys is Complete {
  return keys.signed !== undefined && keys.kemLastResort !== undefined;
}

function toBundle(lasting: Complete, claimed: ClaimedKeys | undefined): DeviceBundle {
  const { deviceId, registrationId, signed, kemLastResort } = lasting;
  const oneTime = claimed?.oneTime;
  return {
    deviceId,
    registrationId,
    signedPreKey: signed,
    ...(oneTime ? { oneTimePreKey: { id: oneTime.id, publicKey: oneTime.publicKey } } : {}),
    kemPreKey: claimed?.kemOneTime ?? kemLastResort,
    kemLastResort: claimed?.kemOneTime === undefined,
  } as DeviceBundle;
}

/** See {@link KeysService}. */
export function createKeysService(parts: KeysServiceParts): KeysService {
  const { store, accounts, reachTokens, connected, now } = parts;

  async function claim(
    accountId: AccessClaims['accountId'],
    lasting: readonly Complete[],
  ): Promise<DeviceBundle[]> {
    if (lasting.length === 0) return [];
    const deviceIds = lasting.map(({ deviceId }) => deviceId);
    const claimed = await store.claim(accountId, deviceIds, dayOf(now()));
    for (const { deviceId, left } of claimed) {
      if (left < relayLimits.lowKeyStock) connected.keysLow({ accountId, deviceId });
    }
    const claimedOf = (deviceId: DeviceId) => claimed.find((one) => one.deviceId === deviceId);
    return lasting.map((keys) => toBundle(keys, claimedOf(keys.deviceId)));
  }

  return {
    async upload({ accountId, deviceId }, { keys }) {
      const account = await accounts.find(accountId);
      if (account === undefined) throw new ProblemError('unauthorized');
      const device = { accountId, deviceId };
      const verdicts = await checkKeys(account.statement.identityKey, listKeys(keys));
      const valid = verdicts.filter((verdict) => verdict.valid).map(({ key }) => key);
      const results = await store.add(device, valid, {
        maxPerKind: wireLimits.maxPreKeysPerDevice,
        replace: keys.replace ?? false,
      });
      if (results === undefined) throw new ProblemError('unauthorized');
      return { results: mergeResults(verdicts, results), status: await store.status(device) };
    },
    status: (claims) => store.status(claims),
    async bundle(claims, { accountId, reachToken, deviceIds }) {
      reachTokens.verify(reachToken, claims.accountId, accountId);
      const account = await accounts.find(accountId);
      if (account === undefined) throw new ProblemError('introduction-required');
      const { statement, manifest } = account;
      const listed = manifest.devices.map((device) => device.deviceId);
      const wanted = listed.filter((deviceId) => deviceIds.includes(deviceId));
      const lasting = await store.findLasting(accountId, wanted);
      if (!lasting.every(isComplete)) throw new ProblemError('keys-missing');
      return { statement, manifest, devices: await claim(accountId, lasting) };
    },
  };
}
