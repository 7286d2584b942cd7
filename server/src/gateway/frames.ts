/** Reads what a client sent over the socket and spells the answer. Knows no operation's work. */
import { socketOperations, type SocketOperationName } from '@sotto/sdk/wire';
import * as z from 'zod/mini';
import { ProblemError } from '../ports.js';
import { readAcknowledge, readSend } from './usual-requests.js';

/** Sends the answer to one request; a second call does nothing. */
export type Reply = (answer: unknown) => void;

/** What a client can ask over the socket, checked. */
export type SocketRequest = {
  [Name in SocketOperationName]: {
    readonly operation: Name;
    readonly request: z.output<(typeof socketOperations)[Name]['request']>;
  };
}[SocketOperationName];

/** A frame as it came. `stray` ones have nobody to answer to. */
export type Frame =
  | { readonly kind: 'stray' }
  | {
      readonly kind: 'request';
      readonly operation: SocketOperationName;
      readonly payload: unknown;
      readonly reply: Reply;
    };

function isOperation(name: unknown): name is SocketOperationName {
  return typeof name === 'string' && Object.hasOwn(socketOperations, name);
}

/** @param event - the event's name, its arguments and, when the client waits for an answer, a function */
export function readFrame(event: readonly unknown[]): Frame {
  const operation = event[0];
  const reply = event.length > 1 ? event[event.length - 1] : undefined;
  if (!isOperation(operation) || typeof reply !== 'function') return { kind: 'stray' };
  // Anything but one argument cannot be a request; `undefined` fits no schema.
  const payload = event.length === 3 ? event[1] : undefined;
  return { kind: 'request', operation, payload, reply: reply as Reply };
}

/** At most as many paths as a problem may name, none longer than it may be. */
function fieldsOf(issues: readonly z.core.$ZodIssue[]): string[] {
  const paths = issues.map(({ path }) => path.map(String).join('.').slice(0, 128));
  return [...new Set(paths)].filter((path) => path !== '').slice(0, 16);
}

/**
 * Node's Buffers become plain views on the same memory, so that nothing behind depends on them.
 * @param parsed - what a schema made: objects and arrays of its own, which are changed in place
 */
function replaceBuffers(parsed: object): void {
  const members = parsed as Record<string, unknown>;
  for (const name of Object.keys(members)) {
    const member = members[name];
    if (member instanceof Uint8Array) {
      members[name] = new Uint8Array(member.buffer, member.byteOffset, member.length);
    } else if (typeof member === 'object' && member !== null) {
      replaceBuffers(member);
    }
  }
}

/** Checks a value against a schema. @throws ProblemError `invalid-request` with the fields that do not fit */
export function parseInput<Schema extends z.core.$ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = z.safeParse(schema, value);
  if (parsed.success) {
    if (typeof parsed.data === 'object' && parsed.data !== null) replaceBuffers(parsed.data);
    return parsed.data;
  }
  throw new ProblemError('invalid-request', { fields: fieldsOf(parsed.error.issues) });
}

/** Checks a request. @throws ProblemError `invalid-request` */
export function parseRequest(operation: SocketOperationName, payload: unknown): SocketRequest {
  if (operation !== 'resume') {
    const request = operation === 'send' ? readSend(payload) : readAcknowledge(payload);
    if (request !== undefined) return { operation, request } as SocketRequest;
  }
  const request = parseInput(socketOperations[operation].request, payload);
  return { operation, request } as SocketRequest;
}
