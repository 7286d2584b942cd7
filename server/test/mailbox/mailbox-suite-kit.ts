/** What the cases of the mailbox suite share: a scene of three mailboxes and ways to fill and read them. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AccountId, DeviceAddress, DeviceId, SendBody, SendRequest } from '@sotto/sdk/wire';
import { expect } from 'vitest';
import type { MailboxLimits } from '../../src/mailbox/limits.js';
import type { Mailbox, PageLimit, StoredEnvelope } from '../../src/mailbox/mailbox.js';

/** A store on a database of its own. */
export interface MailboxUnderTest {
  /** Another mailbox over the same data, as another process would open it. */
  open(limits?: Partial<MailboxLimits>): Mailbox;
  /** Registers a device, and its account when that is new. */
  addDevice(device: DeviceAddress, registrationId: number): Promise<void>;
  removeDevice(device: DeviceAddress): Promise<void>;
  deleteAccount(accountId: AccountId): Promise<void>;
  /** How many rows of any kind the mailbox holds. */
  countRows(): Promise<number>;
  close(): Promise<void>;
}

export const now = 1_800_000_000_000;
export const dayMs = 86_400_000;
export const wholePage = { maxEnvelopes: 1000, maxBytes: 64 * 1024 * 1024 } satisfies PageLimit;

export const newAccount = () => randomUUID() as AccountId;
export const deviceOf = (accountId: AccountId, deviceId = 1): DeviceAddress => ({
  accountId,
  deviceId: deviceId as DeviceId,
});
export const bytes = (length: number) => new Uint8Array(randomBytes(length));

export function body(deviceId: number, overrides: Partial<SendBody> = {}): SendBody {
  return {
    deviceId: deviceId as DeviceId,
    registrationId: 100 + deviceId,
    kind: 'message',
    ciphertext: bytes(64),
    ...overrides,
  };
}

export function send(recipient: AccountId, bodies: SendBody[] = [body(1)]): SendRequest {
  return { attemptId: bytes(16), recipient, reachToken: 'unused', storeSeq: 0, bodies };
}

export async function drain(
  mailbox: Mailbox,
  device: DeviceAddress,
  limit = wholePage,
): Promise<StoredEnvelope[]> {
  const all: StoredEnvelope[] = [];
  for (let reads = 0; reads < 10_000; reads += 1) {
    const page = await mailbox.page(device, all.at(-1)?.seq ?? 0, limit, now);
    all.push(...page.envelopes);
    if (!page.more) return all;
  }
  throw new Error('the mailbox never ends');
}

export const problem = (code: string) => expect.objectContaining({ name: 'ProblemError', code });

/** A store, and three fresh accounts with one device each. */
export interface Scene {
  readonly store: MailboxUnderTest;
  readonly mailbox: Mailbox;
  readonly sender: DeviceAddress;
  readonly recipient: AccountId;
  /** The recipient's device. */
  readonly inbox: DeviceAddress;
  /** A new account with devices, registered under 100 and their number. */
  registered(this: void, deviceIds?: readonly number[]): Promise<AccountId>;
  /** A page of `inbox`, as places. */
  look(this: void, afterSeq: number, limit: PageLimit): Promise<{ seqs: number[]; more: boolean }>;
}

/** Defines one case, which gets a fresh scene. */
export type SceneTest = (title: string, run: (scene: Scene) => Promise<void>) => void;

/** Sets a scene. */
export async function makeScene(store: MailboxUnderTest, mailbox: Mailbox): Promise<Scene> {
  const registered = async (deviceIds: readonly number[] = [1]) => {
    const accountId = newAccount();
    for (const id of deviceIds) await store.addDevice(deviceOf(accountId, id), 100 + id);
    return accountId;
  };
  const sender = deviceOf(await registered());
  const recipient = await registered();
  const inbox = deviceOf(recipient);
  const look = async (afterSeq: number, limit: PageLimit) => {
    const { envelopes, more } = await mailbox.page(inbox, afterSeq, limit, now);
    return { seqs: envelopes.map(({ seq }) => seq), more };
  };
  return { store, mailbox, sender, recipient, inbox, registered, look };
}
