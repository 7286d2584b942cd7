/** What is said over a port, in both directions. Every frame is checked by the side that hears it. */
import * as z from 'zod/mini';
import type { MessengerEventName } from '../events.js';
import { eventNames } from './event-values.js';
import { failureValue } from './failures.js';
import { connectionState, recordKey } from './values.js';

/** Both sides speak the same, or nothing. */
export const remoteVersion = 1;

/** Ours among whatever else goes over a port. */
const tag = { sotto: z.literal('remote') };
const id = z.int().check(z.minimum(1));
const name = z.enum(eventNames as [MessengerEventName, ...MessengerEventName[]]);
const version = z.int();

/** What the side without the messenger says. */
export const clientFrame = z.discriminatedUnion('type', [
  /** Begins; said again until it is answered. What an earlier client of the port left is over. */
  z.strictObject({ ...tag, type: z.literal('hello'), version, client: z.string().check(z.maxLength(64)) }),
  z.strictObject({
    ...tag,
    type: z.literal('call'),
    id,
    method: z.string().check(z.maxLength(64)),
    args: z.array(z.unknown()).check(z.maxLength(4)),
  }),
  z.strictObject({ ...tag, type: z.literal('list'), id, prefix: recordKey }),
  /** So many pairs of a list have been taken. */
  z.strictObject({ ...tag, type: z.literal('taken'), id, count: z.int().check(z.minimum(1)) }),
  z.strictObject({ ...tag, type: z.literal('stop'), id }),
  z.strictObject({ ...tag, type: z.literal('listen'), name }),
  z.strictObject({ ...tag, type: z.literal('unlisten'), name }),
  /** All listeners there have heard an event to its end. */
  z.strictObject({ ...tag, type: z.literal('heard'), id }),
  /** What is said of a backup: see `archive-frames.ts`, which is loaded when there is one. */
  z.strictObject({ ...tag, type: z.literal('archive'), id, said: z.unknown() }),
  z.strictObject({ ...tag, type: z.literal('ping') }),
  z.strictObject({ ...tag, type: z.literal('bye') }),
]);
/** See {@link clientFrame}. */
export type ClientFrame = z.output<typeof clientFrame>;

/** What the side with the messenger says. What a frame carries is checked by whoever waits for it. */
export const serverFrame = z.discriminatedUnion('type', [
  z.strictObject({
    ...tag,
    type: z.literal('welcome'),
    version,
    client: z.string().check(z.maxLength(64)),
    connection: connectionState,
  }),
  z.strictObject({ ...tag, type: z.literal('result'), id, value: z.unknown() }),
  z.strictObject({ ...tag, type: z.literal('failure'), id, failure: failureValue }),
  z.strictObject({ ...tag, type: z.literal('pair'), id, pair: z.unknown() }),
  z.strictObject({ ...tag, type: z.literal('end'), id }),
  z.strictObject({ ...tag, type: z.literal('event'), id, name, event: z.unknown() }),
  z.strictObject({ ...tag, type: z.literal('archive'), id, said: z.unknown() }),
  z.strictObject({ ...tag, type: z.literal('pong') }),
  z.strictObject({ ...tag, type: z.literal('bye') }),
]);
/** See {@link serverFrame}. */
export type ServerFrame = z.output<typeof serverFrame>;

type Untagged<Frame> = Frame extends unknown ? Omit<Frame, 'sotto'> : never;
/** A frame as it is written down here. */
export type ClientSays = Untagged<ClientFrame>;
/** See {@link ClientSays}. */
export type ServerSays = Untagged<ServerFrame>;

/** A frame ready to be posted. */
export function tagged<Frame extends ClientSays | ServerSays>(
  frame: Frame,
): Frame & { readonly sotto: 'remote' } {
  return { ...frame, sotto: 'remote' };
}
