/**
 * Decides what a batch of sends does to the mailboxes: a pure function of what the store found.
 * Knows no SQL.
 */
import type { AccountId, DeviceAddress, DeviceId, SendRequest } from '@sotto/sdk/wire';
import { ProblemError } from '../ports.js';
import { contentHash } from './content-hash.js';
import { compareDevices } from './device-set.js';
import { makeEnvelopeId } from './envelope-id.js';
import type { AcceptOutcome, Delivery } from './mailbox.js';
import type { BatchAnswer } from './micro-batch.js';

/** One send that waits to be accepted. */
export interface PendingSend {
  readonly sender: DeviceAddress;
  readonly request: SendRequest;
  /** 32 bytes. */
  readonly contentHash: Uint8Array;
  readonly now: number;
}

/** A recipient's device, its row locked. */
export interface LockedDevice {
  readonly accountId: AccountId;
  readonly deviceId: DeviceId;
  readonly registrationId: number;
  readonly lastSeq: number;
  /** Envelopes that wait for it; may be too high as long as it stays below the quota. */
  readonly depth: number;
}

/** An attempt that was accepted before. */
export interface KnownAttempt {
  readonly sender: DeviceAddress;
  readonly attemptId: Uint8Array;
  readonly contentHash: Uint8Array;
  readonly acceptedAt: number;
}

/** What the store found, after it locked the recipients' devices. */
export interface BatchFacts {
  /** Every device of every recipient. */
  readonly devices: readonly LockedDevice[];
  readonly attempts: readonly KnownAttempt[];
  /** Keys ({@link deviceKey}) of the sending devices that do not exist. */
  readonly strangers: ReadonlySet<string>;
  readonly maxEnvelopesPerMailbox: number;
  /** A new random UUID. */
  readonly newRandomId: () => string;
}

/** How far a device's storage has come. */
export interface DeviceProgress {
  readonly device: DeviceAddress;
  readonly storeSeq: number;
}

/** What to write, and what to answer, in the order of the sends. */
export interface AcceptPlan {
  readonly answers: readonly BatchAnswer<AcceptOutcome>[];
  /** Rows to insert. */
  readonly envelopes: readonly Delivery[];
  readonly attempts: readonly KnownAttempt[];
  /** How far the senders have come, each device once. */
  readonly progress: readonly DeviceProgress[];
  /** The new `lastSeq` of every device that got something. */
  readonly advanced: readonly { readonly to: DeviceAddress; readonly lastSeq: number }[];
}

/** One text per device, for maps. */
export function deviceKey({ accountId, deviceId }: DeviceAddress): string {
  return `${accountId}.${deviceId}`;
}

/** One text per attempt, for maps. */
function attemptKey(sender: DeviceAddress, attemptId: Uint8Array): string {
  const { buffer, byteOffset, length } = attemptId;
  return `${deviceKey(sender)}.${Buffer.from(buffer, byteOffset, length).toString('latin1')}`;
}

/** Each device once, with the highest it came to. */
export function highestProgress(progress: readonly DeviceProgress[]): DeviceProgress[] {
  const highest = new Map<string, DeviceProgress>();
  for (const one of progress) {
    const key = deviceKey(one.device);
    if ((highest.get(key)?.storeSeq ?? -1) < one.storeSeq) highest.set(key, one);
  }
  return [...highest.values()];
}

/**
 * A send that is about to wait.
 * @throws ProblemError `invalid-request` when a device has two bodies
 */
export function pendingSend(sender: DeviceAddress, request: SendRequest, now: number): PendingSend {
  const { bodies } = request;
  if (bodies.length > 1 && new Set(bodies.map(({ deviceId }) => deviceId)).size < bodies.length) {
    throw new ProblemError('invalid-request', { fields: ['bodies'] });
  }
  return { sender, request, contentHash: contentHash(request), now };
}

/**
 * When a request was accepted before, if it was.
 * @throws ProblemError `idempotency-conflict` when that was another one under the same attempt id
 */
export function acceptedAtOf(attempt: KnownAttempt | undefined, request: SendRequest): number | undefined {
  if (attempt === undefined) return undefined;
  if (!sameContent(attempt.contentHash, contentHash(request))) throw new ProblemError('idempotency-conflict');
  return attempt.acceptedAt;
}

