/** Envelopes and attempts as Redis keeps them, read and written through the scripts. Knows no rule of the mailbox. */
import type { AccountId, DeviceAddress, DeviceId, Envelope, EnvelopeId } from '@sotto/sdk/wire';
import { deviceKey, type AcceptPlan, type KnownAttempt } from '../../mailbox/accept-plan.js';
import { seqOf } from '../../mailbox/envelope-id.js';
import type { Delivery, MailboxPage, PageLimit, StoredEnvelope } from '../../mailbox/mailbox.js';
import { ProblemError } from '../../ports.js';
import type { MailboxServer, ServerLife } from './mailbox-server.js';
import * as scripts from './mailbox-scripts.js';
import { accountOfHeads, mailboxKeys } from './redis-keys.js';

const checkBytes = 6;

/** What a place is told apart by from the same place in another life of the data: random bits of the envelope's id. */
function checkOf(id: EnvelopeId): number {
  return Buffer.from(id.replaceAll('-', ''), 'hex').readUIntBE(0, checkBytes);
}

const asText = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const asBuffer = ({ buffer, byteOffset, length }: Uint8Array) => Buffer.from(buffer, byteOffset, length);

/** What is known of one device's box. */
export interface BoxState {
  readonly device: DeviceAddress;
  /** The last place that was given, or 0. */
  readonly head: number;
  readonly depth: number;
}

/** Looks at boxes, in the order of the devices. */
export function findBoxes(server: MailboxServer, devices: readonly DeviceAddress[]): Promise<BoxState[]> {
  return server.run((client) =>
    Promise.all(
      devices.map(async ({ accountId, deviceId }) => {
        const device = { accountId, deviceId };
        const [head, depth] = await Promise.all([
          client.hGet(mailboxKeys.heads(accountId), String(deviceId)),
          client.xLen(mailboxKeys.box(device)),
        ]);
        return { device, head: Number(String(head ?? 0)), depth: Number(depth) };
      }),
    ),
  );
}

/** Attempts that were accepted before. */
export async function findAttempts(
  server: MailboxServer,
  asked: readonly Pick<KnownAttempt, 'sender' | 'attemptId'>[],
): Promise<KnownAttempt[]> {
  const values = await server.run((client) =>
    Promise.all(
      asked.map(({ sender, attemptId }) => client.hGet(mailboxKeys.attempts(sender), asText(attemptId))),
    ),
  );
  return asked.flatMap(({ sender, attemptId }, index) => {
    const value = values[index];
    if (value === undefined || value === null) return [];
    const [hash = '', acceptedAt] = String(value).split(' ');
    return [
      { sender, attemptId, contentHash: Buffer.from(hash, 'base64url'), acceptedAt: Number(acceptedAt) },
    ];
  });
}

function attemptWords({ sender, attemptId, contentHash, acceptedAt }: KnownAttempt): string[] {
  const id = asText(attemptId);
  const value = `${asText(contentHash)} ${acceptedAt}`;
  return [
    ...[mailboxKeys.attempts(sender), id, value, `${deviceKey(sender)} ${id}`, String(acceptedAt)],
    ...[mailboxKeys.heads(sender.accountId), String(sender.deviceId)],
  ];
}

function envelopeWords({ to, seq, envelope }: Delivery): (string | Buffer)[] {
  const { id, sender, kind, ciphertext, acceptedAt } = envelope;
  return [
    ...[mailboxKeys.box(to), mailboxKeys.heads(to.accountId), String(to.deviceId), String(seq)],
    ...[String(checkOf(id)), id, sender.accountId, String(sender.deviceId), kind],
    ...[asBuffer(ciphertext), String(acceptedAt)],
  ];
}

/**
 * Writes a plan, all of it or nothing.
 * @param states - what the plan was made of
 * @throws ProblemError `unavailable` when something else was written since; nothing was, then
 */
export async function place(
  server: MailboxServer,
  { number }: ServerLife,
  plan: AcceptPlan,
  states: readonly BoxState[],
): Promise<void> {
  const heads = new Map(states.map(({ device, head }) => [deviceKey(device), head]));
  const guards = plan.advanced.flatMap(({ to }) => [
    ...[mailboxKeys.heads(to.accountId), String(to.deviceId), String(heads.get(deviceKey(to)) ?? 0)],
  ]);
  const words = [
    ...[mailboxKeys.life, String(number), String(plan.advanced.length), ...guards],
    ...[String(plan.attempts.length), ...plan.attempts.flatMap(attemptWords)],
    ...[String(plan.envelopes.length), ...plan.envelopes.flatMap(envelopeWords)],
  ];
  const input = { keys: [mailboxKeys.oldest, mailboxKeys.attemptTimes], arguments: words };
  const answer = await server.run((client) => scripts.placeScript.run(client, input));
  if (String(answer) === 'placed') return;
  server.forgetLife();
  throw new ProblemError('unavailable', { retryAfterMs: 100 });
}

