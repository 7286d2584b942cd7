/** Envelopes that wait until the user accepts a changed identity key: raw, in order, capped per account. */
import * as z from 'zod/mini';
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import { defineRecord, type Unit } from '../unit/index.js';
import {
  accountId,
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
  }),
);

/** A waiting envelope and where it lies. */
export interface Quarantined {
  readonly key: string;
  readonly envelope: Envelope;
}

export const quarantinePrefix = 'quarantine/';

function prefixOf(account: AccountId): string {
  return `${quarantinePrefix}${account}/`;
}

/** The account of which something waits under a key. */
export function quarantinedAccount(key: string): AccountId {
  return accountId.parse(key.slice(quarantinePrefix.length).split('/')[0]);
}

/** Stages an envelope. @throws SottoError `limit-exceeded` while 256 of the account wait */
export async function quarantine(unit: Unit, envelope: Envelope): Promise<void> {
  const prefix = prefixOf(envelope.sender.accountId);
  const waiting = await unit.list(prefix);
  if (waiting.length >= limits.maxQuarantinedPerAccount) {
    throw new SottoError('limit-exceeded', { details: { limit: 'maxQuarantinedPerAccount' } });
  }
  const orders = waiting.map(({ value }) => quarantineRecord.decode(value).order);
  const order = Math.max(-1, ...orders) + 1;
  unit.write(prefix + envelope.id, quarantineRecord, {
    ...envelope,
    ciphertext: envelope.ciphertext,
    order,
  });
}

/** What waits of an account, in the order it came. */
export async function listQuarantine(unit: Unit, account: AccountId): Promise<Quarantined[]> {
  const entries = (await unit.list(prefixOf(account))).map(({ key, value }) => {
    const { order, ...envelope } = quarantineRecord.decode(value);
    return { key, envelope, order };
  });
  return entries.sort((left, right) => left.order - right.order);
}