/** Whether two requests carry the same content. */
function sameContent(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

interface MailboxState {
  readonly device: LockedDevice;
  lastSeq: number;
  depth: number;
}

function groupByAccount(devices: readonly LockedDevice[]): Map<AccountId, MailboxState[]> {
  const accounts = new Map<AccountId, MailboxState[]>();
  for (const device of devices) {
    const state = { device, lastSeq: device.lastSeq, depth: device.depth };
    const states = accounts.get(device.accountId);
    if (states) states.push(state);
    else accounts.set(device.accountId, [state]);
  }
  return accounts;
}

class BatchPlanner {
  readonly #facts: BatchFacts;
  readonly #accounts: Map<AccountId, MailboxState[]>;
  readonly #known: Map<string, KnownAttempt>;
  readonly envelopes: Delivery[] = [];
  readonly attempts: KnownAttempt[] = [];
  readonly progress: DeviceProgress[] = [];

  constructor(facts: BatchFacts) {
    this.#facts = facts;
    this.#accounts = groupByAccount(facts.devices);
    this.#known = new Map(
      facts.attempts.map((attempt) => [attemptKey(attempt.sender, attempt.attemptId), attempt]),
    );
  }

  get advanced() {
    const states = [...this.#accounts.values()].flat();
    return states
      .filter(({ device, lastSeq }) => lastSeq > device.lastSeq)
      .map(({ device: { accountId, deviceId }, lastSeq }) => ({ to: { accountId, deviceId }, lastSeq }));
  }

  /** Throws a ProblemError to refuse one send. */
  decide(send: PendingSend): AcceptOutcome {
    const key = attemptKey(send.sender, send.request.attemptId);
    const earlier = this.#known.get(key);
    if (earlier) return repeatedOutcome(send, earlier);
    const { strangers } = this.#facts;
    if (strangers.size > 0 && strangers.has(deviceKey(send.sender))) throw new ProblemError('unauthorized');
    // Also where it is refused: its ciphertexts were seen.
    this.progress.push({ device: send.sender, storeSeq: send.request.storeSeq });
    const mailboxes = this.#mailboxesFor(send);
    const mismatch = compareDevices(
      send.request.bodies,
      mailboxes.map(({ device }) => device),
    );
    if (mismatch) return { kind: 'device-mismatch', ...mismatch };
    const { maxEnvelopesPerMailbox } = this.#facts;
    if (mailboxes.some(({ depth }) => depth >= maxEnvelopesPerMailbox))
      throw new ProblemError('mailbox-full');
    return this.#place(send, mailboxes, key);
  }

  /** All devices of the recipient, without the sending one. */
  #mailboxesFor({ sender, request }: PendingSend): readonly MailboxState[] {
    const mailboxes = this.#accounts.get(request.recipient);
    // The same answer as for a token that opens nothing: whether an account exists is not said.
    if (mailboxes === undefined) throw new ProblemError('introduction-required');
    return request.recipient === sender.accountId
      ? mailboxes.filter(({ device }) => device.deviceId !== sender.deviceId)
      : mailboxes;
  }

  #place(send: PendingSend, mailboxes: readonly MailboxState[], key: string): AcceptOutcome {
    const { sender, request, contentHash, now } = send;
    const delivered = mailboxes.map((mailbox) => {
      const { accountId, deviceId } = mailbox.device;
      // A handful of devices at most have a body each: looking through them is cheaper than a map of them.
      const body = request.bodies.find((one) => one.deviceId === deviceId);
      const { kind, ciphertext } = body as SendRequest['bodies'][number];
      mailbox.lastSeq += 1;
      mailbox.depth += 1;
      const id = makeEnvelopeId(this.#facts.newRandomId(), mailbox.lastSeq);
      const envelope = { id, sender, kind, ciphertext, acceptedAt: now };
      return { to: { accountId, deviceId }, seq: mailbox.lastSeq, envelope };
    });
    this.envelopes.push(...delivered);
    const attempt = { sender, attemptId: request.attemptId, contentHash, acceptedAt: now };
    this.attempts.push(attempt);
    this.#known.set(key, attempt);
    return { kind: 'accepted', acceptedAt: now, repeated: false, delivered };
  }
}

function repeatedOutcome(send: PendingSend, earlier: KnownAttempt): AcceptOutcome {
  if (!sameContent(earlier.contentHash, send.contentHash)) throw new ProblemError('idempotency-conflict');
  return { kind: 'accepted', acceptedAt: earlier.acceptedAt, repeated: true, delivered: [] };
}

/** Answers every send of a batch, as if one came after the other, and says what to write. */
export function planAccepts(sends: readonly PendingSend[], facts: BatchFacts): AcceptPlan {
  const planner = new BatchPlanner(facts);
  const answers = sends.map((send): BatchAnswer<AcceptOutcome> => {
    try {
      return { result: planner.decide(send) };
    } catch (error) {
      if (error instanceof ProblemError) return { refused: error };
      throw error;
    }
  });
  const { envelopes, attempts, advanced } = planner;
  return { answers, envelopes, attempts, advanced, progress: highestProgress(planner.progress) };
}
