/**
 * The two requests that come with every message, read by hand: a schema of the wire takes ten times as long.
 * What is not exactly as usual is left to the schema, which also says what is wrong with it; the gateway's
 * tests hold the two against one another. Knows no operation's work.
 */
import { wireLimits, type AcknowledgeRequest, type SendBody, type SendRequest } from '@sotto/sdk/wire';

type Members = Readonly<Record<string, unknown>>;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const { maxDevicesPerAccount, maxRegistrationId, maxStoreSeq } = wireLimits;
const attemptIdBytes = 16;

/** An object of just so many members. A member that is named below and is not its own is `undefined` there. */
function hasMembers(value: unknown, count: number): value is Members {
  return typeof value === 'object' && value !== null && Object.keys(value).length === count;
}

function isUuid(value: unknown): boolean {
  return typeof value === 'string' && uuidPattern.test(value);
}

function isWithin(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

/** A plain view of a Buffer's memory, so that nothing behind depends on Node's own kind of bytes. */
function readBytes(value: unknown, min: number, max: number): Uint8Array<ArrayBuffer> | undefined {
  if (!(value instanceof Uint8Array) || value.length < min || value.length > max) return undefined;
  return new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.length);
}

function readBody(value: unknown): SendBody | undefined {
  if (!hasMembers(value, 4)) return undefined;
  const { deviceId, registrationId, kind } = value;
  const ciphertext = readBytes(value['ciphertext'], 1, wireLimits.maxCiphertextBytes);
  const usual =
    isWithin(deviceId, 1, maxDevicesPerAccount) &&
    isWithin(registrationId, 1, maxRegistrationId) &&
    (kind === 'prekey' || kind === 'message') &&
    ciphertext !== undefined;
  return usual ? ({ deviceId, registrationId, kind, ciphertext } as SendBody) : undefined;
}

function readBodies(value: unknown): SendBody[] | undefined {
  if (!Array.isArray(value) || value.length < 1 || value.length > wireLimits.maxBodiesPerSend)
    return undefined;
  const bodies: SendBody[] = [];
  for (const one of value as readonly unknown[]) {
    const body = readBody(one);
    if (body === undefined || bodies.some(({ deviceId }) => deviceId === body.deviceId)) return undefined;
    bodies.push(body);
  }
  return bodies;
}

/** @returns undefined when the schema has to look at it */
export function readSend(value: unknown): SendRequest | undefined {
  if (!hasMembers(value, 5)) return undefined;
  const { recipient, reachToken, storeSeq } = value;
  const attemptId = readBytes(value['attemptId'], attemptIdBytes, attemptIdBytes);
  const bodies = readBodies(value['bodies']);
  const usual =
    isUuid(recipient) &&
    typeof reachToken === 'string' &&
    reachToken.length >= 1 &&
    reachToken.length <= wireLimits.maxTokenLength &&
    isWithin(storeSeq, 0, maxStoreSeq) &&
    attemptId !== undefined &&
    bodies !== undefined;
  return usual ? ({ attemptId, recipient, reachToken, bodies, storeSeq } as SendRequest) : undefined;
}

/** @returns undefined when the schema has to look at it */
export function readAcknowledge(value: unknown): AcknowledgeRequest | undefined {
  if (!hasMembers(value, 2)) return undefined;
  const { storeSeq } = value;
  const ids = Array.isArray(value['ids']) ? (value['ids'] as readonly unknown[]) : [];
  const usual =
    ids.length >= 1 &&
    ids.length <= wireLimits.maxAcknowledgementsPerRequest &&
    ids.every(isUuid) &&
    isWithin(storeSeq, 0, maxStoreSeq);
  return usual ? ({ ids, storeSeq } as AcknowledgeRequest) : undefined;
}
