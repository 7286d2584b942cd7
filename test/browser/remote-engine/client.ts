/**
 * A page's side: an engine whose methods run in Node. The records stay in the page, so that whoever tests
 * with it sees every read and every change.
 */
import { io } from 'socket.io-client';
import { SottoError, type SottoErrorCode } from '../../../sdk/src/errors.js';
import type { EngineView, ProtocolEngine } from '../../../sdk/src/ports/index.js';
import {
  engineEvent,
  viewArgument,
  type About,
  type Answer,
  type Failure,
  type Reply,
  type Request,
} from './messages.js';
import { pack, unpack } from './packing.js';

/** How long an answer may take: as long as a test. */
const answerTimeoutMs = 60_000;

const socket = io({ transports: ['websocket'] });

async function post(request: Request): Promise<Reply> {
  const answer = (await socket
    .timeout(answerTimeoutMs)
    .emitWithAck(engineEvent, JSON.stringify(pack(request)))) as Answer;
  if ('failure' in answer) throw new Error(`the engine in Node: ${answer.failure}`);
  return unpack(JSON.parse(answer.text)) as Reply;
}

const noView: EngineView = {
  get: () => Promise.reject(new Error('the engine reads through a view it was not given')),
};

async function call(method: string, args: readonly unknown[]): Promise<unknown> {
  const view = args.find(isView) ?? noView;
  let viewError: unknown;
  const sent = args.map((argument) => (isView(argument) ? viewArgument : argument));
  let reply = await post({ kind: 'call', method, args: sent });
  while (reply.kind === 'get') {
    const { call: id, keys } = reply;
    const next = await view.get(keys).then(
      (values): Request => ({ kind: 'values', call: id, values }),
      (error: unknown): Request => {
        viewError = error;
        return { kind: 'view-failed', call: id };
      },
    );
    reply = await post(next);
  }
  if (reply.kind === 'result') return reply.value;
  if (reply.kind === 'about') throw new Error('a call was answered with something else');
  throw reply.kind === 'view-failure' ? viewError : errorOf(reply);
}

function isView(argument: unknown): argument is EngineView {
  return typeof argument === 'object' && argument !== null && 'get' in argument;
}

function errorOf(failure: Exclude<Failure, { kind: 'view-failure' }>): Error {
  switch (failure.kind) {
    case 'sotto-error':
      return new SottoError(failure.code as SottoErrorCode, { details: failure.details } as never);
    case 'type-error':
      return new TypeError(failure.message);
    case 'other-error':
      return new Error(`in Node: ${failure.message}`);
  }
}

/** The engine that the page's server runs. */
export async function connectEngine(): Promise<ProtocolEngine> {
  const { name, recordVersion, assurance, methods } = (await post({ kind: 'about' })) as About;
  const members = methods.map((method) => [method, (...args: readonly unknown[]) => call(method, args)]);
  return { name, recordVersion, assurance, ...Object.fromEntries(members) } as ProtocolEngine;
}
