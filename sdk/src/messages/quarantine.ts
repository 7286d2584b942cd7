/**
 * Envelopes that are set aside, as records: raw, in order, capped, for seven days. In quarantine they wait, per
 * account, until the user accepts a changed identity key (`quarantine-keeper.ts`); deferred ones until there is
 * work to spare for them (`deferred-keeper.ts`).
 */
import * as z from 'zod/mini';
import { equalBytes } from '../bytes.js';
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import { defineRecord, type Unit } from '../unit/index.js';
import {
  ciphertextKind,
  deviceAddress,
  envelopeId,
  jsonBytes,
  timestampMs,
  wireLimits,
  type AccountId,
  type Envelope,
} from '../wire/index.js';

const placeShape = {
  order: z.int().check(z.minimum(0)),
  /** When it began to wait, by this device's clock. */
  quarantinedAt: timestampMs,
};
const quarantineRecord = defineRecord(
  1,
  z.strictObject({
    ...placeShape,
    id: envelopeId,
    sender: deviceAddress,
    kind: ciphertextKind,
    ciphertext: jsonBytes({ min: 1, max: wireLimits.maxCiphertextBytes }),
    acceptedAt: timestampMs,
  }),
);

/** What of a record says its place and its age: of hundreds no more is read for each that comes. */
const placeRecord = defineRecord(1, z.object(placeShape));

/** A waiting envelope and where it lies. */
export interface Quarantined {
  readonly key: string;
  readonly envelope: Envelope;
  /** When it has waited long enough, by this device's clock. */
  readonly expiresAt: number;
}

const quarantinePrefix = 'quarantine/';

const deferredPrefix = 'deferred/';
/** Where envelopes of all who are no contacts wait together. */
const strangers = 'strangers';

function prefixOf(account: AccountId): string {
  return `${quarantinePrefix}${account}/`;
}

/**
 * Stages an envelope.
 * @throws SottoError `limit-exceeded` while 256 of the account wait, `envelope-id-reused` where another one waits under its id
 */
export function quarantine(unit: Unit, envelope: Envelope, now: number): Promise<void> {
  return setAside(unit, prefixOf(envelope.sender.accountId), 'maxQuarantinedPerAccount', envelope, now);
}

/**
 * Stages an envelope that costs too much now.
 * @throws SottoError `limit-exceeded` while 256 like it wait, `envelope-id-reused` where another one waits under its id
 */
export function defer(unit: Unit, envelope: Envelope, isContact: boolean, now: number): Promise<void> {
  const sender = isContact ? envelope.sender.accountId : strangers;
  return setAside(unit, `${deferredPrefix}${sender}/`, 'maxDeferredPerSender', envelope, now);
}

/** Whether this very envelope waits already, wherever. */
export async function isSetAside(unit: Unit, { id, sender, ciphertext }: Envelope): Promise<boolean> {
  const { accountId } = sender;
  const places = [prefixOf(accountId), `${deferredPrefix}${accountId}/`, `${deferredPrefix}${strangers}/`];
  for (const place of places) {
    const waiting = await unit.read(place + id, quarantineRecord);
    if (waiting && equalBytes(waiting.ciphertext, ciphertext)) return true;
  }
  return false;
}

/** Whether an envelope lies among the deferred ones. */
export function isDeferredKey(key: string | undefined): boolean {
  return key?.startsWith(deferredPrefix) ?? false;
}

async function setAside(
  unit: Unit,
  prefix: string,
  limit: 'maxQuarantinedPerAccount' | 'maxDeferredPerSender',
  envelope: Envelope,
  now: number,
): Promise<void> {
  const key = prefix + envelope.id;
  const stored = await unit.list(prefix);
  if (stored.some((entry) => entry.key === key)) throw new SottoError('envelope-id-reused');
  const waiting = stored.map(({ value }) => placeRecord.decode(value));
  const fresh = waiting.filter(({ quarantinedAt }) => now < quarantinedAt + limits.quarantineTtlMs);
  // What is too old goes with the next sweep, or stays where the own clock alone says that it is: then as many again.
  const isFull = fresh.length >= limits[limit] || waiting.length >= 2 * limits[limit];
  if (isFull) throw new SottoError('limit-exceeded', { details: { limit } });
  const order = Math.max(-1, ...waiting.map((entry) => entry.order)) + 1;
  unit.write(key, quarantineRecord, { ...envelope, order, quarantinedAt: now });
}

/** What waits for a user's word, of one account or of all: of each account in the order it came. */
export function listQuarantine(unit: Unit, account?: AccountId): Promise<Quarantined[]> {
  return listAside(unit, account === undefined ? quarantinePrefix : prefixOf(account));
}

/** What waits for work to spare, of each sender in the order it came. */
export function listDeferred(unit: Unit): Promise<Quarantined[]> {
  return listAside(unit, deferredPrefix);
}

async function listAside(unit: Unit, prefix: string): Promise<Quarantined[]> {
  const stored = await unit.list(prefix);
  const entries = stored.map(({ key, value }) => {
    const { order, quarantinedAt, ...envelope } = quarantineRecord.decode(value);
    return { key, envelope, order, expiresAt: quarantinedAt + limits.quarantineTtlMs };
  });
  return entries.sort((left, right) => left.order - right.order);
}
