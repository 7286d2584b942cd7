/** One right request for every operation of the wire. A new operation does not compile until it has one here. */
import {
  httpOperations,
  socketOperations,
  type HttpOperationName,
  type SocketOperationName,
} from '@sotto/sdk/wire';
import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { Device } from './device.js';
import type { World } from './world.js';

/** A request that would be accepted, or refused for its content alone. */
export interface Example {
  /** JSON on the wire. */
  readonly body: unknown;
  /**
   * Whether any other content of the same shape must be refused. False where another value is another
   * right question, such as a shorter contact code.
   */
  readonly alteredIsRefused: boolean;
}

type ExampleMaker = (world: World, subject: Device) => Promise<Example>;

function encode(name: HttpOperationName, request: unknown): unknown {
  const schema: z.core.$ZodType = httpOperations[name].request;
  return z.encode(schema, request);
}

/** Of the caller `subject`, whose account exists and has keys. */
export const httpExamples: { readonly [Name in HttpOperationName]: ExampleMaker } = {
  'relay.info': async () => ({ body: {}, alteredIsRefused: false }),
  // Of an account that exists: nothing that is altered about it can open another.
  'accounts.register': async (_, subject) => ({
    body: encode('accounts.register', subject.registration()),
    alteredIsRefused: true,
  }),
  'accounts.delete': async (world, subject) => {
    const request = await world.prove(subject, 'accounts.delete', { accountId: subject.accountId });
    return { body: encode('accounts.delete', request), alteredIsRefused: true };
  },
  'accounts.state': async (world, subject) => {
    const request = await world.proveAsIdentity(subject, 'accounts.state', { accountId: subject.accountId });
    return { body: encode('accounts.state', request), alteredIsRefused: true };
  },
  'accounts.replace-device': async (world, subject) => {
    const change = subject.replacement(subject.successor(2), (await world.stateOf(subject)).manifest);
    const request = await world.proveAsIdentity(subject, 'accounts.replace-device', change);
    return { body: encode('accounts.replace-device', request), alteredIsRefused: true };
  },
  'reset.request': async (_, { username, loginKey }) => ({
    body: encode('reset.request', { username, loginKey }),
    alteredIsRefused: true,
  }),
  // Not asked for, so that what is altered is refused like what is not.
  'reset.complete': async (world, subject) => {
    const request = subject.reset(subject.stranger(), await world.nonce());
    return { body: encode('reset.complete', request), alteredIsRefused: true };
  },
  'reset.status': async () => ({ body: {}, alteredIsRefused: false }),
  'reset.object': async (world, subject) => ({
    body: encode('reset.object', await world.prove(subject, 'reset.object', {})),
    alteredIsRefused: true,
  }),
  'auth.nonce': async () => ({ body: {}, alteredIsRefused: false }),
  'auth.login': async (world, subject) => {
    const { username, loginKey, deviceId } = subject;
    const request = await world.prove(subject, 'auth.login', { username, loginKey, deviceId });
    return { body: encode('auth.login', request), alteredIsRefused: true };
  },
  'auth.refresh': async (_, subject) => ({
    body: encode('auth.refresh', subject.refreshRequest()),
    alteredIsRefused: true,
  }),
  'auth.logout': async () => ({ body: {}, alteredIsRefused: false }),
  'contacts.resolve': async (_, subject) => {
    const code = (await subject.contactCode()).slice(0, 12);
    const request = { username: subject.username, code };
    return { body: encode('contacts.resolve', request), alteredIsRefused: false };
  },
  'keys.upload': async (world, subject) => {
    const keys = {
      signed: subject.signedPreKey(70),
      kemLastResort: subject.kemPreKey(71),
      oneTime: [subject.oneTimePreKey(72)],
      kemOneTime: [subject.kemPreKey(73)],
    };
    const request = await world.prove(subject, 'keys.upload', { keys });
    return { body: encode('keys.upload', request), alteredIsRefused: true };
  },
  'keys.status': async () => ({ body: {}, alteredIsRefused: false }),
  'keys.bundle': async (world, subject) => {
    const reachToken = await world.introduction(subject, subject);
    const request = { accountId: subject.accountId, reachToken, deviceIds: [subject.deviceId] };
    return { body: encode('keys.bundle', request), alteredIsRefused: false };
  },
};

/** Payloads from `subject` to `target`. */
export const socketExamples: {
  readonly [Name in SocketOperationName]: (world: World, subject: Device, target: Device) => Promise<unknown>;
} = {
  send: (world, subject, target) => world.sendRequest(subject, target),
  resume: async () => ({ generation: 1, storeSeq: 1, continuation: null }),
  acknowledge: async () => ({ ids: [randomUUID()], storeSeq: 1 }),
};

/** Whether a value fits an operation's schema, so that a refusal must have another reason. */
export function fits(name: HttpOperationName | SocketOperationName, body: unknown): boolean {
  const { request: schema }: { readonly request: z.core.$ZodType } =
    name in httpOperations
      ? httpOperations[name as HttpOperationName]
      : socketOperations[name as SocketOperationName];
  return z.safeDecode(schema, body).success;
}
