/** What a device keeps of its own account. */
import * as z from 'zod/mini';
import { Secret } from '../secret.js';
import { defineRecord } from '../unit/index.js';
import {
  accountId,
  accountStatement,
  deviceId,
  deviceManifest,
  jsonBytes,
  registrationId,
  username,
} from '../wire/index.js';

/** Secret bytes in a record: plain in the storage (wrap the storage to encrypt it), a `Secret` in memory. */
const secretBytes = z.codec(jsonBytes({ min: 32, max: 32 }), z.instanceof(Secret), {
  decode: (bytes) => new Secret(bytes),
  encode: (secret) => secret.expose() as Uint8Array<ArrayBuffer>,
});

/** The own account. `registering` until the relay has said yes. */
export const ownAccountSchema = z.strictObject({
  state: z.enum(['registering', 'open']),
  accountId,
  username,
  deviceId,
  registrationId,
  relayId: z.string(),
  identityPrivateKey: secretBytes,
  /** Seed of the Ed25519 device auth key. */
  deviceAuthSeed: secretBytes,
  statement: accountStatement,
  manifest: deviceManifest,
  /** All 16 characters. */
  contactCode: z.string(),
  /** Whose records this storage holds: engines cannot read each other's. Absent where the only engine was libsignal. */
  engine: z.optional(z.strictObject({ name: z.string(), recordVersion: z.int() })),
});
/** See {@link ownAccountSchema}. */
export type OwnAccount = z.output<typeof ownAccountSchema>;

export const ownAccountKey = 'account/self';
/** Set while a restore writes rows: those that are there count for nothing until it is gone. */
export const restoreMarkKey = 'restore/state';
/** The account as a restore that was not completed was about to make it: an answer of the relay may be missing. */
export const restoreDraftKey = 'restore/draft';
/** The same of a reset. */
export const resetDraftKey = 'reset/draft';
export const ownAccountRecord = defineRecord(1, ownAccountSchema);

/** Tokens for the relay. */
export const credentialsSchema = z.strictObject({
  accessToken: z.string(),
  /** By this device's clock. */
  accessExpiresAt: z.number(),
  refreshToken: z.string(),
  /** Set before a refresh is asked for, so that a lost reply is repeated by the same request. */
  refreshRequestId: z.nullable(jsonBytes({ min: 16, max: 16 })),
});
/** See {@link credentialsSchema}. */
export type Credentials = z.output<typeof credentialsSchema>;

export const credentialsKey = 'account/credentials';
export const credentialsRecord = defineRecord(1, credentialsSchema);
