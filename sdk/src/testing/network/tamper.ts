/** How a test turns the relay hostile or unlucky: typed hooks, all absent by default. */
import type * as z from 'zod/mini';
import type {
  DeviceAddress,
  Envelope,
  HttpOperationName,
  ProblemDocument,
  RequestOf,
  ResponseOf,
  SocketOperationName,
  socketOperations,
} from '../../wire/index.js';

/** Every operation of the relay, over HTTP and over the stream. */
export type OperationName = HttpOperationName | SocketOperationName;

/** What a client asks with an operation, decoded. */
export type OperationRequest<Name extends OperationName> = Name extends HttpOperationName
  ? RequestOf<Name>
  : Name extends SocketOperationName
    ? z.output<(typeof socketOperations)[Name]['request']>
    : never;

/** What an operation answers, decoded. */
export type OperationResponse<Name extends OperationName> = Name extends HttpOperationName
  ? ResponseOf<Name>
  : Name extends SocketOperationName
    ? z.output<(typeof socketOperations)[Name]['response']>
    : never;

/** One well-formed request on its way; `switch (call.operation)` narrows `request`. */
export type RelayCall = {
  readonly [Name in OperationName]: {
    readonly operation: Name;
    readonly request: OperationRequest<Name>;
    /** The connected device, for operations over the stream. */
    readonly device: DeviceAddress | undefined;
    /** Counts all calls of the network, from 1. */
    readonly number: number;
  };
}[OperationName];

/**
 * How a request or reply is lost: `disconnect` — the caller notices at once (and a stream is cut);
 * `silence` — nothing comes until the caller's own timeout.
 */
export type Loss = 'disconnect' | 'silence';

/** An event on its way to a device. */
export interface RelayPush {
  /** `ready`, `envelopes`, `caught-up`, `keys-low`, `goodbye`, or whatever a hostile relay says. */
  readonly name: string;
  readonly payload: unknown;
}

/** Rewrites the answers of operations, by name. What it returns must fit the wire schema; see `rawResponse`. */
export type ResponseTampering = {
  readonly [Name in OperationName]?: (
    response: OperationResponse<Name>,
    request: OperationRequest<Name>,
  ) => OperationResponse<Name>;
};

/** What a hostile or unlucky relay does. Set members of `relay.tamper`; delete them to be honest again. */
export interface RelayTamper {
  /** Holds a call up before the relay acts on it. */
  delay?: (call: RelayCall) => Promise<void> | undefined;
  /** The request never arrives; the relay does not act. */
  loseRequest?: (call: RelayCall) => Loss | undefined;
  /** Refuses instead of acting; `makeProblem` of `@sotto/sdk/wire` builds the document. */
  refuse?: (call: RelayCall) => ProblemDocument | undefined;
  /** The relay acts, then its answer is rewritten. */
  responses?: ResponseTampering;
  /** The answer as JSON (bytes as base64url) or as a stream's reply payload: may become anything. */
  rawResponse?: (encoded: unknown, call: RelayCall) => unknown;
  /** The relay acts, but its answer never arrives. */
  loseReply?: (call: RelayCall) => Loss | undefined;
  /** Refuses a connection of the stream. */
  refuseConnection?: (device: DeviceAddress) => ProblemDocument | undefined;
  /**
   * Rewrites, drops, repeats or reorders a page of envelopes before it is delivered. What is dropped
   * stays in the mailbox and comes with the next connection.
   */
  envelopes?: (page: readonly Envelope[], to: DeviceAddress) => readonly Envelope[];
  /** Replaces an event by none, one or several, of any shape. Sees pages after `envelopes` did. */
  push?: (push: RelayPush, to: DeviceAddress) => readonly RelayPush[];
}
