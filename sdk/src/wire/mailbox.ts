/** Sending and receiving envelopes: the frames of the socket. Bytes are native binary here. */
import * as z from 'zod/mini';
import { binary } from './bytes.js';
import { storeSeq } from './continuity.js';
import { accountId, deviceAddress, deviceId, envelopeId, registrationId, timestampMs } from './ids.js';
import { wireLimits } from './limits.js';
import { problemDocument } from './problems.js';

/** What a ciphertext is: a message that starts a session, or one within it. */
export const ciphertextKind = z.enum(['prekey', 'message']);
/** See {@link ciphertextKind}. */
export type CiphertextKind = z.output<typeof ciphertextKind>;

const ciphertext = binary({ min: 1, max: wireLimits.maxCiphertextBytes });

/** A token that opens the way to an account: from a resolve (introduction) or from an accepted send (delivery). Opaque. */
export const reachToken = z.string().check(z.minLength(1), z.maxLength(wireLimits.maxTokenLength));

/** One device's copy of a message. */
export const sendBody = z.strictObject({
  deviceId,
  /** The registration id the sender knows; another one at the relay means `stale`. */
  registrationId,
  kind: ciphertextKind,
  ciphertext,
});
/** See {@link sendBody}. */
export type SendBody = z.output<typeof sendBody>;

/** One attempt to send one message to all devices of one account. */
export const sendRequest = z.strictObject({
  /** 16 random bytes; the same id with the same content is accepted once however often it is sent. */
  attemptId: binary({ min: 16, max: 16 }),
  recipient: accountId,
  /** An introduction token for the first send, a delivery token after that. */
  reachToken,
  /** At most one per device. */
  bodies: z.array(sendBody).check(
    z.minLength(1),
    z.maxLength(wireLimits.maxBodiesPerSend),
    z.refine((bodies) => new Set(bodies.map((body) => body.deviceId)).size === bodies.length),
  ),
  /** How far the sending device's storage has come; no part of the attempt. A state behind it is an older one. */
  storeSeq,
});
/** See {@link sendRequest}. */
export type SendRequest = z.output<typeof sendRequest>;

const deviceIds = z.array(deviceId).check(z.maxLength(wireLimits.maxDevicesPerAccount));

/**
 * The relay's answer to a send. `accepted` means durable. `device-mismatch` consumed nothing:
 * `missing` devices had no body, `extra` ones are not in the account, `stale` ones have another
 * registration id.
 */
export const sendResponse = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('accepted'),
    acceptedAt: timestampMs,
    /** Opens the way for later sends to the same account, without another introduction. */
    deliveryToken: reachToken,
  }),
  z.strictObject({
    kind: z.literal('device-mismatch'),
    missing: deviceIds,
    extra: deviceIds,
    stale: deviceIds,
  }),
]);
/** See {@link sendResponse}. */
export type SendResponse = z.output<typeof sendResponse>;

/** An envelope on its way to a device. Only the ciphertext is authenticated, and only by its session. */
export const envelope = z.strictObject({
  id: envelopeId,
  sender: deviceAddress,
  kind: ciphertextKind,
  ciphertext,
  /** When the relay accepted it, by the relay's clock. */
  acceptedAt: timestampMs,
});
/** See {@link envelope}. */
export type Envelope = z.output<typeof envelope>;

/** Envelopes pushed to a client, oldest first. */
export const envelopePage = z.strictObject({
  envelopes: z.array(envelope).check(z.minLength(1), z.maxLength(wireLimits.maxEnvelopesPerPage)),
});
/** See {@link envelopePage}. */
export type EnvelopePage = z.output<typeof envelopePage>;

/** Envelopes that have taken effect on the device; the relay deletes them. Unknown ids are ignored. */
export const acknowledgeRequest = z.strictObject({
  ids: z.array(envelopeId).check(z.minLength(1), z.maxLength(wireLimits.maxAcknowledgementsPerRequest)),
  /** As of a {@link sendRequest}. */
  storeSeq,
});
/** See {@link acknowledgeRequest}. */
export type AcknowledgeRequest = z.output<typeof acknowledgeRequest>;

/** The handshake's `auth` member. */
export const socketHandshake = z.strictObject({
  protocol: z.literal(1),
  accessToken: z.string().check(z.minLength(1), z.maxLength(wireLimits.maxTokenLength)),
});
/** See {@link socketHandshake}. */
export type SocketHandshake = z.output<typeof socketHandshake>;

/** The first event on a connection: it is authenticated, and this is the relay's clock. */
export const socketReady = z.strictObject({ relayTime: timestampMs });
/** See {@link socketReady}. */
export type SocketReady = z.output<typeof socketReady>;

/** Why the relay is about to end a connection. `replaced`: a newer connection of the device took over; stay away. */
export const socketGoodbye = z.strictObject({
  reason: z.enum(['replaced', 'signed-out', 'draining']),
});
/** See {@link socketGoodbye}. */
export type SocketGoodbye = z.output<typeof socketGoodbye>;

/** A reply to a request made over the socket. */
export function socketReply<Response extends z.core.$ZodType>(response: Response) {
  return z.discriminatedUnion('ok', [
    z.strictObject({ ok: z.literal(true), response }),
    z.strictObject({ ok: z.literal(false), problem: problemDocument }),
  ]);
}
