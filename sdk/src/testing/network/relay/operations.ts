/** What the test relay does for each operation, by name. Knows no encoding and no tampering. */
import { verifyIdentityProof, verifyRequestProof } from '../../../verification/index.js';
import {
  fromBase64Url,
  toBase64Url,
  type AccountId,
  type DeviceBundle,
  type HttpOperationName,
  type ProblemCode,
  type RequestOf,
  type RequestProof,
  type ResponseOf,
} from '../../../wire/index.js';
import type { Clock } from '../../../ports/host.js';
import type { Accounts, RelayAccount, RelayDevice } from './accounts.js';
import type { ExpiringTokens } from './expiring-tokens.js';
import type { Gateway } from './gateway.js';
import type { ReachTokens } from './reach-tokens.js';
import { Refusal, refuseAs } from './refusal.js';
import type { AccessClaims, Tokens } from './tokens.js';

/** Below this many one-time keys of either kind a device is told. */
const lowPreKeyCount = 20;

/** The duties behind the operations. */
export interface OperationParts {
  readonly relayId: string;
  readonly clock: Clock;
  readonly accounts: Accounts;
  readonly tokens: Tokens;
  readonly nonces: ExpiringTokens<true>;
  readonly reachTokens: ReachTokens;
  readonly gateway: Gateway;
}

/** Whom an access token speaks for. */
export interface Caller {
  readonly device: RelayDevice;
  readonly claims: AccessClaims;
}

/** One request, decoded. */
export interface OperationCall<Name extends HttpOperationName> {
  readonly input: RequestOf<Name>;
  /** The body as JSON on the wire: what a proof is made over. */
  readonly encoded: Readonly<Record<string, unknown>>;
  /** @throws Refusal `unauthorized` without a good access token */
  readonly caller: () => Caller;
}

/** See the header. */
export type Operations = {
  readonly [Name in HttpOperationName]: (
    call: OperationCall<Name>,
  ) => Promise<ResponseOf<Name>> | ResponseOf<Name>;
};

/** Puts the operations over their duties. */
export function makeOperations(parts: OperationParts): Operations {
  return {
    'relay.info': () => ({ relayId: parts.relayId, protocol: 1, authScheme: 'scrypt-hkdf-v1' }),
    'auth.nonce': () => ({ nonce: fromBase64Url(parts.nonces.issue(true)) as Uint8Array<ArrayBuffer> }),
    ...accountOperations(parts),
    ...resetOperations(parts),
    ...keyOperations(parts),
  };
}

type AccountOperationName = Exclude<
  HttpOperationName,
  'relay.info' | 'auth.nonce' | 'keys.upload' | 'keys.status' | 'keys.bundle' | ResetOperationName
>;
type ResetOperationName = Extract<HttpOperationName, `reset.${string}`>;

function accountOperations(parts: OperationParts): Pick<Operations, AccountOperationName> {
  const { accounts, tokens, reachTokens, gateway } = parts;
  return {
    'accounts.register': async ({ input }) => tokens.begin((await accounts.register(input)).address),
    'auth.login': ({ input, encoded }) => {
      takeNonce(parts, input.proof);
      const device = accounts.login(input.username, input.loginKey, input.deviceId);
      // Which of all it was that did not fit is not said.
      checkSignature('login-refused', 'auth.login', { encoded, proof: input.proof, device });
      if (!accounts.findDevice(device.address)) throw new Refusal('device-replaced');
      return tokens.begin(device.address);
    },
    'auth.refresh': ({ input }) =>
      tokens.refresh(
        input,
        (address) => accounts.findDevice(address),
        (address) => accounts.findRetired(address),
        (address) => {
          gateway.dismiss(address, 'signed-out');
        },
      ),
    'auth.logout': ({ caller }) => {
      const { device, claims } = caller();
      tokens.revokeFamily(claims.familyId);
      gateway.dismiss(device.address, 'signed-out');
      return {};
    },
    'accounts.delete': ({ input, encoded, caller }) => {
      const { device } = caller();
      const { accountId } = device.address;
      checkProof(parts, 'accounts.delete', { encoded, proof: input.proof, device });
      if (input.accountId !== accountId) throw new Refusal('invalid-request', { fields: ['accountId'] });
      deleteAccount(parts, accountId);
      return {};
    },
    'accounts.state': ({ input, encoded }) => {
      const { statement, manifest } = provenAccount(parts, 'accounts.state', input.accountId, {
        encoded,
        proof: input.proof,
      });
      return { statement, manifest, relayTime: parts.clock.now() };
    },
    'accounts.replace-device': ({ input, encoded }) => {
      const { accountId } = input.manifest;
      provenAccount(parts, 'accounts.replace-device', accountId, { encoded, proof: input.proof });
      const { device, gone } = accounts.replaceDevice(input);
      if (gone) {
        tokens.retireDevice(gone);
        gateway.dismiss(gone, 'signed-out');
      }
      return tokens.begin(device.address);
    },
    'contacts.resolve': ({ input, caller }) => {
      const { device } = caller();
      const { accountId, statement, manifest } = accounts.resolve(input.username, input.code);
      const introductionToken = reachTokens.issueIntroduction(device.address.accountId, accountId);
      return { statement, manifest, introductionToken };
    },
  };
}