type EntryReply = readonly [id: Buffer, fields: readonly Buffer[]];

function storedEnvelope([entryId, fields]: EntryReply): StoredEnvelope {
  const [, id, , sender, , deviceId, , kind, , ciphertext, , acceptedAt] = fields;
  return {
    seq: Number(String(entryId).split('-')[0]),
    envelope: {
      id: String(id) as EnvelopeId,
      sender: { accountId: String(sender) as AccountId, deviceId: Number(String(deviceId)) as DeviceId },
      kind: String(kind) as Envelope['kind'],
      // A copy: the client's reply is a view of everything that came with it.
      ciphertext: new Uint8Array(ciphertext as Buffer),
      acceptedAt: Number(String(acceptedAt)),
    },
  };
}

/** The oldest envelopes after a place. */
export async function readPage(
  server: MailboxServer,
  device: DeviceAddress,
  { afterSeq, acceptedFromMs }: { readonly afterSeq: number; readonly acceptedFromMs: number },
  { maxEnvelopes, maxBytes }: PageLimit,
): Promise<MailboxPage> {
  const words = [afterSeq, maxEnvelopes, maxBytes, acceptedFromMs].map(String);
  const input = { keys: [mailboxKeys.box(device)], arguments: words };
  const reply = await server.run((client) => scripts.pageScript.run(client, input));
  const [more, ...entries] = reply as readonly [number, ...EntryReply[]];
  return { envelopes: entries.map(storedEnvelope), more: more === 1 };
}

/** How many envelopes wait for a device. */
export async function countEntries(server: MailboxServer, device: DeviceAddress): Promise<number> {
  return Number(await server.run((client) => client.xLen(mailboxKeys.box(device))));
}

/** Deletes envelopes by id; those that are not there are ignored. */
export async function deleteEntries(
  server: MailboxServer,
  device: DeviceAddress,
  ids: readonly EnvelopeId[],
): Promise<void> {
  if (ids.length === 0) return;
  const entries = ids.map((id) => `${seqOf(id)}-${checkOf(id)}`);
  await server.run((client) => client.xDel(mailboxKeys.box(device), entries));
}

/** One step of a sweep. */
export type SweepStep = (
  server: MailboxServer,
  beforeMs: number,
  most: number,
) => Promise<{ readonly deleted: number; readonly finished: boolean }>;

function sweepStep(script: typeof scripts.sweepBoxesScript, key: string, ...more: string[]): SweepStep {
  return async (server, beforeMs, most) => {
    const input = { keys: [key], arguments: [String(beforeMs), String(most), ...more] };
    const [deleted, finished] = (await server.run((client) => script.run(client, input))) as number[];
    return { deleted: deleted ?? 0, finished: finished === 1 };
  };
}

/** Deletes envelopes accepted before a time. */
export const sweepBoxes = sweepStep(scripts.sweepBoxesScript, mailboxKeys.oldest);
/** Forgets attempts accepted before a time. */
export const sweepAttempts = sweepStep(
  scripts.sweepAttemptsScript,
  mailboxKeys.attemptTimes,
  mailboxKeys.attemptsPrefix,
);

/** Some devices of which something is kept. `next` is where to go on, and `0` after the last. */
export async function scanDevices(server: MailboxServer, cursor: string, most: number) {
  return server.run(async (client) => {
    const { cursor: next, keys } = await client.scan(cursor, { MATCH: mailboxKeys.allHeads, COUNT: most });
    const found = await Promise.all(
      keys.map(async (key) => {
        const accountId = accountOfHeads(String(key));
        const ids = await client.hKeys(key);
        return ids.map((id): DeviceAddress => ({ accountId, deviceId: Number(String(id)) as DeviceId }));
      }),
    );
    return { devices: found.flat(), next: String(next) };
  });
}

/** Deletes all that is kept of a device. */
export async function forget(server: MailboxServer, device: DeviceAddress): Promise<void> {
  const { accountId, deviceId } = device;
  const input = {
    keys: [mailboxKeys.oldest, mailboxKeys.attemptTimes],
    arguments: [
      ...[mailboxKeys.box(device), mailboxKeys.attempts(device), mailboxKeys.heads(accountId)],
      ...[String(deviceId), deviceKey(device)],
    ],
  };
  await server.run((client) => scripts.forgetScript.run(client, input));
}

/** Gives a device's box and its last place to another device of the account. */
export async function handOver(server: MailboxServer, from: DeviceAddress, to: DeviceAddress): Promise<void> {
  const input = {
    keys: [mailboxKeys.oldest],
    arguments: [
      ...[mailboxKeys.box(from), mailboxKeys.box(to), mailboxKeys.heads(from.accountId)],
      ...[String(from.deviceId), String(to.deviceId)],
    ],
  };
  await server.run((client) => scripts.handOverScript.run(client, input));
}
