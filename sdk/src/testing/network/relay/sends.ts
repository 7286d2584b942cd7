/** Accepts sends: once per attempt, for all devices of the recipient or for none. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Clock, Random } from '../../../ports/host.js';
import { randomUuid } from '../../../random.js';
import {
  canonicalJson,
  envelopeId,
  toBase64Url,
  wireLimits,
  type AccountId,
  type DeviceAddress,
  type DeviceId,
  type SendBody,
  type SendRequest,
  type SendResponse,
} from '../../../wire/index.js';
import type { Accounts, RelayAccount, RelayDevice } from './accounts.js';
import type { ReachTokens } from './reach-tokens.js';
import { noteProgress } from './continuity.js';
import { Refusal } from './refusal.js';

/** Longer than any envelope or outbox entry lives, so that no late repetition is taken for a new send. */
const attemptTtlMs = wireLimits.mailboxTtlMs + 24 * 60 * 60 * 1000;

interface AcceptedAttempt {
  /** Of recipient and bodies, base64url. */
  readonly contentHash: string;
  readonly acceptedAt: number;
}

/** What accepting a send needs. */
export interface SendsParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly accounts: Accounts;
  readonly reachTokens: ReachTokens;
  /** A mailbox has something new. */
  readonly arrived: (device: RelayDevice) => void;
}

/** See the header. */
export class Sends {
  readonly #parts: SendsParts;
  // In the order of acceptance, which is the order of expiry.
  readonly #attempts = new Map<string, AcceptedAttempt>();

  constructor(parts: SendsParts) {
    this.#parts = parts;
  }

  send(sender: DeviceAddress, request: SendRequest): SendResponse {
    const { accounts, reachTokens } = this.#parts;
    const key = `${sender.accountId}.${sender.deviceId}.${toBase64Url(request.attemptId)}`;
    const contentHash = hashContent(request);
    // Before everything else: what was accepted stays accepted, whatever has changed since.
    const earlier = this.#findAttempt(key);
    if (earlier) {
      if (earlier.contentHash !== contentHash) throw new Refusal('idempotency-conflict');
      return this.#accepted(sender, request, earlier.acceptedAt);
    }
    const from = accounts.findDevice(sender);
    // Also where it is refused: its ciphertexts were seen.
    if (from) noteProgress(from, request.storeSeq);
    reachTokens.verify(request.reachToken, sender.accountId, request.recipient);
    const recipient = accounts.find(request.recipient);
    // The same answer as for a token that opens nothing: whether an account exists is not said.
    if (!recipient) throw new Refusal('introduction-required');
    const mismatch = findMismatch(recipient, sender, request.bodies);
    if (mismatch) return mismatch;
    return this.#accept(sender, request, { key, contentHash, recipient });
  }

  #accept(
    sender: DeviceAddress,
    request: SendRequest,
    attempt: { key: string; contentHash: string; recipient: RelayAccount },
  ): SendResponse {
    const { clock, arrived } = this.#parts;
    const copies = request.bodies.map((body) => ({
      body,
      device: attempt.recipient.devices.get(body.deviceId) as RelayDevice,
    }));
    if (copies.some(({ device }) => device.mailbox.full)) throw new Refusal('mailbox-full');
    const acceptedAt = clock.now();
    this.#attempts.set(attempt.key, { contentHash: attempt.contentHash, acceptedAt });
    for (const { body, device } of copies) {
      device.mailbox.append(this.#envelope(sender, body, acceptedAt));
      arrived(device);
    }
    return this.#accepted(sender, request, acceptedAt);
  }

  #envelope(sender: DeviceAddress, { kind, ciphertext }: SendBody, acceptedAt: number) {
    const id = envelopeId.parse(randomUuid(this.#parts.random));
    return { id, sender, kind, ciphertext, acceptedAt };
  }

  #accepted(sender: DeviceAddress, { recipient }: SendRequest, acceptedAt: number): SendResponse {
    const deliveryToken = this.#parts.reachTokens.issueDelivery(sender.accountId, recipient);
    return { kind: 'accepted', acceptedAt, deliveryToken };
  }

  /** What an account has sent goes with it. */
  forget(account: AccountId): void {
    for (const key of this.#attempts.keys()) if (key.startsWith(`${account}.`)) this.#attempts.delete(key);
  }

  #findAttempt(key: string): AcceptedAttempt | undefined {
    const oldest = this.#parts.clock.now() - attemptTtlMs;
    for (const [oldKey, { acceptedAt }] of this.#attempts) {
      if (acceptedAt >= oldest) break;
      this.#attempts.delete(oldKey);
    }
    return this.#attempts.get(key);
  }
}

function hashContent({ recipient, bodies }: SendRequest): string {
  const spelled = bodies.map((body) => ({ ...body, ciphertext: toBase64Url(body.ciphertext) }));
  return toBase64Url(sha256(new TextEncoder().encode(canonicalJson({ recipient, bodies: spelled }))));
}

function findMismatch(
  recipient: RelayAccount,
  sender: DeviceAddress,
  bodies: readonly SendBody[],
): SendResponse | undefined {
  const expected = new Map<DeviceId, RelayDevice>(recipient.devices);
  // A device that writes to its own account does not write to itself.
  if (recipient.accountId === sender.accountId) expected.delete(sender.deviceId);
  const given = new Map(bodies.map((body) => [body.deviceId, body]));
  if (given.size !== bodies.length) throw new Refusal('invalid-request', { fields: ['bodies'] });
  const missing = ascending([...expected.keys()].filter((deviceId) => !given.has(deviceId)));
  const extra = ascending([...given.keys()].filter((deviceId) => !expected.has(deviceId)));
  const known = [...given.values()].filter(({ deviceId }) => expected.has(deviceId));
  const stale = ascending(
    known
      .filter(({ deviceId, registrationId }) => expected.get(deviceId)?.registrationId !== registrationId)
      .map(({ deviceId }) => deviceId),
  );
  if (missing.length + extra.length + stale.length === 0) return undefined;
  return { kind: 'device-mismatch', missing, extra, stale };
}

function ascending(ids: readonly DeviceId[]): DeviceId[] {
  return [...ids].sort((left, right) => left - right);
}
