/** Identifiers on the wire and their spelling. Knows no operation. */
import * as z from 'zod/mini';
import { wireLimits } from './limits.js';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** An account: a random UUID in lower case, chosen by the client at registration. It is the Signal protocol's address name (an ACI). */
export const accountId = z.string().check(z.regex(uuidPattern)).brand<'AccountId'>();
/** See {@link accountId}. */
export type AccountId = z.output<typeof accountId>;

/** A device of an account: 1–127. */
export const deviceId = z
  .int()
  .check(z.minimum(1), z.maximum(wireLimits.maxDevicesPerAccount))
  .brand<'DeviceId'>();
/** See {@link deviceId}. */
export type DeviceId = z.output<typeof deviceId>;

/** Tells two lives of one device id apart: 1–16380. */
export const registrationId = z.int().check(z.minimum(1), z.maximum(wireLimits.maxRegistrationId));

/** A username: `[a-z][a-z0-9_]{2,31}`, immutable, never given to someone else. */
export const username = z
  .string()
  .check(z.regex(/^[a-z][a-z0-9_]{2,31}$/))
  .brand<'Username'>();
/** See {@link username}. */
export type Username = z.output<typeof username>;

/** An envelope in a mailbox: a UUID made by the relay. It is not authenticated: the id that counts is inside the ciphertext. */
export const envelopeId = z.string().check(z.regex(uuidPattern)).brand<'EnvelopeId'>();
/** See {@link envelopeId}. */
export type EnvelopeId = z.output<typeof envelopeId>;

/** A pre-key's id: an unsigned 32-bit number; each kind has its own space. */
export const preKeyId = z.int().check(z.minimum(0), z.maximum(0xffffffff));

/** One device of one account. */
export const deviceAddress = z.strictObject({ accountId, deviceId });
/** See {@link deviceAddress}. */
export type DeviceAddress = z.output<typeof deviceAddress>;

/** Whole milliseconds since the Unix epoch. */
export const timestampMs = z.int().check(z.minimum(0), z.maximum(8_640_000_000_000_000));
