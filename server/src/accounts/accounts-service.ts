/** Registration and deletion of accounts. Knows no HTTP and no SQL. */
import {
  accountStatement,
  deviceManifest,
  type DeviceAddress,
  type RequestOf,
  type TokenPair,
} from '@sotto/sdk/wire';
import { isSottoError, verifyManifest, verifyStatement } from '@sotto/sdk/verification';
import * as z from 'zod/mini';
import { currentAuthScheme, type LoginKeys } from '../auth/login-keys.js';
import type { TokenIssuer } from '../auth/token-issuer.js';
import { ProblemError, type AccessClaims, type ConnectedDevices } from '../ports.js';
import type { AccountsStore, CreateOutcome, StoredAccount } from './accounts-store.js';
import type { ContactCodes } from './contact-code.js';

type Registration = RequestOf<'accounts.register'>;

/** What accounts rest on. */
export interface AccountsServiceParts {
  readonly store: AccountsStore;
  readonly loginKeys: LoginKeys;
  readonly contactCodes: ContactCodes;
  readonly tokens: TokenIssuer;
  readonly connected: ConnectedDevices;
}

/** See the file's header. */
export interface AccountsService {
  /**
   * Opens an account. The very same registration again succeeds again, because its reply may have been
   * lost, until the device has uploaded keys: from then on the way in is a login, which its key signs.
   * @throws ProblemError `signature-refused`, `username-taken`, `account-id-taken`
   */
  register(request: Registration): Promise<TokenPair>;
  /**
   * Removes an account. The request's proof has been checked.
   * @throws ProblemError `invalid-request` when it names another account than the caller's
   */
  remove(claims: AccessClaims, request: RequestOf<'accounts.delete'>): Promise<void>;
}

function checkSignatures({ statement, manifest }: Registration): void {
  try {
    verifyStatement(statement);
    verifyManifest(manifest, { identityKey: statement.identityKey, accountId: statement.accountId });
  } catch (error) {
    if (isSottoError(error)) throw new ProblemError('signature-refused');
    throw error;
  }
}

/** @returns the one device of a first manifest */
function firstDevice({ manifest }: Registration): DeviceAddress {
  const [device, ...others] = manifest.devices;
  if (manifest.version !== 1 || device === undefined || others.length > 0) {
    throw new ProblemError('signature-refused');
  }
  return { accountId: manifest.accountId, deviceId: device.deviceId };
}

function sameDocuments(account: StoredAccount, { statement, manifest }: Registration): boolean {
  const spell = (documents: Pick<StoredAccount, 'statement' | 'manifest'>) =>
    JSON.stringify([
      z.encode(accountStatement, documents.statement),
      z.encode(deviceManifest, documents.manifest),
    ]);
  return spell(account) === spell({ statement, manifest });
}

/** See {@link AccountsService}. */
export function createAccountsService(parts: AccountsServiceParts): AccountsService {
  const { store, loginKeys, contactCodes, tokens, connected } = parts;

  async function isRepetition(request: Registration): Promise<boolean> {
    const account = await store.find(request.statement.accountId);
    if (account === undefined || !sameDocuments(account, request)) return false;
    if (await store.hasKeys(request.statement.accountId)) return false;
    return loginKeys.matches(account.loginKeyHash, request.loginKey);
  }

  async function create({ statement, manifest, loginKey }: Registration): Promise<CreateOutcome> {
    // A name that is plainly taken shall cost no hash.
    if (await store.findByUsername(statement.username)) return 'username-taken';
    const loginKeyHash = await loginKeys.hash(loginKey);
    const contactCode = await contactCodes(statement);
    return store.create({ statement, manifest, contactCode, authScheme: currentAuthScheme, loginKeyHash });
  }

  return {
    async register(request) {
      checkSignatures(request);
      const device = firstDevice(request);
      const outcome = await create(request);
      if (outcome !== 'created' && !(await isRepetition(request))) throw new ProblemError(outcome);
      return tokens.openFamily(device);
    },
    async remove(claims, { accountId }) {
      if (accountId !== claims.accountId)
        throw new ProblemError('invalid-request', { fields: ['accountId'] });
      const devices = await store.remove(accountId);
      for (const device of devices) connected.signOut(device);
    },
  };
}
