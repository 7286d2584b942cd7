/**
 * Envelopes that wait until the user accepts a changed identity key, as records: raw, in order, capped
 * per account, for seven days. Letting them go is `quarantine-keeper.ts`.
 */
import * as z from 'zod/mini';
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

const quarantineRecord = defineRecord(
  1,
  z.strictObject({
    order: z.int().check(z.minimum(0)),
    id: envelopeId,
    sender: deviceAddress,
    kind: ciphertextKind,
    ciphertext: jsonBytes({ min: 1, max: wireLimits.maxCiphertextBytes }),
    acceptedAt: timestampMs,
    /** When it began to wait, by this device's clock. */
    quarantinedAt: timestampMs,
  }),
);

/** A waiting envelope and where it lies. */
export interface Quarantined {
  readonly key: string;
  readonly envelope: Envelope;
  /** When it has waited long enough, by this device's clock. */
  readonly expiresAt: number;
}

const quarantinePrefix = 'quarantine/';

function prefixOf(account: AccountId): string {
  return `${quarantinePrefix}${account}/`;
}

/** Stages an envelope. @throws SottoError `limit-exceeded` while 256 of the account wait */
export async function quarantine(unit: Unit, envelope: Envelope, now: number): Promise<void> {
  const prefix = prefixOf(envelope.sender.accountId);
  const waiting = (await unit.list(prefix)).map(({ value }) => quarantineRecord.decode(value));
  const fresh = waiting.filter(({ quarantinedAt }) => now < quarantinedAt + limits.quarantineTtlMs);
  if (fresh.length >= limits.maxQuarantinedPerAccount) {
    throw new SottoError('limit-exceeded', { details: { limit: 'maxQuarantinedPerAccount' } });
  }
  const order = Math.max(-1, ...waiting.map((entry) => entry.order)) + 1;
  unit.write(prefix + envelope.id, quarantineRecord, { ...envelope, order, quarantinedAt: now });
}

/** What waits, of one account or of all: of each account in the order it came. */
export async function listQuarantine(unit: Unit, account?: AccountId): Promise<Quarantined[]> {
  const stored = await unit.list(account === undefined ? quarantinePrefix : prefixOf(account));
  const entries = stored.map(({ key, value }) => {
    const { order, quarantinedAt, ...envelope } = quarantineRecord.decode(value);
    return { key, envelope, order, expiresAt: quarantinedAt + limits.quarantineTtlMs };
  });
  return entries.sort((left, right) => left.order - right.order);
}
