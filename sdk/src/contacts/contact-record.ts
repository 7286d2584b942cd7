/** What a device keeps of another account: its pin, its devices, and how far it is trusted. */
import * as z from 'zod/mini';
import { defineRecord, type Unit } from '../unit/index.js';
import {
  accountId,
  accountStatement,
  deviceId,
  deviceManifest,
  timestampMs,
  type AccountId,
  type DeviceAddress,
  type ManifestDevice,
  type Username,
} from '../wire/index.js';

/** How the user stands to an account. */
export const contactRelation = z.enum(['accepted', 'request', 'blocked']);
/** How the user stands to an account. */
export type ContactRelation = z.output<typeof contactRelation>;

/** How far the pinned key has been checked. */
export const pinStrength = z.enum(['unverified', 'code-checked', 'verified']);
/** How far the pinned key has been checked. */
export type PinStrength = z.output<typeof pinStrength>;

/** What refused messages have cost since a moment, in steps of a ratchet's chain. */
export const refusedWork = z.strictObject({ since: timestampMs, steps: z.int().check(z.minimum(0)) });
/** See {@link refusedWork}. */
export type RefusedWork = z.output<typeof refusedWork>;

export const contactSchema = z.strictObject({
  /** Signed by the pinned identity key, which is inside. */
  statement: accountStatement,
  /** The highest manifest seen, signed by the pinned key. */
  manifest: deviceManifest,
  relation: contactRelation,
  strength: pinStrength,
  /** Another identity key the account has shown; set until the user accepts it. */
  changedTo: z.nullable(accountStatement.shape.identityKey),
  /**
   * The user has accepted the key that envelopes in quarantine came under: they take effect before
   * anything newer does. Absent where nothing waits for that.
   */
  draining: z.optional(z.literal(true)),
  /** Opens the way to the account at the relay. */
  reachToken: z.nullable(z.string()),
  /** The account has answered us, so it knows who we are. */
  heard: z.boolean(),
  addedAt: z.number(),
  /** New sessions that were begun because a message could not be decrypted, by device. Absent where never. */
  renewals: z.optional(
    z.array(
      z.strictObject({
        deviceId,
        /** When the last of them was begun. */
        at: timestampMs,
        /** When the first of those was that count together. The last one, when absent. */
        since: z.optional(timestampMs),
        /** How many these are. One, when absent. */
        count: z.optional(z.int().check(z.minimum(0))),
        /** How often we have asked since the last of them for a message to be sent again. */
        requests: z.optional(z.int().check(z.minimum(0))),
      }),
    ),
  ),
  /** When we last sent messages again that a device had asked for: those of an hour. Absent where never. */
  resends: z.optional(z.array(z.strictObject({ deviceId, at: timestampMs }))),
  /** What its refused messages have cost since a moment. Absent where nothing. */
  refusedWork: z.optional(refusedWork),
});
/** A stored contact. */
export type ContactEntry = z.output<typeof contactSchema>;

export const contactRecord = defineRecord(1, contactSchema);
export const contactPrefix = 'contact/';

/** All stored contacts inside a unit, requests and blocked ones included. */
export async function contactEntries(unit: Unit): Promise<ContactEntry[]> {
  return (await unit.list(contactPrefix)).map(({ value }) => contactRecord.decode(value));
}

/** Where a contact lies. */
export function contactKey(account: AccountId): string {
  return contactPrefix + account;
}

export const contactNamePrefix = 'contact-name/';

/** The index from name to account: a name never moves to another account. */
export function contactNameKey(username: Username): string {
  return contactNamePrefix + username;
}

export const contactNameRecord = defineRecord(1, z.strictObject({ accountId }));

/** Trust as the user sees it; `changed` blocks sending until accepted. */
export type ContactTrust = PinStrength | 'changed';

/** A contact as an application sees it. */
export interface Contact {
  readonly accountId: AccountId;
  readonly username: Username;
  readonly relation: ContactRelation;
  readonly trust: ContactTrust;
  /** The pinned key, 33 bytes. */
  readonly identityKey: Uint8Array;
  /** Milliseconds since the Unix epoch. */
  readonly addedAt: number;
}

/** The public view of a stored contact. */
export function contactView(entry: ContactEntry): Contact {
  return {
    accountId: entry.statement.accountId,
    username: entry.statement.username,
    relation: entry.relation,
    trust: entry.changedTo ? 'changed' : entry.strength,
    identityKey: entry.statement.identityKey.slice(),
    addedAt: entry.addedAt,
  };
}

/** The devices of a contact, each with its address. */
export function contactDevices(entry: ContactEntry): { address: DeviceAddress; device: ManifestDevice }[] {
  const { accountId } = entry.statement;
  return entry.manifest.devices.map((device) => ({
    address: { accountId, deviceId: device.deviceId },
    device,
  }));
}