function resetOperations(parts: OperationParts): Pick<Operations, ResetOperationName> {
  const { accounts, tokens, gateway } = parts;
  const ownAccount = ({ device }: Caller) => accounts.find(device.address.accountId);
  return {
    'reset.request': ({ input }) => {
      const account = accounts.passed(input.username, input.loginKey);
      return { accountId: account.accountId, waitMs: accounts.askForReset(account) };
    },
    'reset.complete': async ({ input, encoded: encodedBody }) => {
      const account = accounts.passed(input.username, input.loginKey);
      const { proof, statement } = input;
      takeNonce(parts, proof);
      refuseAs('proof-refused', () => {
        const { identityKey } = statement;
        verifyIdentityProof({ operation: 'reset.complete', encodedBody, proof, identityKey });
      });
      const { device, gone } = await accounts.completeReset(account, input);
      for (const address of gone) {
        tokens.retireDevice(address);
        gateway.dismiss(address, 'signed-out');
      }
      return tokens.begin(device.address);
    },
    'reset.status': ({ caller }) => {
      const reset = ownAccount(caller())?.reset;
      if (!reset || reset.objected) return { pending: null };
      const { requestedAt, completesAt } = reset;
      return { pending: { requestedAt, completesAt } };
    },
    'reset.object': ({ input, encoded, caller }) => {
      const asked = caller();
      checkProof(parts, 'reset.object', { encoded, proof: input.proof, device: asked.device });
      const reset = ownAccount(asked)?.reset;
      if (reset) reset.objected = true;
      return {};
    },
  };
}

function keyOperations(
  parts: OperationParts,
): Pick<Operations, 'keys.upload' | 'keys.status' | 'keys.bundle'> {
  const { accounts, reachTokens, gateway } = parts;
  return {
    'keys.upload': ({ input, encoded, caller }) => {
      const { device } = caller();
      checkProof(parts, 'keys.upload', { encoded, proof: input.proof, device });
      const results = device.preKeys.upload(input.keys);
      return { results, status: device.preKeys.status() };
    },
    'keys.status': ({ caller }) => caller().device.preKeys.status(),
    'keys.bundle': ({ input, caller }) => {
      const asker = caller().device.address.accountId;
      reachTokens.verify(input.reachToken, asker, input.accountId);
      const account = accounts.find(input.accountId);
      if (!account) throw new Refusal('introduction-required');
      const devices = takeBundles(account, new Set(input.deviceIds), gateway);
      return { statement: account.statement, manifest: account.manifest, devices };
    },
  };
}

/** Bundles of those devices asked for that exist: of all of them, or keys of none are used up. */
function takeBundles(account: RelayAccount, wanted: ReadonlySet<number>, gateway: Gateway): DeviceBundle[] {
  const devices = [...account.devices.values()].filter(({ address }) => wanted.has(address.deviceId));
  if (devices.some(({ preKeys }) => !preKeys.complete)) throw new Refusal('keys-missing');
  return devices.map((device) => {
    const bundle = { ...takenKeys(device), registrationId: device.registrationId };
    const { oneTime, kemOneTime } = device.preKeys.status();
    if (Math.min(oneTime, kemOneTime) < lowPreKeyCount) gateway.keysLow(device.address);
    return { deviceId: device.address.deviceId, ...bundle };
  });
}

function takenKeys({ preKeys }: RelayDevice) {
  const taken = preKeys.take();
  if (!taken) throw new Refusal('keys-missing');
  return taken;
}

function deleteAccount({ accounts, tokens, gateway }: OperationParts, accountId: AccountId): void {
  const devices = [...(accounts.find(accountId)?.devices.values() ?? [])];
  accounts.delete(accountId);
  tokens.revokeDevices((address) => address.accountId === accountId);
  for (const { address } of devices) gateway.dismiss(address, 'signed-out');
}

/** The account whose identity key has signed a request. */
function provenAccount(
  parts: OperationParts,
  operation: HttpOperationName,
  accountId: AccountId,
  { encoded: encodedBody, proof }: Omit<SignedRequest, 'device'>,
): RelayAccount {
  takeNonce(parts, proof);
  const account = parts.accounts.find(accountId);
  if (!account) throw new Refusal('proof-refused');
  const { identityKey } = account.statement;
  refuseAs('proof-refused', () => {
    verifyIdentityProof({ operation, encodedBody, proof, identityKey });
  });
  return account;
}

interface SignedRequest {
  readonly encoded: Readonly<Record<string, unknown>>;
  readonly proof: RequestProof;
  readonly device: Pick<RelayDevice, 'authKey'>;
}

function checkProof(parts: OperationParts, operation: HttpOperationName, request: SignedRequest): void {
  takeNonce(parts, request.proof);
  checkSignature('proof-refused', operation, request);
}

/** Uses the nonce up, whether or not the signature will turn out good. */
function takeNonce({ nonces }: OperationParts, proof: RequestProof): void {
  if (!nonces.take(toBase64Url(proof.nonce))) throw new Refusal('proof-refused');
}

function checkSignature(code: ProblemCode, operation: HttpOperationName, request: SignedRequest): void {
  const { encoded: encodedBody, proof, device } = request;
  refuseAs(code, () => {
    verifyRequestProof({ operation, encodedBody, proof, authKey: device.authKey });
  });
}
